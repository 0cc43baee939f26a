"""The fields of forms: inputs, menus and checkboxes, each with its label."""

from collections.abc import Iterable
from datetime import date

from models.messages.block_kit import Block, Element, Option, OptionGroup, plain_text

# The action id under which Slack asks for skills while somebody types in a skill menu.
SEARCH_SKILLS = "search_skills"
# The action id of an input whose value Frontdesk reads only when the form is submitted.
_INPUT_ACTION_ID = "value"


def input_field(
    name: str,
    label: str,
    element: Element,
    *,
    subject: str | None = None,
    hint: str = "",
    optional: bool = False,
    sends_changes: bool = False,
) -> Block:
    """A field with its label.

    Args:
        name: the name by which `SubmittedForm` reads the field.
        subject: what the field is about, where one form shows several things in turn. Slack keeps
            a field's content until its name or its subject changes.
        sends_changes: whether Slack sends the value as soon as it changes.
    """
    return Block(
        {
            "type": "input",
            "block_id": name if subject is None else f"{name}:{subject}",
            "label": plain_text(label),
            "element": element,
            "optional": optional,
            **({"hint": plain_text(hint)} if hint else {}),
            **({"dispatch_action": True} if sends_changes else {}),
        }
    )


def text_input(
    initial: str = "", *, max_length: int, multiline: bool = False, placeholder: str = ""
) -> Element:
    """An input for text."""
    return Element(
        {
            "type": "plain_text_input",
            "action_id": _INPUT_ACTION_ID,
            "max_length": max_length,
            "multiline": multiline,
            **({"placeholder": plain_text(placeholder)} if placeholder else {}),
            **({"initial_value": initial[:max_length]} if initial else {}),
        }
    )


def number_input(initial: int | None, *, min_value: int, max_value: int) -> Element:
    """An input for a whole number."""
    return Element(
        {
            "type": "number_input",
            "action_id": _INPUT_ACTION_ID,
            "is_decimal_allowed": False,
            "min_value": str(min_value),
            "max_value": str(max_value),
            **({} if initial is None else {"initial_value": str(initial)}),
        }
    )


def date_input(initial: date | None) -> Element:
    """An input for a date."""
    return Element(
        {
            "type": "datepicker",
            "action_id": _INPUT_ACTION_ID,
            **({"initial_date": initial.isoformat()} if initial else {}),
        }
    )


def option(label: str, value: str, *, description: str = "", emoji: bool = False) -> Option:
    """One option of a menu or of checkboxes; with `emoji`, as in `plain_text`."""
    return Option(
        {
            "text": plain_text(label, emoji=emoji),
            "value": value,
            **({"description": plain_text(description)} if description else {}),
        }
    )


def option_group(label: str, options: Iterable[Option]) -> OptionGroup:
    """Options of a menu under one heading."""
    return OptionGroup({"label": plain_text(label), "options": list(options)})


def select_menu(
    options: Iterable[Option],
    selected_value: str = "",
    *,
    action_id: str = _INPUT_ACTION_ID,
    placeholder: str = "",
) -> Element:
    """A menu for one option."""
    offered = list(options)
    return Element(
        {
            "type": "static_select",
            "action_id": action_id,
            "options": offered,
            **_initial_option(offered, selected_value),
            **({"placeholder": plain_text(placeholder)} if placeholder else {}),
        }
    )


def grouped_select_menu(groups: Iterable[OptionGroup], selected_value: str) -> Element:
    """A menu for one option, for more options than Slack takes without headings."""
    offered = list(groups)
    options = [choice for group in offered for choice in group["options"]]
    return Element(
        {
            "type": "static_select",
            "action_id": _INPUT_ACTION_ID,
            "option_groups": offered,
            **_initial_option(options, selected_value),
        }
    )


def multi_select_menu(
    options: Iterable[Option], selected_values: Iterable[str] = (), *, placeholder: str
) -> Element:
    """A menu for any number of options."""
    offered = list(options)
    return Element(
        {
            "type": "multi_static_select",
            "action_id": _INPUT_ACTION_ID,
            "placeholder": plain_text(placeholder),
            "options": offered,
            **_initial_options(offered, selected_values),
        }
    )


def checkboxes(options: Iterable[Option], checked_values: Iterable[str] = ()) -> Element:
    """A checkbox for each option."""
    offered = list(options)
    return Element(
        {
            "type": "checkboxes",
            "action_id": _INPUT_ACTION_ID,
            "options": offered,
            **_initial_options(offered, checked_values),
        }
    )


def checkbox(label: str, value: str, *, is_checked: bool) -> Element:
    """A single checkbox."""
    return checkboxes([option(label, value)], [value] if is_checked else [])


def person_menu(selected_id: str = "", *, action_id: str, placeholder: str) -> Element:
    """A menu for one person of the workspace."""
    return Element(
        {
            "type": "users_select",
            "action_id": action_id,
            "placeholder": plain_text(placeholder),
            **({"initial_user": selected_id} if selected_id else {}),
        }
    )


def skill_menu(action_id: str, *, placeholder: str, selected_name: str = "") -> Element:
    """A menu for one skill, with a search."""
    return Element(
        {
            "type": "external_select",
            "action_id": action_id,
            "placeholder": plain_text(placeholder),
            "min_query_length": 0,
            **({"initial_option": option(selected_name, selected_name)} if selected_name else {}),
        }
    )


def multi_skill_menu(selected_names: Iterable[str], *, placeholder: str) -> Element:
    """A menu for any number of skills, with a search."""
    selected = [option(name, name) for name in selected_names]
    return Element(
        {
            "type": "multi_external_select",
            "action_id": SEARCH_SKILLS,
            "placeholder": plain_text(placeholder),
            "min_query_length": 0,
            **({"initial_options": selected} if selected else {}),
        }
    )


def _initial_option(options: Iterable[Option], value: str) -> dict[str, Option]:
    selected = next((choice for choice in options if choice["value"] == value), None)
    return {"initial_option": selected} if selected else {}


def _initial_options(options: Iterable[Option], values: Iterable[str]) -> dict[str, list[Option]]:
    selected_values = set(values)
    selected = [choice for choice in options if choice["value"] in selected_values]
    return {"initial_options": selected} if selected else {}
