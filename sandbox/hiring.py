"""Grace hires the moderators of the sandbox with `/ticket admin`, as an admin does in Slack."""

from sandbox.cast import Cast
from sandbox.labels import MODERATOR, TeamForm
from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace


class NotHired(RuntimeError):
    """The desk did not take a moderator; says what Grace saw instead."""


def skills_of(cast: Cast) -> dict[Person, list[str]]:
    """What each moderator is hired for."""
    return {
        cast.bob: ["vpn", "okta", "network", "wifi"],
        cast.eve: ["email", "outlook", "calendar", "password"],
        cast.mo: ["laptop", "hardware", "printer", "windows", "mac"],
    }


async def hire(slack: Workspace, cast: Cast) -> None:
    """Make everybody who can help a moderator.

    Raises:
        NotHired: the desk refused, or did not answer.
    """
    for person, skills in skills_of(cast).items():
        await _hire(slack, cast.grace, person, skills)


async def _hire(slack: Workspace, admin: Person, person: Person, skills: list[str]) -> None:
    await admin.types("/ticket admin")
    if admin.modal is None:
        raise NotHired(f"`/ticket admin` opened nothing; Slack said: {admin.alerts}")
    await slack.until(
        lambda: admin.modal and TeamForm.WAITING not in admin.modal.says,
        waiting_for="the form behind /ticket admin",
    )
    if TeamForm.PERSON not in admin.modal.labels:
        raise NotHired(admin.modal.says)
    await admin.fills(TeamForm.PERSON, person.id)
    await admin.fills(TeamForm.ROLE, MODERATOR)
    await admin.fills(TeamForm.SKILLS, skills)
    await admin.submits()
    if admin.modal is None or admin.modal.submit is not None:
        said = [admin.modal.errors] if admin.modal else admin.alerts
        raise NotHired(f"The form for {person.real_name} was not saved: {said}")
    await admin.closes()
