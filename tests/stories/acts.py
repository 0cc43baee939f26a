"""What people do in the stories, in the words they would use."""

from typing import Any

from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace

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
