"""The form about a person: role, skills, how long away, how many tickets; drawn, and read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from bot.admin.integrations import api_token_form, webhooks_form
from bot.admin.people import guest_policy_form
from bot.admin.reports import ai_request_log_view, audit_log_view, health_view, triage_accuracy_view
from bot.admin.taxonomy import categories_form, dry_run_form, skills_form
from bot.ui.form_fields import (
    INPUT_ACTION_ID,
    SubmittedForm,
    button,
    button_row,
    checkbox,
    input_field,
    modal,
    multi_skill_menu,
    option,
    plain_text,
    select_menu,
    text_input,
)
from models.clock import utc_now
from models.errors import InvalidInput
from models.messages.cards import Block
from models.people.member import Member, Role
from models.text import clip, escape, join_names, pluralize, slack_date, time_zone
from models.triage.taxonomy import MAX_NAME_LENGTH, MAX_SKILLS, Taxonomy

CALLBACK = "set_member"
PERSON, ROLE, SKILLS, NEW_SKILLS = "person", "role", "skills", "new_skills"
FIRST_DAY_BACK, CAPACITY, TRUSTED = "away", "capacity", "trusted"
PICK_PERSON = "pick_person"
MAX_OPEN_TICKETS = 999

_NAVIGATION = {
    "forms": (skills_form, categories_form, guest_policy_form, webhooks_form),
    "pages": (dry_run_form, health_view, triage_accuracy_view, ai_request_log_view, audit_log_view),
}
_ROLE_LABELS = {Role.USER: "User", Role.MODERATOR: "Moderator", Role.ADMIN: "Admin"}


@dataclass(frozen=True, slots=True)
class MemberInput:
    """What an admin has decided about a person.

    Attributes:
        back: the day from which they get tickets again.
        left: the fields that the admin has left as they were shown.
    """

    slack_id: str
    role: Role
    skills: tuple[str, ...]
    new_skills: tuple[str, ...] = ()
    first_day_back: date | None = None
    capacity: int | None = None
    trusted: bool = False
    unchanged_fields: frozenset[str] = frozenset()

    def changes_for(self, member: Member) -> dict[str, Any]:
        """What is new about them, by the name it has in `Member`.

        Raises:
            InvalidDraft: the day from which they are here again is past.
        """
        back = _start_of_day(self.first_day_back, member.tz)
        if FIRST_DAY_BACK not in self.unchanged_fields and back and back <= utc_now():
            past = "Please pick a day to come; who is here is not away."
            raise InvalidInput({f"{FIRST_DAY_BACK}:{self.slack_id}": past})
        decided = {
            ROLE: ("role", self.role),
            SKILLS: ("skills", self.skills),
            FIRST_DAY_BACK: ("away_until", back),
            CAPACITY: ("capacity", self.capacity),
            TRUSTED: ("trusted", self.trusted),
        }
        return dict(what for name, what in decided.items() if name not in self.unchanged_fields)


def errors_by_block_id(errors: Mapping[str, str], member: Member) -> dict[str, str]:
    """The sentences about a person, by the ids of the form's blocks."""
    return {
        PERSON if name == PERSON else f"{name}:{member.slack_id}": said
        for name, said in errors.items()
    }


def render(taxonomy: Taxonomy, member: Member | None = None) -> Block:
    """The form; once a person is picked, with all that is known of them."""
    # Slack keeps what stands in a field while its block id stays; another person is another field.
    whose = member.slack_id if member else ""
    shown = member or Member(team_id="", slack_id="", role=Role.MODERATOR)
    has = [taxonomy.vocabulary.canonical_name(skill) for skill in shown.skills]
    blocks = [
        *_navigation_rows(),
        {"type": "divider"},
        _person_field(member),
        input_field(f"{ROLE}:{whose}", "Role", select_menu(_role_options(), shown.role)),
        _skills_field(whose, list(dict.fromkeys(skill for skill in has if skill))),
        _new_skills_field(whose),
        _first_day_back_field(whose, shown),
        _capacity_field(whose, shown),
        input_field(
            f"{TRUSTED}:{whose}",
            "Confidential tickets",
            checkbox("May see confidential tickets", TRUSTED, is_checked=shown.trusted),
            optional=True,
        ),
    ]
    if member:
        blocks.append(api_token_form.member_tokens_button(member.slack_id))
    return modal(CALLBACK, "People", "Save", blocks, close=plain_text("Close"))


def selected_person(body: dict[str, Any]) -> str | None:
    """The person an admin has just picked."""
    action = body["actions"][0]
    slack_id: str | None = action.get("selected_user")
    return slack_id


