"""Grace hires the moderators of the sandbox with `/ticket admin`, as an admin does in Slack."""

from sandbox.slack.actors.person import Person
from sandbox.slack.workspace import Workspace
from sandbox.world.frontdesk_labels import MODERATOR_ROLE, MemberForm
from sandbox.world.personas import Personas


class ModeratorNotSaved(RuntimeError):
    """The desk did not take a moderator; says what Grace saw instead."""


def moderator_skills(personas: Personas) -> dict[Person, list[str]]:
    """What each moderator is hired for."""
    return {
        personas.bob: ["vpn", "okta", "network", "wifi"],
        personas.eve: ["email", "outlook", "calendar", "password"],
        personas.mo: ["laptop", "hardware", "printer", "windows", "mac"],
    }


async def promote_moderators(slack: Workspace, personas: Personas) -> None:
    """Make everybody who can help a moderator.

    Raises:
        NotHired: the desk refused, or did not answer.
    """
    for person, skills in moderator_skills(personas).items():
        await _promote(slack, personas.grace, person, skills)


async def _promote(slack: Workspace, admin: Person, person: Person, skills: list[str]) -> None:
    await admin.type_text("/ticket admin")
    if admin.modal is None:
        raise ModeratorNotSaved(f"`/ticket admin` opened nothing; Slack said: {admin.alerts}")
    await slack.wait_until(
        lambda: admin.modal and MemberForm.LOADING not in admin.modal.visible_text,
        waiting_for="the form behind /ticket admin",
    )
    if MemberForm.PERSON not in admin.modal.labels:
        raise ModeratorNotSaved(admin.modal.visible_text)
    await admin.fill(MemberForm.PERSON, person.id)
    await admin.fill(MemberForm.ROLE, MODERATOR_ROLE)
    await admin.fill(MemberForm.SKILLS, skills)
    await admin.submit_modal()
    if admin.modal is None or admin.modal.submit is not None:
        said = [admin.modal.errors] if admin.modal else admin.alerts
        raise ModeratorNotSaved(f"The form for {person.real_name} was not saved: {said}")
    await admin.close_modal()
