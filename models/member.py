"""A member: any person in Slack as the desk knows them, with a role and skills."""

from datetime import datetime
from enum import StrEnum

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
        dm_channel: id of the app's direct-message channel with them, once opened.
        trusted: whether they may see confidential tickets that are not theirs.
        profiled_at: when name, e-mail and time zone were last read from Slack.
        appointed: whether somebody has given them the role they have.
    """

    model_config = ConfigDict(frozen=True)

    team_id: str
    slack_id: str
    name: str = ""
    email: str | None = None
    tz: str = "UTC"
    role: Role = Role.USER
    skills: tuple[str, ...] = ()
    active: bool = True
    away_until: datetime | None = None
    dm_channel: str | None = None
    trusted: bool = False
    profiled_at: datetime | None = None
    appointed: bool = False

    @property
    def moderates(self) -> bool:
        """Whether tickets may be offered to them at all."""
        return self.active and self.role in {Role.MODERATOR, Role.ADMIN}

    @property
    def administers(self) -> bool:
        """Whether they may configure the desk."""
        return self.active and self.role is Role.ADMIN

    def is_away(self, at: datetime) -> bool:
        """Whether they have said they are away at that time."""
        return self.away_until is not None and at < self.away_until


class Profile(BaseModel):
    """What Slack says of a person (https://docs.slack.dev/reference/methods/users.info)."""

    model_config = ConfigDict(frozen=True)

    name: str
    email: str | None
    tz: str
    owner: bool
    active: bool
