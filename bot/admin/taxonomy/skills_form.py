"""The skill form: name, synonyms, regular expressions, merge and removal."""

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
    plain_text,
    skill_menu,
    text_input,
)
from models.errors import InvalidInput
from models.messages.block_kit import section
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
_RENAME_HINT = "Members and open tickets get a new name, too. The old name becomes a synonym."
_ALIASES_HINT = "Separate with commas. A ticket that contains one of them needs this skill."
_PATTERNS_HINT = "One per line, for terms that synonyms cannot match, such as INC-\\d+."
_MERGE_HINT = "People, synonyms and regular expressions move to the other skill."
_GONE_TEXT = "This skill does not exist any more. Pick another one."


@dataclass(frozen=True, slots=True)
class SkillInput:
    """The submitted skill form.

    Attributes:
        current_name: None for a new skill.
        merge_into: the skill that replaces this one; None when it is not merged.
    """

    current_name: str | None
    skill: Skill
    merge_into: str | None


def render(skill: Skill | None = None) -> Block:
    """The form for the picked skill, or for a new one."""
    current_name = skill.name if skill else ""
    menu = skill_menu(
        PICK, placeholder="Pick a skill, or add one below", selected_name=current_name
    )
    name = text_input(current_name, max_length=MAX_NAME_LENGTH)
    aliases = text_input(", ".join(skill.aliases) if skill else "", max_length=_MAX_ALIASES_LENGTH)
    patterns = text_input(
        "\n".join(skill.patterns) if skill else "",
        max_length=_MAX_PATTERNS * (MAX_PATTERN_LENGTH + 1),
        multiline=True,
    )
    name_hint = _RENAME_HINT if skill else ""
    blocks = [
        input_field(f"{SKILL}:{current_name}", "Skill", menu, optional=True, dispatch_action=True),
        input_field(f"{NAME}:{current_name}", "Name", name, hint=name_hint, optional=True),
        input_field(
            f"{ALIASES}:{current_name}", "Synonyms", aliases, hint=_ALIASES_HINT, optional=True
        ),
        input_field(
            f"{PATTERNS}:{current_name}",
            "Regular expressions (RE2)",
            patterns,
            hint=_PATTERNS_HINT,
            optional=True,
        ),
    ]
    if skill:
        target = skill_menu(SEARCH_SKILLS, placeholder="Another skill")
        remove = button(REMOVE, "Remove this skill", value=current_name, style="danger")
        blocks += [
            input_field(
                f"{MERGE_INTO}:{current_name}",
                "Merge into",
                target,
                hint=_MERGE_HINT,
                optional=True,
            ),
            button_row("removal", remove),
        ]
    return modal(CALLBACK, TITLE, "Save", blocks, close=plain_text("Cancel"))


def render_removal_question(name: str, *, people: int, tickets: int) -> Block:
    """The question before a skill in use is removed."""
    people_text = f"{pluralize(people, 'person')} {'has' if people == 1 else 'have'}"
    people_text = people_text.replace("persons", "people")
    tickets_text = f"{pluralize(tickets, 'open ticket')} {'needs' if tickets == 1 else 'need'}"
    text = (
        f"{people_text} the skill *{escape(name)}*, and {tickets_text} it.\n"
        "Removing takes the skill from all of them. "
        "To keep it under another name, cancel and merge it."
    )
    blocks = [section(text[0].upper() + text[1:])]
    return modal(
        CONFIRM,
        "Remove a skill",
        "Remove",
        blocks,
        close=plain_text("Cancel"),
        private_metadata=name,
    )


def skill_options(taxonomy: Taxonomy, typed: str) -> list[Block]:
    """The menu options that match the typed text."""
    names = taxonomy.vocabulary.search(typed, limit=MAX_OPTIONS)
    return [option(name, name) for name in names]


def selected_skill(body: dict[str, Any]) -> str | None:
    """The name of the skill just picked."""
    selected = body["actions"][0].get("selected_option") or {}
    name: str | None = selected.get("value")
    return name


