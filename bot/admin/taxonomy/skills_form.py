"""The form in which an admin keeps the desk's skills: a name, other words for it, merge, remove."""

from dataclasses import dataclass
from typing import Any

from bot.ui.form_fields import (
    SEARCH_SKILLS,
    SubmittedForm,
    button,
    button_row,
    input_field,
    modal,
    option,
    skill_menu,
    text_input,
)
from models.errors import InvalidInput
from models.messages.cards import Block
from models.text import clip, escape, pluralize
from models.triage.safe_regex import MAX_PATTERN_LENGTH, compile_pattern
from models.triage.skills import Skill, words
from models.triage.taxonomy import MAX_NAME_LENGTH, Taxonomy

CALLBACK = "save_skill"
TITLE = "Skills"
OPEN, PICK, REMOVE, CONFIRM = "manage_skills", "pick_skill", "remove_skill", "confirm_removal"
SKILL, NAME, ALIASES, PATTERNS, MERGE_INTO = "skill", "name", "aliases", "patterns", "into"
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select
MAX_OPTIONS = 100
_MAX_ALIASES_LENGTH = 3000
_MAX_PATTERNS = 5


@dataclass(frozen=True, slots=True)
class SkillInput:
    """What an admin wants of a skill.

    Attributes:
        name: what it is called now; None: it is a new one.
        into: the one that is to take its place, if one is.
    """

    current_name: str | None
    skill: Skill
    merge_into: str | None


def render(skill: Skill | None = None) -> Block:
    """The form: for a new skill, or for the one picked."""
    about = skill.name if skill else ""
    search = skill_menu(PICK, placeholder="Pick one, or add a new one below", selected_name=about)
    name = text_input(about, max_length=MAX_NAME_LENGTH)
    aliases = text_input(", ".join(skill.aliases) if skill else "", max_length=_MAX_ALIASES_LENGTH)
    patterns = text_input(
        "\n".join(skill.patterns) if skill else "",
        max_length=_MAX_PATTERNS * (MAX_PATTERN_LENGTH + 1),
        multiline=True,
    )
    blocks = [
        input_field(f"{SKILL}:{about}", "Skill", search, optional=True, dispatch_action=True),
        input_field(
            f"{NAME}:{about}", "Name", name, hint=_RENAME_HINT if skill else "", optional=True
        ),
        input_field(
            f"{ALIASES}:{about}", "Other words for it", aliases, hint=_ALIASES_HINT, optional=True
        ),
        input_field(
            f"{PATTERNS}:{about}", "Patterns", patterns, hint=_PATTERNS_HINT, optional=True
        ),
    ]
    if skill:
        into = skill_menu(SEARCH_SKILLS, placeholder="Another skill")
        blocks += [
            input_field(
                f"{MERGE_INTO}:{about}", "Merge it into", into, hint=_MERGE_HINT, optional=True
            ),
            button_row("removal", button(REMOVE, "Remove this skill", value=about, style="danger")),
        ]
    return modal(CALLBACK, TITLE, "Save", blocks)


_RENAME_HINT = (
    "A new name follows to people and open tickets; the old one stays another word for it."
)
_ALIASES_HINT = "Separated by commas. Where one stands in a ticket, the ticket needs the skill."
_PATTERNS_HINT = "For what words can't say, like INC-\\d+: one in a line, as RE2 reads them."
_MERGE_HINT = (
    "All words for this one then stand for that one, and whoever has this one has that one."
)


def render_removal_question(name: str, *, people: int, tickets: int) -> Block:
    """What asks whether a skill that is in use is really to be removed."""
    known = f"{pluralize(people, 'person')} {'has' if people == 1 else 'have'}"
    known = known.replace("persons", "people")
    needed = f"{pluralize(tickets, 'open ticket')} {'needs' if tickets == 1 else 'need'}"
    says = (
        f"{known} the skill *{escape(name)}*, and {needed} it.\n"
        "They all lose it. To keep it under another name, go back and merge it."
    )
    section = {"type": "section", "text": {"type": "mrkdwn", "text": says.capitalize()}}
    return modal(CONFIRM, "Remove a skill", "Remove", [section], private_metadata=name)


def skill_options(taxonomy: Taxonomy, typed: str) -> list[Block]:
    """What a menu of skills offers for what was typed."""
    names = taxonomy.vocabulary.search(typed, limit=MAX_OPTIONS)
    return [option(name, name) for name in names]


