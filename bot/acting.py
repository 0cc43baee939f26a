"""Who is acting, and what they may do: the only door for roles.

The authority is the user id in Slack's signed payload together with our database, read at the
moment of acting; nothing that came back through the client (values, metadata) counts.
"""

from typing import Any

from models.desk import Desk
from models.errors import NotAllowed
from models.member import Member

Body = dict[str, Any]


def user_of(body: Body) -> str:
    """The Slack id of the person who acts: commands and everything else say it differently."""
    user_id: str = body["user_id"] if "user_id" in body else body["user"]["id"]
    return user_id


def team_of(body: Body) -> str:
    """The workspace that the person belongs to, which need not be the one they act in."""
    user = body.get("user")
    team = user.get("team_id") if isinstance(user, dict) else None
    team_id: str = team or body.get("team_id") or (body.get("team") or {}).get("id") or ""
    return team_id


def taken_in(body: Body, team_id: str) -> None:
    """Have somebody of another workspace act as a guest of this one."""
    if isinstance(body.get("user"), dict):
        body["user"]["team_id"] = team_id
    body["team_id"] = team_id


async def member(desk: Desk, body: Body) -> Member:
    """The person as the desk knows them; one seen for the first time becomes a member.

    Raises:
        NotAllowed: they are a guest, and the desk is not for such guests.
    """
    return await _welcomed(desk, await desk.store.member(team_of(body), user_of(body)))


async def acquaintance(desk: Desk, body: Body) -> Member:
    """The person with their profile, for which Slack may have to be asked; raises as `member`."""
    return await _welcomed(desk, await desk.acquainted(team_of(body), user_of(body)))


async def admin(desk: Desk, body: Body) -> Member:
    """The person, who must be an admin; a workspace owner is one from the first time on.

    Raises:
        NotAllowed: they are not.
    """
    person = await desk.acquainted(team_of(body), user_of(body))
    if not person.administers:
        person = await desk.people.rescued(person)
    if not person.administers:
        raise NotAllowed(
            "Only admins of the desk can open this. Workspace owners are admins; "
            "they can make others admins here."
        )
    return person


async def _welcomed(desk: Desk, person: Member) -> Member:
    await desk.welcomes.check(person)
    return person
