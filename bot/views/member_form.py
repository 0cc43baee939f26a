"""The form about a person: role, skills, how long away, how many tickets; drawn, and read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from bot.views import (
    accuracy,
    audit,
    categories_form,
    desk_health,
    sent,
    skills_form,
    token_form,
    try_out,
    webhooks_form,
    welcome_form,
)
from bot.views.fields import (
    VALUE,
    Sent,
    button,
    buttons,
    field,
    menu,
    modal,
    option,
    plain,
    skills_search,
    text,
    tick,
)
from models.cards import Block
from models.clock import now
from models.configuration import MOST_SKILLS, NAME_LENGTH, Configuration
from models.errors import InvalidDraft
from models.member import Member, Role
from models.wording import clip, counted, escape, listed, moment, zone_of

CALLBACK = "set_member"
PERSON, ROLE, SKILLS, NEW_SKILLS = "person", "role", "skills", "new_skills"
AWAY, CAPACITY, TRUSTED = "away", "capacity", "trusted"
PICK_PERSON = "pick_person"
MOST_TICKETS = 999

_DOORS = {
    "forms": (skills_form, categories_form, welcome_form, webhooks_form),
    "pages": (try_out, desk_health, accuracy, sent, audit),
}
_ROLES = {Role.USER: "User", Role.MODERATOR: "Moderator", Role.ADMIN: "Admin"}


@dataclass(frozen=True, slots=True)
class Assigned:
    """What an admin has decided about a person.

    Attributes:
        back: the day from which they get tickets again.
        left: the fields that the admin has left as they were shown.
    """

    slack_id: str
    role: Role
    skills: tuple[str, ...]
    new_skills: tuple[str, ...] = ()
    back: date | None = None
    capacity: int | None = None
    trusted: bool = False
    left: frozenset[str] = frozenset()

    def of(self, member: Member) -> dict[str, Any]:
        """What is new about them, by the name it has in `Member`.

        Raises:
            InvalidDraft: the day from which they are here again is past.
        """
        back = _morning(self.back, member.tz)
        if AWAY not in self.left and back and back <= now():
            past = "Please pick a day to come; who is here is not away."
            raise InvalidDraft({f"{AWAY}:{self.slack_id}": past})
        decided = {
            ROLE: ("role", self.role),
            SKILLS: ("skills", self.skills),
            AWAY: ("away_until", back),
            CAPACITY: ("capacity", self.capacity),
            TRUSTED: ("trusted", self.trusted),
        }
        return dict(what for name, what in decided.items() if name not in self.left)


def at_fields(faults: Mapping[str, str], member: Member) -> dict[str, str]:
    """The sentences about a person, by the ids of the form's blocks."""
    return {
        PERSON if name == PERSON else f"{name}:{member.slack_id}": said
        for name, said in faults.items()
    }


def draw(configuration: Configuration, member: Member | None = None) -> Block:
    """The form; once a person is picked, with all that is known of them."""
    # Slack keeps what stands in a field while its block id stays; another person is another field.
    whose = member.slack_id if member else ""
    shown = member or Member(team_id="", slack_id="", role=Role.MODERATOR)
    has = [configuration.vocabulary.canonical(skill) for skill in shown.skills]
    blocks = [
        *_doors(),
        {"type": "divider"},
        _person(member),
        field(f"{ROLE}:{whose}", "Role", menu(_roles(), shown.role)),
        _skills(whose, list(dict.fromkeys(skill for skill in has if skill))),
        _new_skills(whose),
        _away(whose, shown),
        _capacity(whose, shown),
        field(
            f"{TRUSTED}:{whose}",
            "Confidential tickets",
            tick("May see confidential tickets", TRUSTED, ticked=shown.trusted),
            optional=True,
        ),
    ]
    if member:
        blocks.append(token_form.button(member.slack_id))
    return modal(CALLBACK, "People", "Save", blocks, close=plain("Close"))


def picked(body: dict[str, Any]) -> str | None:
    """The person an admin has just picked."""
    action = body["actions"][0]
    slack_id: str | None = action.get("selected_user")
    return slack_id


