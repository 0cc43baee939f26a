"""What people do in the stories, in the words they would use."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace
from sandbox.world import World

# How long a step may be at work when a story is over and the next one is to find the desk empty.
_SETTLES_SECONDS = 2
# How long a change of a role may take that follows from Slack's user groups.
_BECOMES_SECONDS = 15
# How often somebody presses Submit again when told to.
_PATIENCE = 40

LABELS = {
    "description": "Description",
    "urgency": "How urgent is it for you?",
    "confidential": "Who may see it",
}
LETS_IN = {
    "guests": "Guests of this workspace",
    "strangers": "People of other workspaces",
    "moderators": "User group of moderators",
}


async def opens_ticket(person: Person, title: str, **fields: Any) -> str:
    """Type `/ticket`, fill in the form, send it; returns the number on the receipt."""
    await person.types(f"/ticket {title}")
    for field, value in fields.items():
        await person.fills(LABELS[field], value)
    await person.submits()
    number = receipt_of(person)
    await person.closes()
    return number


async def opens_ticket_at_last(person: Person, title: str) -> str:
    """As `opens_ticket`, on a desk with so much to do that it may ask to press Submit again."""
    await person.types(f"/ticket {title}")
    for _ in range(_PATIENCE):
        await person.submits()
        if person.modal is None or "Press Submit again" not in str(person.modal.errors):
            break
    number = receipt_of(person)
    await person.closes()
    return number


def receipt_of(person: Person) -> str:
    """The number on the receipt that a person has before them."""
    modal = person.modal
    assert modal, person.alerts
    assert not modal.errors, modal.errors
    assert modal.title.startswith("Ticket T-"), modal.says
    return modal.title.removeprefix("Ticket ")


async def opens_team(slack: Workspace, admin: Person) -> None:
    """Type `/ticket admin` and wait until the form, or the reason why not, is there."""
    await admin.types("/ticket admin")
    await slack.until(
        lambda: admin.modal and "One moment" not in admin.modal.says,
        waiting_for=f"the form for {admin.handle}",
    )


async def gives(
    slack: Workspace, admin: Person, person: Person, *, role: str, skills: list[str]
) -> None:
    """Open `/ticket admin`, pick the person, give them a role and skills, save."""
    await opens_team(slack, admin)
    await admin.fills("Person", person.id)
    await admin.fills("Role", role)
    await admin.fills("Skills", skills)
    await admin.submits()
    assert admin.modal, admin.alerts
    assert not admin.modal.errors, admin.modal.errors
    await admin.closes()


async def opens_list(world: World, admin: Person, name: str) -> None:
    """Open `/ticket admin` and, from there, the form of that name."""
    await opens_team(world.slack, admin)
    assert admin.modal
    await admin.clicks(admin.modal, name)
    await world.slack.until(
        lambda: admin.modal and admin.modal.title == name, waiting_for=f"the form {name}"
    )


async def saves(admin: Person) -> str:
    """Send the form, and read what it says then; everything is closed afterwards."""
    await admin.submits()
    assert admin.modal, admin.alerts
    assert not admin.modal.errors, admin.modal.errors
    says = admin.modal.says
    while admin.modal:
        await admin.closes()
    return says


async def lets_in(world: World, admin: Person, **chosen: str) -> str:
    """Choose in the form about guests and groups, save it, and read what it says then."""
    await opens_list(world, admin, "Guests and groups")
    await world.slack.until(
        lambda: admin.modal and "One moment" not in admin.modal.says, waiting_for="the groups"
    )
    for name, choice in chosen.items():
        await admin.fills(LETS_IN[name], choice)
    return await saves(admin)


async def becomes(world: World, person: Person, role: str) -> None:
    """Wait until that is the role that is stored of them."""
    members = world.database.members
    async with asyncio.timeout(_BECOMES_SECONDS), await members.watch() as changes:
        while not await members.find_one({"slack_id": person.id, "role": role}):
            await changes.next()


async def leases_end(world: World) -> None:
    """As if the half minute had passed after which the steps of a dead worker are due again.

    `rev` goes up, so that who has read a ticket before does not write its leases back.
    """
    now = datetime.now(UTC)
    await world.database.tickets.update_many(
        {"due": {"$exists": True}},
        {"$set": {"pending.$[leased].due": now, "due": now}, "$inc": {"rev": 1}},
        array_filters=[{"leased.due": {"$ne": None}}],
    )


async def nothing_pends(world: World) -> None:
    """Wait until every step of every ticket is done, but for asking Gemini again much later."""
    async with await world.database.tickets.watch() as changes:
        while any(_to_do(ticket) for ticket in await world.documents("tickets")):
            await changes.next()


async def until_tickets_have(world: World, field: str, count: int) -> None:
    """Wait until so many tickets have this field."""
    tickets = world.database.tickets
    async with await tickets.watch() as changes:
        while await tickets.count_documents({field: {"$exists": True}}) < count:
            await changes.next()


async def settles(world: World) -> None:
    """Let the steps at work end, so that nothing of this story happens in the next one."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_SETTLES_SECONDS):
            async with await world.database.tickets.watch() as changes:
                while any(_at_work(ticket) for ticket in await world.documents("tickets")):
                    await changes.next()


def _at_work(ticket: dict[str, Any]) -> bool:
    """Whether a step is due or leased; one that failed waits for later."""
    return any(step["due"] and not step["error"] for step in _to_do(ticket))


def _to_do(ticket: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for step in ticket["pending"] if step["step"] != "triage_again"]
