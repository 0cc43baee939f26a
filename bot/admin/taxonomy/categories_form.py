"""The category form: name, description, keywords, minimum priority and privacy."""

from bot.payload import Payload, action_value
from bot.ui.form_fields import checkbox, input_field, option, select_menu, text_input
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view
from models.messages.block_kit import Block, Element, View, actions, button, removal_confirmation
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


def render(taxonomy: Taxonomy, name: str | None = None) -> View:
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
            CATEGORY,
            "Category",
            select_menu(options[:_MAX_OPTIONS], current_name or _NEW_CATEGORY, action_id=PICK),
            subject=current_name,
            sends_changes=True,
        ),
        input_field(
            NAME,
            "Name",
            text_input(category.name, max_length=MAX_NAME_LENGTH),
            subject=current_name,
            optional=True,
        ),
        input_field(
            DESCRIPTION,
            "Description",
            text_input(category.description, max_length=_MAX_DESCRIPTION_LENGTH),
            subject=current_name,
            hint="Gemini reads this when it chooses a category.",
            optional=True,
        ),
        input_field(
            KEYWORDS,
            "Keywords",
            text_input(", ".join(category.keywords), max_length=_MAX_KEYWORDS_LENGTH),
            subject=current_name,
            hint="Separate with commas. The built-in engine looks for them in each ticket.",
            optional=True,
        ),
        *_rule_fields(category, current_name),
    ]
    if existing and existing is not taxonomy.categories[-1]:
        blocks.append(actions("removal", _remove_button(current_name)))
    return form_view(CALLBACK, TITLE, blocks, submit="Save")


def selected_category(body: Payload) -> str | None:
    """The name of the category just picked; None for a new one."""
    name = action_value(body)
    return None if name in {"", _NEW_CATEGORY} else name


def read(view: Payload, taxonomy: Taxonomy) -> tuple[str | None, Category]:
    """The current name, which is None for a new category, and the submitted category.

    Raises:
        InvalidInput: with a message for each invalid field.
    """
    form = SubmittedForm(view)
    current_name = form.subject(NAME)
    if form.selected_value(CATEGORY) != (current_name or _NEW_CATEGORY):
        message = "The form was not ready yet. Pick the category again."
        raise form.invalid_input({CATEGORY: message})
    before = taxonomy.find_category(current_name) if current_name else None
    if current_name and before is None:
        message = "This category does not exist any more. Pick another one."
        raise form.invalid_input({CATEGORY: message})
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
    if not any(character.isalnum() for character in name):
        raise form.invalid_input({NAME: "Enter a name with at least one letter or digit."})
    if len(name) > MAX_NAME_LENGTH:
        raise form.invalid_input({NAME: f"At most {MAX_NAME_LENGTH} characters."})
    other = taxonomy.find_category(name)
    if other and other.name != current_name:
        raise form.invalid_input({NAME: f"There is a category “{other.name}” already."})
    return name


def _parse_keywords(form: SubmittedForm) -> list[str]:
    keywords = [" ".join(keyword.split()) for keyword in form.text(KEYWORDS).split(",")]
    if any(len(keyword) > MAX_NAME_LENGTH for keyword in keywords):
        message = f"A keyword has at most {MAX_NAME_LENGTH} characters. Separate with commas."
        raise form.invalid_input({KEYWORDS: message})
    return list(dict.fromkeys(keyword for keyword in keywords if keyword))


def _rule_fields(category: Category, current_name: str) -> list[Block]:
    floors = [
        option("No minimum priority", _NO_FLOOR),
        *(option(priority.value, priority.value) for priority in Priority),
    ]
    return [
        input_field(
            FLOOR,
            "Minimum priority",
            select_menu(floors, category.floor.value if category.floor else _NO_FLOOR),
            subject=current_name,
        ),
        input_field(
            AI_EXCLUDED,
            "Privacy",
            checkbox("Do not send to AI", AI_EXCLUDED, is_checked=category.private),
            subject=current_name,
            hint=(
                "If the built-in engine finds this category in a ticket, "
                "the ticket is not sent to Gemini."
            ),
            optional=True,
        ),
    ]


def _remove_button(current_name: str) -> Element:
    return button(
        REMOVE,
        "Remove this category",
        value=current_name,
        style="danger",
        confirmation=removal_confirmation(
            "Remove this category?",
            "Tickets keep this category. New tickets get another one.",
            confirm="Remove",
        ),
    )