def read(view: dict[str, Any], taxonomy: Taxonomy) -> SkillInput:
    """The submitted values.

    Raises:
        InvalidInput: with a message for each invalid field.
    """
    form = SubmittedForm(view)
    current_name = form.subject(NAME)
    if form.selected_value(SKILL) != current_name:
        message = "The form was not ready yet. Pick the skill again."
        raise InvalidInput({form.block_id(SKILL): message})
    before = next((skill for skill in taxonomy.skills if skill.name == current_name), None)
    if current_name and before is None:
        raise InvalidInput({form.block_id(SKILL): _GONE_TEXT})
    errors: dict[str, str] = {}
    merge_into = _parse_merge_target(form, taxonomy, current_name, errors)
    name = _parse_name(form, taxonomy, current_name, errors)
    aliases = before.aliases if before and not form.has_changed(ALIASES) else _parse_aliases(form)
    if message := _find_alias_error(aliases, taxonomy, current_name):
        errors[form.block_id(ALIASES)] = message
    patterns = _parse_patterns(form, errors)
    if errors:
        raise InvalidInput(errors)
    skill = Skill(name=name, aliases=aliases, patterns=patterns)
    return SkillInput(current_name or None, skill, merge_into)


def _parse_merge_target(
    form: SubmittedForm, taxonomy: Taxonomy, current_name: str, errors: dict[str, str]
) -> str | None:
    selected = form.selected_value(MERGE_INTO)
    if not selected:
        return None
    target = taxonomy.vocabulary.canonical_name(selected)
    if target is None:
        errors[form.block_id(MERGE_INTO)] = _GONE_TEXT
    elif target == current_name:
        errors[form.block_id(MERGE_INTO)] = "A skill cannot be merged into itself."
    elif any(form.has_changed(name) for name in (NAME, ALIASES, PATTERNS)):
        errors[form.block_id(MERGE_INTO)] = "Change the skill or merge it, but not both at once."
    return target


def _parse_name(
    form: SubmittedForm, taxonomy: Taxonomy, current_name: str, errors: dict[str, str]
) -> str:
    name = " ".join(form.text(NAME).split())
    if not name and current_name:
        errors[form.block_id(NAME)] = "A skill needs a name. To remove it, use the button below."
    elif not name:
        errors[form.block_id(NAME)] = "Enter a name for the new skill, or pick a skill above."
    elif message := _find_term_error(name, taxonomy, current_name):
        errors[form.block_id(NAME)] = message
    return name


def _parse_patterns(form: SubmittedForm, errors: dict[str, str]) -> tuple[str, ...]:
    lines = [line.strip() for line in form.text(PATTERNS).splitlines()]
    patterns = tuple(dict.fromkeys(line for line in lines if line))
    block_id = form.block_id(PATTERNS)
    if len(patterns) > _MAX_PATTERNS:
        errors[block_id] = f"At most {_MAX_PATTERNS} regular expressions."
    for pattern in patterns:
        try:
            if compile_pattern(pattern).search(""):
                errors[block_id] = f"“{pattern}” matches every text."
        except ValueError as error:
            errors[block_id] = f"“{clip(pattern, 30)}” is not a regular expression: {error}"
    return patterns


def _parse_aliases(form: SubmittedForm) -> tuple[str, ...]:
    aliases = [" ".join(alias.split()) for alias in form.text(ALIASES).split(",")]
    return tuple(dict.fromkeys(alias for alias in aliases if alias))


def _find_alias_error(aliases: tuple[str, ...], taxonomy: Taxonomy, current_name: str) -> str:
    errors = (_find_term_error(alias, taxonomy, current_name) for alias in aliases)
    return next((error for error in errors if error), "")


def _find_term_error(term: str, taxonomy: Taxonomy, current_name: str) -> str:
    """The error in a name or synonym; empty when there is none."""
    if len(term) > MAX_NAME_LENGTH:
        return f"“{term[:20]}…” is too long: at most {MAX_NAME_LENGTH} characters."
    if not words(term) or "," in term:
        return f"“{term}” cannot be found in a text: it needs a letter or digit, and no comma."
    if other := taxonomy.skill_meaning(term, except_skill=current_name):
        return f"“{term}” is a synonym of {other} already."
    return ""