def read(view: dict[str, Any], taxonomy: Taxonomy) -> MemberInput:
    """What the admin has decided.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    sent = SubmittedForm(view)
    slack_id = sent.text(PERSON)
    if not slack_id:
        raise InvalidInput({PERSON: "Please pick a person."})
    # Until the form is drawn for the person picked, it holds the role and skills of another one.
    if sent.subject(ROLE) != slack_id:
        raise InvalidInput({PERSON: "The form was not ready yet. Please pick the person again."})
    new = _parse_new_skills(sent, taxonomy)
    known = [taxonomy.vocabulary.canonical_name(name) for name in sent.selected_values(SKILLS)]
    skills = (*(skill for skill in known if skill), *new)
    left = {
        name
        for name in (ROLE, SKILLS, FIRST_DAY_BACK, CAPACITY, TRUSTED)
        if not sent.has_changed(name)
    }
    return MemberInput(
        slack_id=slack_id,
        role=_parse_role(sent),
        skills=tuple(dict.fromkeys(skills)),
        new_skills=tuple(n for n in new if taxonomy.vocabulary.canonical_name(n) is None),
        first_day_back=_parse_first_day_back(sent),
        capacity=_parse_capacity(sent),
        trusted=TRUSTED in sent.selected_values(TRUSTED),
        unchanged_fields=frozenset(left - {SKILLS} if new else left),
    )


def confirmation_text(member: Member) -> str:
    """What the admin is told (mrkdwn)."""
    more = []
    if member.away_until and member.is_away(utc_now()):
        more.append(f"Away until {slack_date(member.away_until)}.")
    if member.capacity:
        more.append(f"At most {pluralize(member.capacity, 'open ticket')}.")
    if member.trusted:
        more.append("May see confidential tickets.")
    skills = f"Skills: {escape(clip(join_names(member.skills), 500))}."
    return " ".join(
        [f"*<@{member.slack_id}>* is now: {_ROLE_LABELS[member.role].lower()}.", skills, *more]
    )


def _parse_role(form: SubmittedForm) -> Role:
    role = form.selected_value(ROLE)
    if role not in set(Role):
        raise InvalidInput({form.block_id(ROLE): "Please choose a role."})
    return Role(role)


def _parse_first_day_back(form: SubmittedForm) -> date | None:
    try:
        return date.fromisoformat(form.text(FIRST_DAY_BACK)) if form.text(FIRST_DAY_BACK) else None
    except ValueError:
        raise InvalidInput({form.block_id(FIRST_DAY_BACK): "Please pick a day."}) from None


def _parse_capacity(form: SubmittedForm) -> int | None:
    typed = form.text(CAPACITY)
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and 1 <= int(typed[:9]) <= MAX_OPEN_TICKETS):
        says = f"Please give a whole number from 1 to {MAX_OPEN_TICKETS}, or none."
        raise InvalidInput({form.block_id(CAPACITY): says})
    return int(typed)


def _parse_new_skills(form: SubmittedForm, taxonomy: Taxonomy) -> tuple[str, ...]:
    """The skills typed by hand, those the desk has under the name it has them."""
    at = form.block_id(NEW_SKILLS)
    names = [" ".join(name.split()) for name in form.text(NEW_SKILLS).split(",")]
    skills = [taxonomy.vocabulary.canonical_name(name) or name for name in names if name]
    if any(len(name) > MAX_NAME_LENGTH for name in skills):
        raise InvalidInput({at: f"A skill's name has at most {MAX_NAME_LENGTH} characters."})
    if any(not any(c.isalnum() for c in name) for name in skills):
        raise InvalidInput({at: "A skill's name has at least one letter or digit."})
    if len({*taxonomy.vocabulary.names, *skills}) > MAX_SKILLS:
        raise InvalidInput({at: f"The desk has room for {MAX_SKILLS} skills."})
    return tuple(skills)


def _start_of_day(day: date | None, tz: str) -> datetime | None:
    """When a day begins for who lives in that time zone."""
    return datetime.combine(day, time.min, tzinfo=time_zone(tz)).astimezone(UTC) if day else None


def _person_field(member: Member | None) -> Block:
    picker = {
        "type": "users_select",
        "action_id": PICK_PERSON,
        "placeholder": plain_text("Pick a person"),
        **({"initial_user": member.slack_id} if member else {}),
    }
    # Picking somebody redraws the form with what is known of them.
    return input_field(PERSON, "Person", picker, dispatch_action=True)


def _role_options() -> list[Block]:
    return [option(text, role.value) for role, text in _ROLE_LABELS.items()]


def _skills_field(slack_id: str, names: list[str]) -> Block:
    search = multi_skill_menu(names, placeholder="What they know: type to search")
    return input_field(f"{SKILLS}:{slack_id}", "Skills", search, optional=True)


def _new_skills_field(slack_id: str) -> Block:
    hint = "Separated by commas. They join the desk's list, and this person has them."
    typed = text_input(max_length=500)
    return input_field(f"{NEW_SKILLS}:{slack_id}", "New skills", typed, hint=hint, optional=True)


def _first_day_back_field(slack_id: str, member: Member) -> Block:
    away = member.away_until if member.is_away(utc_now()) else None
    day = {"initial_date": away.astimezone(time_zone(member.tz)).date().isoformat()} if away else {}
    picker = {"type": "datepicker", "action_id": INPUT_ACTION_ID, **day}
    hint = "From that morning on, where they live, they get tickets again. Empty: they are here."
    return input_field(
        f"{FIRST_DAY_BACK}:{slack_id}", "Away until", picker, hint=hint, optional=True
    )


def _capacity_field(slack_id: str, member: Member) -> Block:
    number = {
        "type": "number_input",
        "action_id": INPUT_ACTION_ID,
        "is_decimal_allowed": False,
        "min_value": "1",
        "max_value": str(MAX_OPEN_TICKETS),
        **({"initial_value": str(member.capacity)} if member.capacity else {}),
    }
    hint = "Who has so many gets no more until one is resolved. Empty: any number."
    return input_field(
        f"{CAPACITY}:{slack_id}", "Most open tickets", number, hint=hint, optional=True
    )


def _navigation_rows() -> list[Block]:
    """What leads to the other forms, and to the pages that say how things stand."""
    return [
        button_row(row, *(button(page.OPEN, page.TITLE, value=page.OPEN) for page in pages))
        for row, pages in _NAVIGATION.items()
    ]
