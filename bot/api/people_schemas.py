"""Requests and responses of the API for people and skills."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StrictBool

from bot.api.schemas import PersonOut, RequestModel, ResponseModel
from models.people.member import Member, Role
from models.triage.skills import Skill

_MAX_MEMBER_SKILLS, _MAX_OPEN_TICKETS = 100, 999
_MIN_TIME, _MAX_TIME = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _require_text(at: object) -> object:
    """Refuse numbers, which pydantic would accept as seconds since 1970."""
    if not isinstance(at, str | None):
        raise ValueError("send it as text, like 2026-12-24T12:00:00Z")  # noqa: TRY004  (pydantic's)
    return at


def _clamp_time(at: datetime) -> datetime:
    """The time, limited to the years 2000 to 2200: not every year of Python can be stored."""
    return min(max(at, _MIN_TIME), _MAX_TIME).astimezone(UTC)


Time = Annotated[AwareDatetime, BeforeValidator(_require_text), AfterValidator(_clamp_time)]
Name = Annotated[str, Field(min_length=1, max_length=50)]


class PeoplePage(ResponseModel):
    """A page of people, ordered by Slack id."""

    people: tuple[PersonOut, ...]
    next: str | None = Field(description="the `cursor` of the next page, if there is one")


class PersonForAdmins(PersonOut):
    """A person, with all fields that an admin can set."""

    email: str | None
    tz: str
    trusted: bool = Field(description="whether they may see confidential tickets of others")
    capacity: int | None = Field(description="maximum open tickets; null for no limit")
    away_until: AwareDatetime | None = Field(description="end of the out-of-office time")
    guest: bool

    @classmethod
    def from_member(cls, member: Member) -> Self:
        return cls(**member.model_dump(include=set(cls.model_fields)))


class PersonIn(RequestModel):
    """The fields that an admin can set; omitted fields stay as they are."""

    role: Annotated[Role, Field(examples=["moderator"])] = Role.USER
    skills: Annotated[
        tuple[Name, ...], Field(max_length=_MAX_MEMBER_SKILLS, examples=[["vpn"]])
    ] = ()
    trusted: StrictBool = False
    capacity: Annotated[int | None, Field(ge=0, le=_MAX_OPEN_TICKETS, strict=True)] = None
    away_until: Time | None = None


class SkillOut(ResponseModel):
    """A skill of the workspace."""

    name: str
    aliases: tuple[str, ...] = Field(description="synonyms")

    @classmethod
    def from_skill(cls, skill: Skill) -> Self:
        return cls(name=skill.name, aliases=skill.aliases)
