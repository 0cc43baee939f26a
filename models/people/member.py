"""A member: any person in Slack as the desk knows them, with a role and skills."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Role(StrEnum):
    """What a member may do; each role may do all that the one before it may."""

    USER = "user"
    MODERATOR = "moderator"
    ADMIN = "admin"


class Member(BaseModel):
    """One person of one workspace.

    Attributes:
        tz: IANA name of the person's time zone, from their Slack profile.
        skills: names from the desk's skill vocabulary.
        away_until: no tickets are offered before then.
        capacity: how many open tickets they take at most; None: any number.
        dm_channel: id of the app's direct-message channel with them, once opened.
        trusted: whether they may see confidential tickets that are not theirs.
        guest: a guest, a bot, or somebody of another workspace: never more than a user.
        stranger: somebody of another workspace.
        by_group: whether they have their role only from the user group that makes moderators.
        updated: Slack's own time of the profile that is known, in whole seconds.
        profiled_at: when name, e-mail and time zone were last read from Slack.
        appointed: whether somebody has given them the role they have.
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

    @property
    def can_moderate(self) -> bool:
        """Whether tickets may be offered to them at all."""
        return self.active and self.role in {Role.MODERATOR, Role.ADMIN}

    @property
    def can_administer(self) -> bool:
        """Whether they may configure the desk."""
        return self.active and self.role is Role.ADMIN

    def is_away(self, at: datetime) -> bool:
        """Whether they have said they are away at that time."""
        return self.away_until is not None and at < self.away_until


class Profile(BaseModel):
    """What Slack says of a person (https://docs.slack.dev/reference/methods/users.info).

    Attributes:
        guest, stranger: see `Member`.
        confirmed: whether Slack knows that the address is theirs.
        updated: when Slack has last changed it, in whole seconds; 0 where it does not say.
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
        """The profile in a user object, which users.info and events give alike.

        Args:
            team_id: the workspace that the desk serves.
        """
        about = user.get("profile") or {}
        limits = ("is_restricted", "is_ultra_restricted", "is_bot")
        stranger = user.get("team_id", team_id) != team_id or bool(user.get("is_stranger"))
        return cls(
            name=user.get("real_name") or about.get("display_name") or user.get("name", ""),
            email=about.get("email"),
            tz=user.get("tz") or "UTC",
            is_owner=bool(user.get("is_owner") or user.get("is_primary_owner")),
            active=not user.get("deleted", False),
            guest=stranger or any(user.get(limit) for limit in limits),
            stranger=stranger,
            email_confirmed=bool(user.get("is_email_confirmed")),
            updated=int(user.get("updated") or 0),
        )
