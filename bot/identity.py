"""Who is acting, and what they may do: the only door for roles.

The authority is the user id in Slack's signed payload together with our database, read at the
moment of acting; nothing that came back through the client (values, metadata) counts.
"""

from typing import Any

from models.errors import NotAllowed
from models.people.member import Member
from models.ticket_service import TicketService

Body = dict[str, Any]


def acting_user_id(body: Body) -> str:
    """The Slack id of the person who acts: commands and everything else say it differently."""
    user_id: str = body["user_id"] if "user_id" in body else body["user"]["id"]
    return user_id


def acting_team_id(body: Body) -> str:
    """The workspace that the person belongs to, which need not be the one they act in."""
    user = body.get("user")
    team = user.get("team_id") if isinstance(user, dict) else None
    team_id: str = team or body.get("team_id") or (body.get("team") or {}).get("id") or ""
    return team_id


def treat_as_guest(body: Body, team_id: str) -> None:
    """Have somebody of another workspace act as a guest of this one."""
    if isinstance(body.get("user"), dict):
        body["user"]["team_id"] = team_id
    body["team_id"] = team_id


async def identify_member(service: TicketService, body: Body) -> Member:
    """The person as the desk knows them; one seen for the first time becomes a member.

    Raises:
        NotAllowed: they are a guest, and the desk is not for such guests.
    """
    return await _check_guest_policy(
        service,
        await service.members.get_or_create_member(acting_team_id(body), acting_user_id(body)),
    )


async def member_with_profile(service: TicketService, body: Body) -> Member:
    """The person with their profile, for which Slack may have to be asked; raises as `member`."""
    return await _check_guest_policy(
        service, await service.member_with_profile(acting_team_id(body), acting_user_id(body))
    )


async def require_admin(service: TicketService, body: Body) -> Member:
    """The person, who must be an admin; a workspace owner is one from the first time on.

    Raises:
        NotAllowed: they are not.
    """
    person = await service.member_with_profile(acting_team_id(body), acting_user_id(body))
    if not person.can_administer:
        person = await service.directory.promote_owner(person)
    if not person.can_administer:
        raise NotAllowed(
            "Only admins of the desk can open this. Workspace owners are admins; "
            "they can make others admins here."
        )
    return person


async def _check_guest_policy(service: TicketService, person: Member) -> Member:
    await service.guest_policies.check(person)
    return person