def selected_skill(body: dict[str, Any]) -> str | None:
    """The skill just picked."""
    chosen = body["actions"][0].get("selected_option") or {}
    name: str | None = chosen.get("value")
    return name


def read(view: dict[str, Any], taxonomy: Taxonomy) -> SkillInput:
    """What is wanted.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    sent = SubmittedForm(view)
    about = sent.subject(NAME)
    if sent.selected_value(SKILL) != about:
        unready = "The form was not ready yet. Please pick the skill again."
        raise InvalidInput({sent.block_id(SKILL): unready})
    known = {skill.name: skill for skill in taxonomy.skills}
    before = known.get(about)
    if about and before is None:
        gone = "The desk does not have it any more. Please pick another one."
        raise InvalidInput({sent.block_id(SKILL): gone})
    faults: dict[str, str] = {}
    into = _parse_merge_target(sent, taxonomy, about, faults)
    name = _parse_name(sent, taxonomy, about, faults)
    aliases = before.aliases if before and not sent.has_changed(ALIASES) else _parse_aliases(sent)
    if says := _find_alias_error(aliases, taxonomy, about):
        faults[sent.block_id(ALIASES)] = says
    patterns = _parse_patterns(sent, faults)
    if faults:
        raise InvalidInput(faults)
    skill = Skill(name=name, aliases=aliases, patterns=patterns)
    return SkillInput(about or None, skill, into)


def _parse_merge_target(
    form: SubmittedForm, taxonomy: Taxonomy, current_name: str, errors: dict[str, str]
) -> str | None:
    chosen = form.selected_value(MERGE_INTO)
    if not chosen:
        return None
    into = taxonomy.vocabulary.canonical_name(chosen)
    if into is None:
        errors[form.block_id(MERGE_INTO)] = (
            "The desk does not have it any more. Please pick another one."
        )
    elif into == current_name:
        errors[form.block_id(MERGE_INTO)] = "A skill can't be merged into itself."
    elif any(form.has_changed(name) for name in (NAME, ALIASES, PATTERNS)):
        errors[form.block_id(MERGE_INTO)] = "Please do one thing at a time: rename it, or merge it."
    return into


def _parse_name(
    form: SubmittedForm, taxonomy: Taxonomy, current_name: str, errors: dict[str, str]
) -> str:
    name = " ".join(form.text(NAME).split())
    if not name and current_name:
        errors[form.block_id(NAME)] = "A skill needs a name. To be rid of it, use the button below."
    elif not name:
        errors[form.block_id(NAME)] = "Please give the new skill a name, or pick one above."
    elif says := _find_term_error(name, taxonomy, current_name):
        errors[form.block_id(NAME)] = says
    return name


def _parse_patterns(form: SubmittedForm, errors: dict[str, str]) -> tuple[str, ...]:
    lines = [line.strip() for line in form.text(PATTERNS).splitlines()]
    patterns = tuple(dict.fromkeys(line for line in lines if line))
    if len(patterns) > _MAX_PATTERNS:
        errors[form.block_id(PATTERNS)] = f"At most {_MAX_PATTERNS} patterns fit."
    for pattern in patterns:
        try:
            if compile_pattern(pattern).search(""):
                errors[form.block_id(PATTERNS)] = f"“{pattern}” fits any text at all."
        except ValueError as wrong:
            errors[form.block_id(PATTERNS)] = f"“{clip(pattern, 30)}” is no pattern: {wrong}"
    return patterns


def _parse_aliases(form: SubmittedForm) -> tuple[str, ...]:
    typed = [" ".join(alias.split()) for alias in form.text(ALIASES).split(",")]
    return tuple(dict.fromkeys(alias for alias in typed if alias))


def _find_alias_error(aliases: tuple[str, ...], taxonomy: Taxonomy, current_name: str) -> str:
    faults = (_find_term_error(alias, taxonomy, current_name) for alias in aliases)
    return next((says for says in faults if says), "")


def _find_term_error(term: str, taxonomy: Taxonomy, current_name: str) -> str:
    """What is wrong with a name or another word, if something is."""
    if len(term) > MAX_NAME_LENGTH:
        return f"“{term[:20]}…” is too long: at most {MAX_NAME_LENGTH} characters fit."
    if not words(term) or "," in term:
        return f"“{term}” can't be found in a text: it needs a letter or digit, and no comma."
    if other := taxonomy.skill_meaning(term, except_skill=current_name):
        return f"“{term}” is another word for {other} already."
    return ""
