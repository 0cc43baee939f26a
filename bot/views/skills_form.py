"""The form in which an admin keeps the desk's skills: a name, other words for it, merge, remove."""

from dataclasses import dataclass
from typing import Any

from bot.views.fields import (
    SEARCH_SKILLS,
    Sent,
    button,
    buttons,
    field,
    modal,
    option,
    skill_search,
    text,
)
from models.cards import Block
from models.configuration import NAME_LENGTH, Configuration
from models.errors import InvalidDraft
from models.pattern import LONGEST, compiled
from models.skill import Skill, words
from models.wording import clip, counted, escape

CALLBACK = "save_skill"
TITLE = "Skills"
OPEN, PICK, REMOVE, CONFIRM = "manage_skills", "pick_skill", "remove_skill", "confirm_removal"
SKILL, NAME, ALIASES, PATTERNS, INTO = "skill", "name", "aliases", "patterns", "into"
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select
MOST_OFFERED = 100
_ALIASES_LENGTH = 3000
_MOST_PATTERNS = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an admin wants of a skill.

    Attributes:
        name: what it is called now; None: it is a new one.
        into: the one that is to take its place, if one is.
    """

    name: str | None
    skill: Skill
    into: str | None


def draw(skill: Skill | None = None) -> Block:
    """The form: for a new skill, or for the one picked."""
    about = skill.name if skill else ""
    search = skill_search(PICK, says="Pick one, or add a new one below", chosen=about)
    name = text(about, longest=NAME_LENGTH)
    aliases = text(", ".join(skill.aliases) if skill else "", longest=_ALIASES_LENGTH)
    patterns = text(
        "\n".join(skill.patterns) if skill else "",
        longest=_MOST_PATTERNS * (LONGEST + 1),
        multiline=True,
    )
    blocks = [
        field(f"{SKILL}:{about}", "Skill", search, optional=True, dispatch_action=True),
        field(f"{NAME}:{about}", "Name", name, hint=_FOLLOWS if skill else "", optional=True),
        field(f"{ALIASES}:{about}", "Other words for it", aliases, hint=_COMMAS, optional=True),
        field(f"{PATTERNS}:{about}", "Patterns", patterns, hint=_LINES, optional=True),
    ]
    if skill:
        into = skill_search(SEARCH_SKILLS, says="Another skill")
        blocks += [
            field(f"{INTO}:{about}", "Merge it into", into, hint=_MERGED, optional=True),
            buttons("removal", button(REMOVE, "Remove this skill", value=about, style="danger")),
        ]
    return modal(CALLBACK, TITLE, "Save", blocks)


_FOLLOWS = "A new name follows to people and open tickets; the old one stays another word for it."
_COMMAS = "Separated by commas. Where one stands in a ticket, the ticket needs the skill."
_LINES = "For what words can't say, like INC-\\d+: one in a line, as RE2 reads them."
_MERGED = "All words for this one then stand for that one, and whoever has this one has that one."


def ask(name: str, *, people: int, tickets: int) -> Block:
    """What asks whether a skill that is in use is really to be removed."""
    known = f"{counted(people, 'person')} {'has' if people == 1 else 'have'}"
    known = known.replace("persons", "people")
    needed = f"{counted(tickets, 'open ticket')} {'needs' if tickets == 1 else 'need'}"
    says = (
        f"{known} the skill *{escape(name)}*, and {needed} it.\n"
        "They all lose it. To keep it under another name, go back and merge it."
    )
    section = {"type": "section", "text": {"type": "mrkdwn", "text": says.capitalize()}}
    return modal(CONFIRM, "Remove a skill", "Remove", [section], private_metadata=name)


def offered(configuration: Configuration, typed: str) -> list[Block]:
    """What a menu of skills offers for what was typed."""
    names = configuration.vocabulary.search(typed, most=MOST_OFFERED)
    return [option(name, name) for name in names]


def picked(body: dict[str, Any]) -> str | None:
    """The skill just picked."""
    chosen = body["actions"][0].get("selected_option") or {}
    name: str | None = chosen.get("value")
    return name


def read(view: dict[str, Any], configuration: Configuration) -> Wanted:
    """What is wanted.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    sent = Sent(view)
    about = sent.about(NAME)
    if sent.choice(SKILL) != about:
        unready = "The form was not ready yet. Please pick the skill again."
        raise InvalidDraft({sent.block(SKILL): unready})
    known = {skill.name: skill for skill in configuration.skills}
    before = known.get(about)
    if about and before is None:
        gone = "The desk does not have it any more. Please pick another one."
        raise InvalidDraft({sent.block(SKILL): gone})
    faults: dict[str, str] = {}
    into = _into(sent, configuration, about, faults)
    name = _name(sent, configuration, about, faults)
    aliases = before.aliases if before and not sent.changed(ALIASES) else _aliases(sent)
    if says := _fault_of_all(aliases, configuration, about):
        faults[sent.block(ALIASES)] = says
    patterns = _patterns(sent, faults)
    if faults:
        raise InvalidDraft(faults)
    skill = Skill(name=name, aliases=aliases, patterns=patterns)
    return Wanted(about or None, skill, into)


