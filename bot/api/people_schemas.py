"""People and skills, as they go in and come out of the API."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StrictBool

from bot.api.schemas import PersonOut, RequestModel, ResponseModel
from models.people.member import Member, Role
from models.triage.skills import Skill

MAX_SKILLS, MAX_OPEN_TICKETS = 100, 999
_MIN_TIME, _MAX_TIME = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _require_text(at: object) -> object:
    """What is no text is no time, though seconds since 1970 could be read as one."""
    if not isinstance(at, str | None):
        raise ValueError("give it as text, like 2026-12-24T12:00:00Z")  # noqa: TRY004  (pydantic's)
    return at


def _clamp_time(at: datetime) -> datetime:
    """The time, or the nearest that makes sense: the first and last years can't all be stored."""
    return min(max(at, _MIN_TIME), _MAX_TIME).astimezone(UTC)


Time = Annotated[AwareDatetime, BeforeValidator(_require_text), AfterValidator(_clamp_time)]
Name = Annotated[str, Field(min_length=1, max_length=50)]


class PeoplePage(ResponseModel):
    """Some people, by their Slack ids, and where the next ones begin."""

    people: tuple[PersonOut, ...]
    next: str | None = Field(description="the `cursor` of the next page, if there is one")


class PersonForAdmins(PersonOut):
    """A person, with all that an admin decides about them."""

    email: str | None
    tz: str
    trusted: bool = Field(description="whether they may see confidential tickets of others")
    capacity: int | None = Field(description="how many open tickets they take; null: any number")
    away_until: AwareDatetime | None = Field(description="no tickets are offered before")
    guest: bool

    @classmethod
    def from_member(cls, member: Member) -> Self:
        """As admins see them."""
        return cls(**member.model_dump(include=set(cls.model_fields)))


class PersonIn(RequestModel):
    """What an admin decides about a person; what is left out stays as it is."""

    role: Annotated[Role, Field(examples=["moderator"])] = Role.USER
    skills: Annotated[tuple[Name, ...], Field(max_length=MAX_SKILLS, examples=[["vpn"]])] = ()
    trusted: StrictBool = False
    capacity: Annotated[int | None, Field(ge=0, le=MAX_OPEN_TICKETS, strict=True)] = None
    away_until: Time | None = None


class SkillOut(ResponseModel):
    """A skill that the desk knows."""

    name: str
    aliases: tuple[str, ...] = Field(description="other words that stand for it")

    @classmethod
    def from_skill(cls, skill: Skill) -> Self:
        """As it is shown."""
        return cls(name=skill.name, aliases=skill.aliases)
