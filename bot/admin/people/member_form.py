"""The member form: role, skills, maximum open tickets, absence, and confidential tickets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from bot.admin.integrations import api_token_form
from bot.payload import Payload
from bot.ui.form_fields import (
    checkbox,
    date_input,
    input_field,
    multi_skill_menu,
    number_input,
    option,
    person_menu,
    select_menu,
    text_input,
)
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view
from models.clock import utc_now
from models.errors import InvalidInput
from models.messages.block_kit import Block, Option, View, actions, button
from models.people.member import Member, Role
from models.text import clip, escape, join_names, slack_date, time_zone
from models.triage.taxonomy import MAX_NAME_LENGTH, MAX_SKILLS, Taxonomy

CALLBACK = "set_member"
TITLE = "Members"
OPEN, PICK_PERSON, SHOW_SETTINGS = "open_members", "pick_person", "show_settings"
PERSON, ROLE, SKILLS, NEW_SKILLS = "person", "role", "skills", "new_skills"
FIRST_DAY_BACK, CAPACITY, TRUSTED = "away", "capacity", "trusted"
MAX_OPEN_TICKETS = 999

_ROLE_LABELS = {Role.USER: "User", Role.MODERATOR: "Moderator", Role.ADMIN: "Admin"}


@dataclass(frozen=True, slots=True)
class MemberInput:
    """The submitted member form.

    Attributes:
        first_day_back: from this day on the member gets tickets again.
        unchanged_fields: the fields that the admin did not change.
    """

    slack_id: str
    role: Role
    skills: tuple[str, ...]
    new_skills: tuple[str, ...] = ()
    first_day_back: date | None = None
    capacity: int | None = None
    trusted: bool = False
    unchanged_fields: frozenset[str] = frozenset()

    def changes_for(self, member: Member) -> Mapping[str, Any]:
        """The changed fields, by their names in `Member`.

        Raises:
            InvalidInput: the first day back is not in the future.
        """
        back_at = _start_of_day(self.first_day_back, member.tz)
        if FIRST_DAY_BACK not in self.unchanged_fields and back_at and back_at <= utc_now():
            raise InvalidInput({FIRST_DAY_BACK: "Pick a date in the future."})
        values = {
            ROLE: ("role", self.role),
            SKILLS: ("skills", self.skills),
            FIRST_DAY_BACK: ("away_until", back_at),
            CAPACITY: ("capacity", self.capacity),
            TRUSTED: ("trusted", self.trusted),
        }
        return dict(change for name, change in values.items() if name not in self.unchanged_fields)


def render_picker() -> View:
    """The form before a person is picked."""
    return _form([_person_field(None), _SETTINGS_ROW])


def render(taxonomy: Taxonomy, member: Member) -> View:
    """The form with the current values of the member."""
    slack_id = member.slack_id
    current_names = (taxonomy.vocabulary.canonical_name(skill) for skill in member.skills)
    skills = list(dict.fromkeys(name for name in current_names if name))
    blocks = [
        _person_field(member),
        input_field(ROLE, "Role", select_menu(_role_options(), member.role), subject=slack_id),
        _skills_field(slack_id, skills),
        _new_skills_field(slack_id),
        _first_day_back_field(slack_id, member),
        _capacity_field(slack_id, member),
        input_field(
            TRUSTED,
            "Confidential tickets",
            checkbox("May see confidential tickets", TRUSTED, is_checked=member.trusted),
            subject=slack_id,
            optional=True,
        ),
        api_token_form.member_tokens_button(slack_id),
        _SETTINGS_ROW,
    ]
    return _form(blocks)


def read(view: Payload, taxonomy: Taxonomy) -> MemberInput:
    """The submitted values.

    Raises:
        InvalidInput: with a message for each invalid field.
    """
    form = SubmittedForm(view)
    slack_id = form.text(PERSON)
    if not slack_id:
        raise form.invalid_input({PERSON: "Pick a person."})
    # Until the form is redrawn for the picked person, it holds the fields of the previous one.
    if form.subject(ROLE) != slack_id:
        raise form.invalid_input({PERSON: "The form was not ready yet. Pick the person again."})
    new_skills = _parse_new_skills(form, taxonomy)
    selected = (taxonomy.vocabulary.canonical_name(name) for name in form.selected_values(SKILLS))
    skills = (*(name for name in selected if name), *new_skills)
    unchanged = {
        name
        for name in (ROLE, SKILLS, FIRST_DAY_BACK, CAPACITY, TRUSTED)
        if not form.has_changed(name)
    }
    return MemberInput(
        slack_id=slack_id,
        role=_parse_role(form),
        skills=tuple(dict.fromkeys(skills)),
        new_skills=tuple(n for n in new_skills if taxonomy.vocabulary.canonical_name(n) is None),
        first_day_back=_parse_first_day_back(form),
        capacity=_parse_capacity(form),
        trusted=TRUSTED in form.selected_values(TRUSTED),
        unchanged_fields=frozenset(unchanged - {SKILLS} if new_skills else unchanged),
    )


def confirmation_text(member: Member) -> str:
    """The saved member, in a few sentences (mrkdwn)."""
    details = []
    if member.capacity:
        details.append(f"Maximum open tickets: {member.capacity}.")
    if member.away_until and member.is_away(utc_now()):
        details.append(f"Out of office until {slack_date(member.away_until)}.")
    if member.trusted:
        details.append("May see confidential tickets.")
    skills = escape(clip(join_names(member.skills), 500))
    return " ".join(
        [
            f"*<@{member.slack_id}>* is saved.",
            f"Role: {_ROLE_LABELS[member.role].lower()}.",
            f"Skills: {skills}.",
            *details,
        ]
    )


def _form(blocks: list[Block]) -> View:
    return form_view(CALLBACK, TITLE, blocks, submit="Save")


def _parse_role(form: SubmittedForm) -> Role:
    role = form.selected_value(ROLE)
    if role not in set(Role):
        raise form.invalid_input({ROLE: "Choose a role."})
    return Role(role)


def _parse_first_day_back(form: SubmittedForm) -> date | None:
    try:
        return date.fromisoformat(form.text(FIRST_DAY_BACK)) if form.text(FIRST_DAY_BACK) else None
    except ValueError:
        raise form.invalid_input({FIRST_DAY_BACK: "Pick a date."}) from None


def _parse_capacity(form: SubmittedForm) -> int | None:
    text = form.text(CAPACITY)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_OPEN_TICKETS):
        message = f"Enter a whole number from 1 to {MAX_OPEN_TICKETS}, or leave the field empty."
        raise form.invalid_input({CAPACITY: message})
    return int(text)


def _parse_new_skills(form: SubmittedForm, taxonomy: Taxonomy) -> tuple[str, ...]:
    """The typed skills; an existing skill gets the name that the list has for it."""
    names = [" ".join(name.split()) for name in form.text(NEW_SKILLS).split(",")]
    skills = [taxonomy.vocabulary.canonical_name(name) or name for name in names if name]
    if any(len(name) > MAX_NAME_LENGTH for name in skills):
        raise form.invalid_input(
            {NEW_SKILLS: f"A skill name has at most {MAX_NAME_LENGTH} characters."}
        )
    if any(not any(c.isalnum() for c in name) for name in skills):
        raise form.invalid_input({NEW_SKILLS: "A skill name needs at least one letter or digit."})
    if len({*taxonomy.vocabulary.names, *skills}) > MAX_SKILLS:
        raise form.invalid_input(
            {NEW_SKILLS: f"The list of skills is full: at most {MAX_SKILLS} skills."}
        )
    return tuple(skills)


def _start_of_day(day: date | None, tz: str) -> datetime | None:
    """The start of a day in a time zone, in UTC."""
    return datetime.combine(day, time.min, tzinfo=time_zone(tz)).astimezone(UTC) if day else None


def _person_field(member: Member | None) -> Block:
    selected_id = member.slack_id if member else ""
    menu = person_menu(selected_id, action_id=PICK_PERSON, placeholder="Pick a person")
    # Slack sends the pick at once, and the form is redrawn for this person.
    return input_field(PERSON, "Person", menu, sends_changes=True)


def _role_options() -> list[Option]:
    return [option(text, role.value) for role, text in _ROLE_LABELS.items()]


def _skills_field(slack_id: str, names: list[str]) -> Block:
    menu = multi_skill_menu(names, placeholder="Type to search")
    return input_field(SKILLS, "Skills", menu, subject=slack_id, optional=True)


def _new_skills_field(slack_id: str) -> Block:
    hint = "Separate with commas. New skills are added to the list and given to this member."
    element = text_input(max_length=500)
    return input_field(
        NEW_SKILLS, "New skills", element, subject=slack_id, hint=hint, optional=True
    )


def _first_day_back_field(slack_id: str, member: Member) -> Block:
    away_until = member.away_until if member.is_away(utc_now()) else None
    first_day = away_until.astimezone(time_zone(member.tz)).date() if away_until else None
    return input_field(
        FIRST_DAY_BACK,
        "Out of office until",
        date_input(first_day),
        subject=slack_id,
        hint="First day back, in their time zone. Leave empty if they are available.",
        optional=True,
    )


def _capacity_field(slack_id: str, member: Member) -> Block:
    return input_field(
        CAPACITY,
        "Maximum open tickets",
        number_input(member.capacity, min_value=1, max_value=MAX_OPEN_TICKETS),
        subject=slack_id,
        hint="No new tickets are offered at this limit. Leave empty for no limit.",
        optional=True,
    )


_SETTINGS_ROW = actions(SHOW_SETTINGS, button(SHOW_SETTINGS, "All settings", value=SHOW_SETTINGS))
