"""The form in which an admin keeps the desk's categories: what each covers, and its rules."""

from typing import Any

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
    text,
    tick,
)
from models.cards import Block
from models.configuration import NAME_LENGTH, Configuration
from models.errors import InvalidDraft
from models.triage import Category, Priority

CALLBACK = "save_category"
TITLE = "Categories"
OPEN, PICK, REMOVE = "manage_categories", "pick_category", "remove_category"
CATEGORY, NAME, DESCRIPTION, KEYWORDS = "category", "name", "description", "keywords"
FLOOR, PRIVATE = "floor", "private"
# No name of a category: those have a letter or digit.
_NEW, _NO_FLOOR = "+", "-"
_DESCRIPTION_LENGTH, _KEYWORDS_LENGTH = 300, 3000


def draw(configuration: Configuration, name: str | None = None) -> Block:
    """The form: for a new category, or for the one picked."""
    shown = configuration.category(name) if name else None
    about = shown.name if shown else ""
    one = shown or Category(name="")
    known = [option(category.name, category.name) for category in configuration.categories]
    # A menu holds 100 choices, of which one is for a new category.
    offered = [option("A new category", _NEW), *known][:100]
    blocks = [
        field(
            f"{CATEGORY}:{about}",
            "Category",
            menu(offered, about or _NEW, action=PICK),
            dispatch_action=True,
        ),
        field(f"{NAME}:{about}", "Name", text(one.name, longest=NAME_LENGTH), optional=True),
        field(
            f"{DESCRIPTION}:{about}",
            "What it covers",
            text(one.description, longest=_DESCRIPTION_LENGTH),
            hint="Gemini reads this when it chooses.",
            optional=True,
        ),
        field(
            f"{KEYWORDS}:{about}",
            "Words that point to it",
            text(", ".join(one.keywords), longest=_KEYWORDS_LENGTH),
            hint="Separated by commas. The built-in engine goes by them.",
            optional=True,
        ),
        *_rules(one, about),
    ]
    if shown and shown is not configuration.categories[-1]:
        blocks.append(buttons("removal", _remove(about)))
    return modal(CALLBACK, TITLE, "Save", blocks)


def picked(body: dict[str, Any]) -> str | None:
    """The category just picked; None for a new one."""
    chosen = body["actions"][0].get("selected_option") or {}
    name: str = chosen.get("value", _NEW)
    return None if name == _NEW else name


def read(view: dict[str, Any], configuration: Configuration) -> tuple[str | None, Category]:
    """What the category is called now, if it is not new, and what it is to be.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    sent = Sent(view)
    about = sent.about(NAME)
    if sent.choice(CATEGORY) != (about or _NEW):
        unready = "The form was not ready yet. Please pick the category again."
        raise InvalidDraft({sent.block(CATEGORY): unready})
    before = configuration.category(about) if about else None
    if about and before is None:
        gone = "The desk does not have it any more. Please pick another one."
        raise InvalidDraft({sent.block(CATEGORY): gone})
    floor = sent.choice(FLOOR)
    typed = {
        NAME: _name(sent, configuration, about),
        DESCRIPTION: " ".join(sent.text(DESCRIPTION).split()),
        KEYWORDS: tuple(_keywords(sent)),
        FLOOR: Priority(floor) if floor in set(Priority) else None,
        PRIVATE: PRIVATE in sent.choices(PRIVATE),
    }
    # What this admin has left as it was shown may have been changed by another one.
    changed = {name: value for name, value in typed.items() if before is None or sent.changed(name)}
    return about or None, (before or Category(name="")).model_copy(update=changed)


def _name(sent: Sent, configuration: Configuration, about: str) -> str:
    name = " ".join(sent.text(NAME).split())
    at = sent.block(NAME)
    if not any(character.isalnum() for character in name):
        raise InvalidDraft({at: "Please give it a name with a letter or digit."})
    if len(name) > NAME_LENGTH:
        raise InvalidDraft({at: f"At most {NAME_LENGTH} characters fit."})
    other = configuration.category(name)
    if other and other.name != about:
        raise InvalidDraft({at: f"There is a category “{other.name}” already."})
    return name


def _keywords(sent: Sent) -> list[str]:
    typed = [" ".join(word.split()) for word in sent.text(KEYWORDS).split(",")]
    if any(len(word) > NAME_LENGTH for word in typed):
        says = f"A word has at most {NAME_LENGTH} characters; commas stand between them."
        raise InvalidDraft({sent.block(KEYWORDS): says})
    return list(dict.fromkeys(word for word in typed if word))


def _rules(one: Category, about: str) -> list[Block]:
    floors = [option("No least priority", _NO_FLOOR), *(option(p.value, p.value) for p in Priority)]
    return [
        field(
            f"{FLOOR}:{about}",
            "At least this priority",
            menu(floors, one.floor.value if one.floor else _NO_FLOOR, action=VALUE),
        ),
        field(
            f"{PRIVATE}:{about}",
            "Artificial intelligence",
            tick("Never send these tickets to an AI", PRIVATE, ticked=one.private),
            hint="The built-in engine looks at each ticket first, and triages those in here.",
            optional=True,
        ),
    ]


def _remove(about: str) -> Block:
    sure = {
        "title": plain("Remove this category?"),
        "text": plain("Tickets that are in it stay so. New ones go to the others."),
        "confirm": plain("Remove"),
        "deny": plain("Keep"),
    }
    return button(REMOVE, "Remove this category", value=about, style="danger", confirm=sure)
