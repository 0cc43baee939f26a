"""The skill form: name, synonyms, regular expressions, merge and removal."""

from dataclasses import dataclass

from bot.payload import Payload
from bot.ui.form_fields import SEARCH_SKILLS, input_field, option, skill_menu, text_input
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view
from models.messages.block_kit import (
    Block,
    Element,
    Option,
    View,
    actions,
    button,
    removal_confirmation,
)
from models.text import clip, pluralize
from models.triage.safe_regex import MAX_PATTERN_LENGTH, compile_pattern
from models.triage.skills import Skill, words
from models.triage.taxonomy import MAX_NAME_LENGTH, Taxonomy

CALLBACK = "save_skill"
TITLE = "Skills"
OPEN, PICK, REMOVE = "manage_skills", "pick_skill", "remove_skill"
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


def render(skill: Skill | None = None, *, people: int = 0, tickets: int = 0) -> View:
    """The form for the picked skill, or for a new one.

    Args:
        people: the number of people who have the skill.
        tickets: the number of open tickets that need the skill.
    """
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

    def optional_field(field_name: str, label: str, element: Element, hint: str) -> Block:
        return input_field(
            field_name, label, element, subject=current_name, hint=hint, optional=True
        )

    blocks = [
        input_field(SKILL, "Skill", menu, subject=current_name, optional=True, sends_changes=True),
        optional_field(NAME, "Name", name, _RENAME_HINT if skill else ""),
        optional_field(ALIASES, "Synonyms", aliases, _ALIASES_HINT),
        optional_field(PATTERNS, "Regular expressions (RE2)", patterns, _PATTERNS_HINT),
    ]
    if skill:
        target = skill_menu(SEARCH_SKILLS, placeholder="Another skill")
        blocks += [
            optional_field(MERGE_INTO, "Merge into", target, _MERGE_HINT),
            actions("removal", _remove_button(skill, people=people, tickets=tickets)),
        ]
    return form_view(CALLBACK, TITLE, blocks, submit="Save")


def _remove_button(skill: Skill, *, people: int, tickets: int) -> Element:
    return button(
        REMOVE,
        "Remove this skill",
        value=skill.name,
        style="danger",
        confirmation=removal_confirmation(
            f"Remove the skill {skill.name}?",
            _removal_consequence(people=people, tickets=tickets),
            confirm="Remove",
        ),
    )


def _removal_consequence(*, people: int, tickets: int) -> str:
    if not people and not tickets:
        return "Nobody has this skill, and no open ticket needs it."
    has, need = "has" if people == 1 else "have", "needs" if tickets == 1 else "need"
    people_text = pluralize(people, "person").replace("persons", "people")
    usage = f"{people_text} {has} this skill, and {pluralize(tickets, 'open ticket')} {need} it."
    return (
        f"{usage[0].upper()}{usage[1:]} Removing takes the skill from all of them. "
        "To give them another skill, merge this one."
    )


def skill_options(taxonomy: Taxonomy, typed: str) -> list[Option]:
    """The menu options that match the typed text."""
    names = taxonomy.vocabulary.search(typed, limit=MAX_OPTIONS)
    return [option(name, name) for name in names]


def read(view: Payload, taxonomy: Taxonomy) -> SkillInput:
    """The submitted values.

    Raises:
        InvalidInput: with a message for each invalid field.
    """
    form = SubmittedForm(view)
    current_name = form.subject(NAME)
    if form.selected_value(SKILL) != current_name:
        message = "The form was not ready yet. Pick the skill again."
        raise form.invalid_input({SKILL: message})
    before = next((skill for skill in taxonomy.skills if skill.name == current_name), None)
    if current_name and before is None:
        raise form.invalid_input({SKILL: _GONE_TEXT})
    errors: dict[str, str] = {}
    merge_into = _parse_merge_target(form, taxonomy, current_name, errors)
    name = _parse_name(form, taxonomy, current_name, errors)
    aliases = before.aliases if before and not form.has_changed(ALIASES) else _parse_aliases(form)
    if message := _find_alias_error(aliases, taxonomy, current_name):
        errors[ALIASES] = message
    patterns = _parse_patterns(form, errors)
    if errors:
        raise form.invalid_input(errors)
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
        errors[MERGE_INTO] = _GONE_TEXT
    elif target == current_name:
        errors[MERGE_INTO] = "A skill cannot be merged into itself."
    elif any(form.has_changed(name) for name in (NAME, ALIASES, PATTERNS)):
        errors[MERGE_INTO] = "Change the skill or merge it, but not both at once."
    return target


def _parse_name(
    form: SubmittedForm, taxonomy: Taxonomy, current_name: str, errors: dict[str, str]
) -> str:
    name = " ".join(form.text(NAME).split())
    if not name and current_name:
        errors[NAME] = "A skill needs a name. To remove it, use the button below."
    elif not name:
        errors[NAME] = "Enter a name for the new skill, or pick a skill above."
    elif message := _find_term_error(name, taxonomy, current_name):
        errors[NAME] = message
    return name


def _parse_patterns(form: SubmittedForm, errors: dict[str, str]) -> tuple[str, ...]:
    lines = [line.strip() for line in form.text(PATTERNS).splitlines()]
    patterns = tuple(dict.fromkeys(line for line in lines if line))
    if len(patterns) > _MAX_PATTERNS:
        errors[PATTERNS] = f"At most {_MAX_PATTERNS} regular expressions."
    for pattern in patterns:
        try:
            if compile_pattern(pattern).search(""):
                errors[PATTERNS] = f"“{pattern}” matches every text."
        except ValueError as error:
            errors[PATTERNS] = f"“{clip(pattern, 30)}” is not a regular expression: {error}"
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
