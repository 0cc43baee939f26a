"""The form in which an admin keeps the desk's categories: what each covers, and its rules."""

from typing import Any

from bot.ui.form_fields import (
    INPUT_ACTION_ID,
    SubmittedForm,
    button,
    button_row,
    checkbox,
    input_field,
    modal,
    option,
    plain_text,
    select_menu,
    text_input,
)
from models.errors import InvalidInput
from models.messages.cards import Block
from models.triage.result import Category, Priority
from models.triage.taxonomy import MAX_NAME_LENGTH, Taxonomy

CALLBACK = "save_category"
TITLE = "Categories"
OPEN, PICK, REMOVE = "manage_categories", "pick_category", "remove_category"
CATEGORY, NAME, DESCRIPTION, KEYWORDS = "category", "name", "description", "keywords"
FLOOR, AI_EXCLUDED = "floor", "private"
# No name of a category: those have a letter or digit.
_NEW_CATEGORY, _NO_FLOOR = "+", "-"
_MAX_DESCRIPTION_LENGTH, _MAX_KEYWORDS_LENGTH = 300, 3000


def render(taxonomy: Taxonomy, name: str | None = None) -> Block:
    """The form: for a new category, or for the one picked."""
    shown = taxonomy.find_category(name) if name else None
    about = shown.name if shown else ""
    one = shown or Category(name="")
    known = [option(category.name, category.name) for category in taxonomy.categories]
    # A menu holds 100 choices, of which one is for a new category.
    offered = [option("A new category", _NEW_CATEGORY), *known][:100]
    blocks = [
        input_field(
            f"{CATEGORY}:{about}",
            "Category",
            select_menu(offered, about or _NEW_CATEGORY, action_id=PICK),
            dispatch_action=True,
        ),
        input_field(
            f"{NAME}:{about}",
            "Name",
            text_input(one.name, max_length=MAX_NAME_LENGTH),
            optional=True,
        ),
        input_field(
            f"{DESCRIPTION}:{about}",
            "What it covers",
            text_input(one.description, max_length=_MAX_DESCRIPTION_LENGTH),
            hint="Gemini reads this when it chooses.",
            optional=True,
        ),
        input_field(
            f"{KEYWORDS}:{about}",
            "Words that point to it",
            text_input(", ".join(one.keywords), max_length=_MAX_KEYWORDS_LENGTH),
            hint="Separated by commas. The built-in engine goes by them.",
            optional=True,
        ),
        *_rule_fields(one, about),
    ]
    if shown and shown is not taxonomy.categories[-1]:
        blocks.append(button_row("removal", _remove_button(about)))
    return modal(CALLBACK, TITLE, "Save", blocks)


def selected_category(body: dict[str, Any]) -> str | None:
    """The category just picked; None for a new one."""
    chosen = body["actions"][0].get("selected_option") or {}
    name: str = chosen.get("value", _NEW_CATEGORY)
    return None if name == _NEW_CATEGORY else name


def read(view: dict[str, Any], taxonomy: Taxonomy) -> tuple[str | None, Category]:
    """What the category is called now, if it is not new, and what it is to be.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    sent = SubmittedForm(view)
    about = sent.subject(NAME)
    if sent.selected_value(CATEGORY) != (about or _NEW_CATEGORY):
        unready = "The form was not ready yet. Please pick the category again."
        raise InvalidInput({sent.block_id(CATEGORY): unready})
    before = taxonomy.find_category(about) if about else None
    if about and before is None:
        gone = "The desk does not have it any more. Please pick another one."
        raise InvalidInput({sent.block_id(CATEGORY): gone})
    floor = sent.selected_value(FLOOR)
    typed = {
        NAME: _parse_name(sent, taxonomy, about),
        DESCRIPTION: " ".join(sent.text(DESCRIPTION).split()),
        KEYWORDS: tuple(_parse_keywords(sent)),
        FLOOR: Priority(floor) if floor in set(Priority) else None,
        AI_EXCLUDED: AI_EXCLUDED in sent.selected_values(AI_EXCLUDED),
    }
    # What this admin has left as it was shown may have been changed by another one.
    changed = {
        name: value for name, value in typed.items() if before is None or sent.has_changed(name)
    }
    return about or None, (before or Category(name="")).model_copy(update=changed)


def _parse_name(form: SubmittedForm, taxonomy: Taxonomy, current_name: str) -> str:
    name = " ".join(form.text(NAME).split())
    at = form.block_id(NAME)
    if not any(character.isalnum() for character in name):
        raise InvalidInput({at: "Please give it a name with a letter or digit."})
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidInput({at: f"At most {MAX_NAME_LENGTH} characters fit."})
    other = taxonomy.find_category(name)
    if other and other.name != current_name:
        raise InvalidInput({at: f"There is a category “{other.name}” already."})
    return name


def _parse_keywords(form: SubmittedForm) -> list[str]:
    typed = [" ".join(word.split()) for word in form.text(KEYWORDS).split(",")]
    if any(len(word) > MAX_NAME_LENGTH for word in typed):
        says = f"A word has at most {MAX_NAME_LENGTH} characters; commas stand between them."
        raise InvalidInput({form.block_id(KEYWORDS): says})
    return list(dict.fromkeys(word for word in typed if word))


def _rule_fields(category: Category, current_name: str) -> list[Block]:
    floors = [option("No least priority", _NO_FLOOR), *(option(p.value, p.value) for p in Priority)]
    return [
        input_field(
            f"{FLOOR}:{current_name}",
            "At least this priority",
            select_menu(
                floors,
                category.floor.value if category.floor else _NO_FLOOR,
                action_id=INPUT_ACTION_ID,
            ),
        ),
        input_field(
            f"{AI_EXCLUDED}:{current_name}",
            "Artificial intelligence",
            checkbox("Never send these tickets to an AI", AI_EXCLUDED, is_checked=category.private),
            hint="The built-in engine looks at each ticket first, and triages those in here.",
            optional=True,
        ),
    ]


def _remove_button(current_name: str) -> Block:
    sure = {
        "title": plain_text("Remove this category?"),
        "text": plain_text("Tickets that are in it stay so. New ones go to the others."),
        "confirm": plain_text("Remove"),
        "deny": plain_text("Keep"),
    }
    return button(REMOVE, "Remove this category", value=current_name, style="danger", confirm=sure)
