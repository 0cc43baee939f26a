"""The category form: name, description, keywords, minimum priority and privacy."""

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
# A category name has a letter or digit, so these are never names.
_NEW_CATEGORY, _NO_FLOOR = "+", "-"
_MAX_DESCRIPTION_LENGTH, _MAX_KEYWORDS_LENGTH = 300, 3000
# https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#static_select
_MAX_OPTIONS = 100


def render(taxonomy: Taxonomy, name: str | None = None) -> Block:
    """The form for the picked category, or for a new one."""
    existing = taxonomy.find_category(name) if name else None
    current_name = existing.name if existing else ""
    category = existing or Category(name="")
    options = [
        option("New category", _NEW_CATEGORY),
        *(option(one.name, one.name) for one in taxonomy.categories),
    ]
    blocks = [
        input_field(
            f"{CATEGORY}:{current_name}",
            "Category",
            select_menu(options[:_MAX_OPTIONS], current_name or _NEW_CATEGORY, action_id=PICK),
            dispatch_action=True,
        ),
        input_field(
            f"{NAME}:{current_name}",
            "Name",
            text_input(category.name, max_length=MAX_NAME_LENGTH),
            optional=True,
        ),
        input_field(
            f"{DESCRIPTION}:{current_name}",
            "Description",
            text_input(category.description, max_length=_MAX_DESCRIPTION_LENGTH),
            hint="Gemini reads this when it chooses a category.",
            optional=True,
        ),
        input_field(
            f"{KEYWORDS}:{current_name}",
            "Keywords",
            text_input(", ".join(category.keywords), max_length=_MAX_KEYWORDS_LENGTH),
            hint="Separate with commas. The built-in engine looks for them in each ticket.",
            optional=True,
        ),
        *_rule_fields(category, current_name),
    ]
    if existing and existing is not taxonomy.categories[-1]:
        blocks.append(button_row("removal", _remove_button(current_name)))
    return modal(CALLBACK, TITLE, "Save", blocks, close=plain_text("Cancel"))


def selected_category(body: dict[str, Any]) -> str | None:
    """The name of the category just picked; None for a new one."""
    selected = body["actions"][0].get("selected_option") or {}
    name: str = selected.get("value", _NEW_CATEGORY)
    return None if name == _NEW_CATEGORY else name


def read(view: dict[str, Any], taxonomy: Taxonomy) -> tuple[str | None, Category]:
    """The current name, which is None for a new category, and the submitted category.

    Raises:
        InvalidInput: with a message for each invalid field.
    """
    form = SubmittedForm(view)
    current_name = form.subject(NAME)
    if form.selected_value(CATEGORY) != (current_name or _NEW_CATEGORY):
        message = "The form was not ready yet. Pick the category again."
        raise InvalidInput({form.block_id(CATEGORY): message})
    before = taxonomy.find_category(current_name) if current_name else None
    if current_name and before is None:
        message = "This category does not exist any more. Pick another one."
        raise InvalidInput({form.block_id(CATEGORY): message})
    floor = form.selected_value(FLOOR)
    values = {
        NAME: _parse_name(form, taxonomy, current_name),
        DESCRIPTION: " ".join(form.text(DESCRIPTION).split()),
        KEYWORDS: tuple(_parse_keywords(form)),
        FLOOR: Priority(floor) if floor in set(Priority) else None,
        AI_EXCLUDED: AI_EXCLUDED in form.selected_values(AI_EXCLUDED),
    }
    # Another admin may have changed the fields that this admin left unchanged.
    changes = {
        name: value for name, value in values.items() if before is None or form.has_changed(name)
    }
    return current_name or None, (before or Category(name="")).model_copy(update=changes)


def _parse_name(form: SubmittedForm, taxonomy: Taxonomy, current_name: str) -> str:
    name = " ".join(form.text(NAME).split())
    block_id = form.block_id(NAME)
    if not any(character.isalnum() for character in name):
        raise InvalidInput({block_id: "Enter a name with at least one letter or digit."})
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidInput({block_id: f"At most {MAX_NAME_LENGTH} characters."})
    other = taxonomy.find_category(name)
    if other and other.name != current_name:
        raise InvalidInput({block_id: f"There is a category “{other.name}” already."})
    return name


def _parse_keywords(form: SubmittedForm) -> list[str]:
    keywords = [" ".join(keyword.split()) for keyword in form.text(KEYWORDS).split(",")]
    if any(len(keyword) > MAX_NAME_LENGTH for keyword in keywords):
        message = f"A keyword has at most {MAX_NAME_LENGTH} characters. Separate with commas."
        raise InvalidInput({form.block_id(KEYWORDS): message})
    return list(dict.fromkeys(keyword for keyword in keywords if keyword))


def _rule_fields(category: Category, current_name: str) -> list[Block]:
    floors = [
        option("No minimum priority", _NO_FLOOR),
        *(option(priority.value, priority.value) for priority in Priority),
    ]
    return [
        input_field(
            f"{FLOOR}:{current_name}",
            "Minimum priority",
            select_menu(
                floors,
                category.floor.value if category.floor else _NO_FLOOR,
                action_id=INPUT_ACTION_ID,
            ),
        ),
        input_field(
            f"{AI_EXCLUDED}:{current_name}",
            "Privacy",
            checkbox("Do not send to AI", AI_EXCLUDED, is_checked=category.private),
            hint=(
                "If the built-in engine finds this category in a ticket, "
                "the ticket is not sent to Gemini."
            ),
            optional=True,
        ),
    ]


def _remove_button(current_name: str) -> Block:
    confirmation = {
        "title": plain_text("Remove this category?"),
        "text": plain_text("Tickets keep this category. New tickets get another one."),
        "confirm": plain_text("Remove"),
        "deny": plain_text("Keep"),
    }
    return button(
        REMOVE, "Remove this category", value=current_name, style="danger", confirm=confirmation
    )
