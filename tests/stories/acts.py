"""What people do in the stories, in the words they would use."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace
from sandbox.world import World

# How long a step may be at work when a story is over and the next one is to find the desk empty.
_SETTLES_SECONDS = 5

LABELS = {
    "description": "Description",
    "urgency": "How urgent is it for you?",
    "confidential": "Who may see it",
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


async def leases_end(world: World) -> None:
    """As if time had passed: what a dead worker holds, or what waits for later, is due now."""
    now = datetime.now(UTC)
    for ticket in await world.documents("tickets"):
        pending = [{**step, "due": now} for step in ticket["pending"]]
        change = {"$set": {"pending": pending, "due": now}, "$inc": {"rev": 1}}
        if pending:
            await world.database.tickets.update_one({"_id": ticket["_id"]}, change)


async def nothing_pends(world: World) -> None:
    """Wait until every step of every ticket is done."""
    async with await world.database.tickets.watch() as changes:
        while any(ticket["pending"] for ticket in await world.documents("tickets")):
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
    return any(step["due"] and not step["error"] for step in ticket["pending"])
