"""Identifies the acting person and checks their role; no other module does so for Slack requests.

The user id comes from Slack's signed payload, and the role from the database at this moment.
Values and metadata that came back through the client are not trusted.
"""

from bot.payload import Payload
from models.access.directory_sync import DirectorySync
from models.errors import NotAllowed
from models.people.member import Member
from models.people.store import MemberStore


def acting_user_id(body: Payload) -> str:
    """The Slack id of the acting person; commands have it in another place than other payloads."""
    user_id: str = body["user_id"] if "user_id" in body else body["user"]["id"]
    return user_id


def acting_team_id(body: Payload) -> str:
    """The workspace the person belongs to, which may differ from the one they act in."""
    user = body.get("user")
    team = user.get("team_id") if isinstance(user, dict) else None
    team_id: str = team or body.get("team_id") or (body.get("team") or {}).get("id") or ""
    return team_id


def treat_as_guest(body: Payload, team_id: str) -> None:
    """Change the payload so that a person of another workspace acts as a guest of this one."""
    if isinstance(body.get("user"), dict):
        body["user"]["team_id"] = team_id
    body["team_id"] = team_id


async def identify_member(body: Payload, *, members: MemberStore) -> Member:
    """The acting member; created at the first action.

    Raises:
        NotAllowed: the guest policy excludes them.
    """
    return _check_guest_policy(
        await members.get_or_create_member(acting_team_id(body), acting_user_id(body))
    )


async def member_with_profile(body: Payload, *, directory: DirectorySync) -> Member:
    """The acting member with a profile, which may need a call to Slack.

    Raises:
        NotAllowed: the guest policy excludes them.
        ExternalServiceError: Slack does not answer, and no profile is stored.
    """
    return _check_guest_policy(
        await directory.member_with_profile(acting_team_id(body), acting_user_id(body))
    )


async def require_admin(body: Payload, *, directory: DirectorySync) -> Member:
    """The acting member, if they are an admin; a workspace owner may become one here.

    Raises:
        NotAllowed: they are not an admin.
        ExternalServiceError: Slack does not answer.
    """
    person = await directory.member_with_profile(acting_team_id(body), acting_user_id(body))
    if not person.can_administer:
        person = await directory.promote_owner(person)
    if not person.can_administer:
        raise NotAllowed(
            "Only admins of Frontdesk can open this. Workspace owners are admins, "
            "and admins can make other people admins."
        )
    return person


def _check_guest_policy(person: Member) -> Member:
    if person.refusal:
        raise NotAllowed(person.refusal)
    return person