def _into(
    sent: Sent, configuration: Configuration, about: str, faults: dict[str, str]
) -> str | None:
    chosen = sent.choice(INTO)
    if not chosen:
        return None
    into = configuration.vocabulary.canonical(chosen)
    if into is None:
        faults[sent.block(INTO)] = "The desk does not have it any more. Please pick another one."
    elif into == about:
        faults[sent.block(INTO)] = "A skill can't be merged into itself."
    elif any(sent.changed(name) for name in (NAME, ALIASES, PATTERNS)):
        faults[sent.block(INTO)] = "Please do one thing at a time: rename it, or merge it."
    return into


def _name(sent: Sent, configuration: Configuration, about: str, faults: dict[str, str]) -> str:
    name = " ".join(sent.text(NAME).split())
    if not name and about:
        faults[sent.block(NAME)] = "A skill needs a name. To be rid of it, use the button below."
    elif not name:
        faults[sent.block(NAME)] = "Please give the new skill a name, or pick one above."
    elif says := _fault(name, configuration, about):
        faults[sent.block(NAME)] = says
    return name


def _patterns(sent: Sent, faults: dict[str, str]) -> tuple[str, ...]:
    lines = [line.strip() for line in sent.text(PATTERNS).splitlines()]
    patterns = tuple(dict.fromkeys(line for line in lines if line))
    if len(patterns) > _MOST_PATTERNS:
        faults[sent.block(PATTERNS)] = f"At most {_MOST_PATTERNS} patterns fit."
    for pattern in patterns:
        try:
            if compiled(pattern).search(""):
                faults[sent.block(PATTERNS)] = f"“{pattern}” fits any text at all."
        except ValueError as wrong:
            faults[sent.block(PATTERNS)] = f"“{clip(pattern, 30)}” is no pattern: {wrong}"
    return patterns


def _aliases(sent: Sent) -> tuple[str, ...]:
    typed = [" ".join(alias.split()) for alias in sent.text(ALIASES).split(",")]
    return tuple(dict.fromkeys(alias for alias in typed if alias))


def _fault_of_all(aliases: tuple[str, ...], configuration: Configuration, about: str) -> str:
    faults = (_fault(alias, configuration, about) for alias in aliases)
    return next((says for says in faults if says), "")


def _fault(term: str, configuration: Configuration, about: str) -> str:
    """What is wrong with a name or another word, if something is."""
    if len(term) > NAME_LENGTH:
        return f"“{term[:20]}…” is too long: at most {NAME_LENGTH} characters fit."
    if not words(term) or "," in term:
        return f"“{term}” can't be found in a text: it needs a letter or digit, and no comma."
    if other := configuration.means(term, besides=about):
        return f"“{term}” is another word for {other} already."
    return ""