def read(view: dict[str, Any], configuration: Configuration) -> Assigned:
    """What the admin has decided.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    sent = Sent(view)
    slack_id = sent.text(PERSON)
    if not slack_id:
        raise InvalidDraft({PERSON: "Please pick a person."})
    # Until the form is drawn for the person picked, it holds the role and skills of another one.
    if sent.about(ROLE) != slack_id:
        raise InvalidDraft({PERSON: "The form was not ready yet. Please pick the person again."})
    new = _named(sent, configuration)
    known = [configuration.vocabulary.canonical(name) for name in sent.choices(SKILLS)]
    skills = (*(skill for skill in known if skill), *new)
    left = {name for name in (ROLE, SKILLS, AWAY, CAPACITY, TRUSTED) if not sent.changed(name)}
    return Assigned(
        slack_id=slack_id,
        role=_role(sent),
        skills=tuple(dict.fromkeys(skills)),
        new_skills=tuple(n for n in new if configuration.vocabulary.canonical(n) is None),
        back=_day(sent),
        capacity=_number(sent),
        trusted=TRUSTED in sent.choices(TRUSTED),
        left=frozenset(left - {SKILLS} if new else left),
    )


def saved(member: Member) -> str:
    """What the admin is told (mrkdwn)."""
    more = []
    if member.away_until and member.is_away(now()):
        more.append(f"Away until {moment(member.away_until)}.")
    if member.capacity:
        more.append(f"At most {counted(member.capacity, 'open ticket')}.")
    if member.trusted:
        more.append("May see confidential tickets.")
    skills = f"Skills: {escape(clip(listed(member.skills), 500))}."
    return " ".join(
        [f"*<@{member.slack_id}>* is now: {_ROLES[member.role].lower()}.", skills, *more]
    )


def _role(sent: Sent) -> Role:
    role = sent.choice(ROLE)
    if role not in set(Role):
        raise InvalidDraft({sent.block(ROLE): "Please choose a role."})
    return Role(role)


def _day(sent: Sent) -> date | None:
    try:
        return date.fromisoformat(sent.text(AWAY)) if sent.text(AWAY) else None
    except ValueError:
        raise InvalidDraft({sent.block(AWAY): "Please pick a day."}) from None


def _number(sent: Sent) -> int | None:
    typed = sent.text(CAPACITY)
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and 1 <= int(typed[:9]) <= MOST_TICKETS):
        says = f"Please give a whole number from 1 to {MOST_TICKETS}, or none."
        raise InvalidDraft({sent.block(CAPACITY): says})
    return int(typed)


def _named(sent: Sent, configuration: Configuration) -> tuple[str, ...]:
    """The skills typed by hand, those the desk has under the name it has them."""
    at = sent.block(NEW_SKILLS)
    names = [" ".join(name.split()) for name in sent.text(NEW_SKILLS).split(",")]
    skills = [configuration.vocabulary.canonical(name) or name for name in names if name]
    if any(len(name) > NAME_LENGTH for name in skills):
        raise InvalidDraft({at: f"A skill's name has at most {NAME_LENGTH} characters."})
    if any(not any(c.isalnum() for c in name) for name in skills):
        raise InvalidDraft({at: "A skill's name has at least one letter or digit."})
    if len({*configuration.vocabulary.names, *skills}) > MOST_SKILLS:
        raise InvalidDraft({at: f"The desk has room for {MOST_SKILLS} skills."})
    return tuple(skills)


def _morning(day: date | None, tz: str) -> datetime | None:
    """When a day begins for who lives in that time zone."""
    return datetime.combine(day, time.min, tzinfo=zone_of(tz)).astimezone(UTC) if day else None


def _person(member: Member | None) -> Block:
    picker = {
        "type": "users_select",
        "action_id": PICK_PERSON,
        "placeholder": plain("Pick a person"),
        **({"initial_user": member.slack_id} if member else {}),
    }
    # Picking somebody redraws the form with what is known of them.
    return field(PERSON, "Person", picker, dispatch_action=True)


def _roles() -> list[Block]:
    return [option(text, role.value) for role, text in _ROLES.items()]


def _skills(whose: str, names: list[str]) -> Block:
    search = skills_search(names, says="What they know: type to search")
    return field(f"{SKILLS}:{whose}", "Skills", search, optional=True)


def _new_skills(whose: str) -> Block:
    hint = "Separated by commas. They join the desk's list, and this person has them."
    typed = text(longest=500)
    return field(f"{NEW_SKILLS}:{whose}", "New skills", typed, hint=hint, optional=True)


def _away(whose: str, member: Member) -> Block:
    away = member.away_until if member.is_away(now()) else None
    day = {"initial_date": away.astimezone(zone_of(member.tz)).date().isoformat()} if away else {}
    picker = {"type": "datepicker", "action_id": VALUE, **day}
    hint = "From that morning on, where they live, they get tickets again. Empty: they are here."
    return field(f"{AWAY}:{whose}", "Away until", picker, hint=hint, optional=True)


def _capacity(whose: str, member: Member) -> Block:
    number = {
        "type": "number_input",
        "action_id": VALUE,
        "is_decimal_allowed": False,
        "min_value": "1",
        "max_value": str(MOST_TICKETS),
        **({"initial_value": str(member.capacity)} if member.capacity else {}),
    }
    hint = "Who has so many gets no more until one is resolved. Empty: any number."
    return field(f"{CAPACITY}:{whose}", "Most open tickets", number, hint=hint, optional=True)


def _doors() -> list[Block]:
    """What leads to the other forms, and to the pages that say how things stand."""
    return [
        buttons(row, *(button(page.OPEN, page.TITLE, value=page.OPEN) for page in pages))
        for row, pages in _DOORS.items()
    ]
