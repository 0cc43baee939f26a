"""The members of the workspace, and the user objects that Slack returns for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sandbox.slack.primitives.ids import stable_id
from sandbox.slack.primitives.json_types import Json


@dataclass(slots=True, eq=False)
class Member:
    """A user account of a person or of a bot."""

    id: str
    team_id: str
    handle: str
    real_name: str
    email: str
    tz: str
    owner: bool = False
    admin: bool = False
    guest: bool = False
    bot: bool = False
    bot_id: str = ""
    deleted: bool = False
    updated: int = 0


class Directory:
    """All user accounts, including external people as in Slack Connect."""

    def __init__(self, team_id: str) -> None:
        self.team_id = team_id
        self._by_id: dict[str, Member] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_id.values())

    def add(self, member: Member) -> Member:
        if member.id in self._by_id:
            raise ValueError(f"The workspace already has a member with the id {member.id}.")
        self._by_id[member.id] = member
        return member

    def find(self, user_id: object) -> Member | None:
        return self._by_id.get(str(user_id))

    def own_members(self) -> list[Member]:
        return [member for member in self if member.team_id == self.team_id]

    def find_by_name(self, name: str) -> Member | None:
        """Find a member by id, @handle, handle or real name."""
        bare_name = name.removeprefix("@")
        for member in self:
            if bare_name in (member.id, member.handle, member.real_name):
                return member
        return None

    def find_by_email(self, email: str) -> Member | None:
        for member in self.own_members():
            if member.email.lower() == email.lower() and not member.deleted:
                return member
        return None


def stable_user_id(team_id: str, handle: str) -> str:
    return stable_id("U", team_id, handle)


def user_object(member: Member, *, home_team_id: str, with_email: bool, with_locale: bool) -> Json:
    """Return a user as users.info, users.list and team_join show it."""
    user: Json = {
        "id": member.id,
        "team_id": member.team_id,
        "name": member.handle,
        "deleted": member.deleted,
        "profile": _profile_object(member, with_email=with_email),
        "is_bot": member.bot,
        "is_app_user": False,
        "updated": member.updated,
    }
    if member.team_id != home_team_id:
        user["is_stranger"] = True
    if member.deleted:
        return user
    return user | _active_fields(member) | ({"locale": "en-US"} if with_locale else {})


def _active_fields(member: Member) -> Json:
    local_time = datetime.now(UTC).astimezone(ZoneInfo(member.tz))
    offset = local_time.utcoffset()
    return {
        "color": "9f69e7",
        "real_name": member.real_name,
        "tz": member.tz,
        "tz_label": local_time.tzname() or member.tz,
        "tz_offset": int(offset.total_seconds()) if offset else 0,
        "is_admin": member.admin or member.owner,
        "is_owner": member.owner,
        "is_primary_owner": False,
        "is_restricted": member.guest,
        "is_ultra_restricted": False,
        "is_email_confirmed": True,
        "has_2fa": False,
        "who_can_share_contact_card": "EVERYONE",
    }


def _profile_object(member: Member, *, with_email: bool) -> Json:
    first, _, last = member.real_name.partition(" ")
    profile: Json = {
        "title": "",
        "phone": "",
        "skype": "",
        "real_name": member.real_name,
        "real_name_normalized": member.real_name,
        "display_name": member.handle,
        "display_name_normalized": member.handle,
        "status_text": "",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": "ge3b51ca72de",
        "first_name": first,
        "last_name": last,
        "team": member.team_id,
    }
    for size in (24, 32, 48, 72, 192, 512):
        profile[f"image_{size}"] = f"https://secure.gravatar.com/avatar/{member.id}.jpg?s={size}"
    if member.bot:
        profile["bot_id"] = member.bot_id
    if with_email and not member.bot:
        profile["email"] = member.email
    return profile
