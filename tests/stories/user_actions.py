"""The actions of people in the stories, and waits for their effects."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from sandbox.slack.actors.person import Person
from sandbox.slack.workspace import Workspace
from sandbox.world.world import World

# How long the steps of one story may run on before the next story empties the database.
_MAX_RUNNING_STEPS_SECONDS = 2
# The limit for a change that a background task makes.
_MAX_CHANGE_SECONDS = 15
# How often a person presses Submit again when the form asks for it.
_MAX_SUBMITS = 40

CONFIDENTIAL_OPTION = "Only you and the people who handle it can see this."
FIELD_LABELS = {
    "description": "Description",
    "urgency": "How urgent is it for you?",
    "confidential": "Confidential",
}
GUEST_POLICY_LABELS = {
    "guests": "Guests of this workspace",
    "strangers": "People of other workspaces",
    "moderators": "User group of moderators",
}


async def open_ticket(person: Person, title: str, **fields: Any) -> str:
    """Type `/ticket`, fill in and submit the form; returns the number on the receipt."""
    await person.type_text(f"/ticket {title}")
    for field, value in fields.items():
        await person.fill(FIELD_LABELS[field], value)
    await person.submit_modal()
    number = receipt_ticket_id(person)
    await person.close_modal()
    return number


async def open_ticket_with_retries(person: Person, title: str) -> str:
    """As `open_ticket`, but press Submit again while a busy database makes the form ask for it."""
    await person.type_text(f"/ticket {title}")
    for _ in range(_MAX_SUBMITS):
        await person.submit_modal()
        if person.modal is None or "Press Submit again" not in str(person.modal.errors):
            break
    number = receipt_ticket_id(person)
    await person.close_modal()
    return number


def receipt_ticket_id(person: Person) -> str:
    """The number on the receipt that a person sees."""
    modal = person.modal
    assert modal, person.alerts
    assert not modal.errors, modal.errors
    assert modal.title.startswith("Ticket T-"), modal.visible_text
    return modal.title.removeprefix("Ticket ")


async def open_settings(slack: Workspace, admin: Person) -> None:
    """Type `/ticket admin` and wait for the Settings menu, or for the reason why not."""
    await admin.type_text("/ticket admin")
    await slack.wait_until(
        lambda: admin.modal and "One moment" not in admin.modal.visible_text,
        waiting_for=f"the Settings menu of {admin.handle}",
    )


async def open_member_form(slack: Workspace, admin: Person) -> None:
    """Open `/ticket admin` and, from there, the member form."""
    await open_settings(slack, admin)
    assert admin.modal
    await admin.click(admin.modal, "Members")
    await slack.wait_until(
        lambda: admin.modal and "Person" in admin.modal.labels,
        waiting_for=f"the member form of {admin.handle}",
    )


async def set_role_and_skills(
    slack: Workspace, admin: Person, person: Person, *, role: str, skills: list[str]
) -> None:
    """Set a person's role and skills with the form of `/ticket admin`."""
    await open_member_form(slack, admin)
    await admin.fill("Person", person.id)
    await admin.fill("Role", role)
    await admin.fill("Skills", skills)
    await admin.submit_modal()
    assert admin.modal, admin.alerts
    assert not admin.modal.errors, admin.modal.errors
    await admin.close_modal()


async def open_admin_form(world: World, admin: Person, name: str) -> None:
    """Open a form from Settings by its button."""
    await open_settings(world.slack, admin)
    assert admin.modal
    await admin.click(admin.modal, name)
    await world.slack.wait_until(
        lambda: admin.modal and admin.modal.title == name, waiting_for=f"the form {name}"
    )


async def save_and_close_form(admin: Person) -> str:
    """Submit the form, close all modals, and return the text of the confirmation."""
    await admin.submit_modal()
    assert admin.modal, admin.alerts
    assert not admin.modal.errors, admin.modal.errors
    confirmation = admin.modal.visible_text
    while admin.modal:
        await admin.close_modal()
    return confirmation


async def set_guest_policy(world: World, admin: Person, **choices: str) -> str:
    """Set the guest policy with its form; returns the text of the confirmation."""
    await open_admin_form(world, admin, "Workspace settings")
    await world.slack.wait_until(
        lambda: admin.modal and "One moment" not in admin.modal.visible_text,
        waiting_for="the groups",
    )
    for name, choice in choices.items():
        await admin.fill(GUEST_POLICY_LABELS[name], choice)
    return await save_and_close_form(admin)


async def wait_for_role(world: World, person: Person, role: str) -> None:
    """Wait until the database has this role for the person."""
    members = world.database.members
    async with asyncio.timeout(_MAX_CHANGE_SECONDS), await members.watch() as changes:
        while not await members.find_one({"slack_id": person.id, "role": role}):
            await changes.next()


async def expire_leases(world: World) -> None:
    """Make all leased steps due now, as if the 30 seconds of their leases had passed.

    `rev` rises, so a worker that read a ticket before cannot write its leases back.
    """
    now = datetime.now(UTC)
    await world.database.tickets.update_many(
        {"due": {"$exists": True}},
        {"$set": {"pending.$[leased].due": now, "due": now}, "$inc": {"rev": 1}},
        array_filters=[{"leased.due": {"$ne": None}}],
    )


async def wait_until_no_pending_steps(world: World) -> None:
    """Wait until every step of every ticket is done; `triage_again`, due much later, may remain."""
    async with await world.database.tickets.watch() as changes:
        while any(_pending_steps(ticket) for ticket in await world.find_documents("tickets")):
            await changes.next()


async def wait_for_tickets_with_field(world: World, field: str, count: int) -> None:
    """Wait until this number of tickets have the field."""
    tickets = world.database.tickets
    async with await tickets.watch() as changes:
        while await tickets.count_documents({field: {"$exists": True}}) < count:
            await changes.next()


async def wait_for_skill(world: World, ticket_id: str, skill: str) -> None:
    """Wait until the stored ticket needs this skill."""
    tickets = world.database.tickets
    async with asyncio.timeout(_MAX_CHANGE_SECONDS), await tickets.watch() as changes:
        while not await tickets.find_one({"_id": ticket_id, "triage.skills": skill}):
            await changes.next()


async def wait_for_running_steps(world: World) -> None:
    """Wait for the running steps, so that none of them acts in the next story."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_MAX_RUNNING_STEPS_SECONDS):
            async with await world.database.tickets.watch() as changes:
                while any(
                    _has_running_step(ticket) for ticket in await world.find_documents("tickets")
                ):
                    await changes.next()


def _has_running_step(ticket: dict[str, Any]) -> bool:
    """Whether a step is due or leased; a step that failed waits for its retry."""
    return any(step["due"] and not step["error"] for step in _pending_steps(ticket))


def _pending_steps(ticket: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for step in ticket.get("pending", []) if step["step"] != "triage_again"]
