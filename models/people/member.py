"""A member: a person in Slack that Frontdesk has a record of, with a role and skills."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

# The fields of a member that an admin sets.
ADMIN_FIELDS = ("role", "skills", "trusted", "capacity", "away_until")


class Role(StrEnum):
    """A member's role; each role includes the permissions of the one before it."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Member(BaseModel):
    """One person of one workspace.

    Attributes:
        tz: IANA name of the person's time zone, from their Slack profile.
        skills: names from the workspace's skill vocabulary.
        away_until: no tickets are offered before this time.
        capacity: maximum number of open tickets; None for no limit.
        dm_channel: id of the app's direct-message channel with them, once opened.
        trusted: whether they may see confidential tickets of others.
        guest: a guest, a bot, or a person of another workspace; always a user.
        stranger: a person of another workspace.
        by_group: whether only the moderator user group gives them their role.
        updated: Slack's `updated` of the stored profile, in whole seconds.
        profiled_at: when name, e-mail and time zone were last read from Slack.
        appointed: whether their role was set explicitly, so owning the workspace changes nothing.
        refusal: why the guest policy excludes them now; "" if it does not. It is never stored.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    team_id: str
    slack_id: str
    name: str = ""
    email: str | None = None
    tz: str = "UTC"
    role: Role = Role.USER
    skills: tuple[str, ...] = ()
    active: bool = True
    away_until: datetime | None = None
    capacity: int | None = None
    dm_channel: str | None = None
    trusted: bool = False
    guest: bool = False
    stranger: bool = False
    by_group: bool = False
    updated: int = 0
    profiled_at: datetime | None = None
    appointed: bool = False
    refusal: str = Field(default="", exclude=True)

    @property
    def can_moderate(self) -> bool:
        """Whether tickets may be offered to this member."""
        return self.active and self.role in {Role.MODERATOR, Role.ADMIN}

    @property
    def can_administer(self) -> bool:
        """Whether this member may change Frontdesk's settings."""
        return self.active and self.role is Role.ADMIN

    def is_away(self, at: datetime) -> bool:
        """Whether the member is out of office at that time."""
        return self.away_until is not None and at < self.away_until


class Profile(BaseModel):
    """A person's Slack profile (https://docs.slack.dev/reference/methods/users.info).

    Attributes:
        is_owner: whether they own the workspace.
        active: whether the account is not deactivated.
        guest, stranger: see `Member`.
        email_confirmed: whether Slack has confirmed that the address is theirs.
        updated: time of the last change, in whole seconds; 0 if Slack does not say.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str
    email: str | None
    tz: str
    is_owner: bool
    active: bool
    guest: bool = False
    stranger: bool = False
    email_confirmed: bool = False
    updated: int = 0

    @classmethod
    def from_slack_user(cls, user: Mapping[str, Any], *, team_id: str) -> Self:
        """The profile in a user object of users.info or of an event; both have the same form.

        Args:
            user: Slack's user object.
            team_id: the workspace that Frontdesk is installed in.
        """
        profile = user.get("profile") or {}
        guest_flags = ("is_restricted", "is_ultra_restricted", "is_bot")
        stranger = user.get("team_id", team_id) != team_id or bool(user.get("is_stranger"))
        return cls(
            name=user.get("real_name") or profile.get("display_name") or user.get("name", ""),
            email=profile.get("email"),
            tz=user.get("tz") or "UTC",
            is_owner=bool(user.get("is_owner") or user.get("is_primary_owner")),
            active=not user.get("deleted", False),
            guest=stranger or any(user.get(flag) for flag in guest_flags),
            stranger=stranger,
            email_confirmed=bool(user.get("is_email_confirmed")),
            updated=int(user.get("updated") or 0),
        )
