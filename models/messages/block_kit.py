"""Block Kit: the types of its parts, and builders for the blocks of cards and modals.

Only this module and `bot/ui/` build Block Kit by hand. Each part is a dict with a type of its own,
so an element cannot stand in the place of a block. Text that people wrote goes into rich text,
because Slack never parses it.
"""

from typing import Any, Literal, NewType

from models.text import clip

View = NewType("View", dict[str, Any])
"""A modal."""
Block = NewType("Block", dict[str, Any])
"""A block of a card or a modal."""
Element = NewType("Element", dict[str, Any])
"""A button, a menu or an input."""
Option = NewType("Option", dict[str, Any])
"""An option of a menu or of checkboxes."""
OptionGroup = NewType("OptionGroup", dict[str, Any])
"""Options of a menu under one heading."""
RichText = NewType("RichText", dict[str, Any])
"""An element of rich text: a text, an emoji or a mention."""
PlainText = NewType("PlainText", dict[str, Any])
"""A text without formatting."""
ButtonStyle = Literal["primary", "danger", ""]
Confirmation = NewType("Confirmation", dict[str, Any])
"""The question that Slack asks before it sends a click."""


def plain_text(text: str, *, emoji: bool = False) -> PlainText:
    """Text without formatting; with `emoji`, Slack renders names such as :red_circle:."""
    return PlainText({"type": "plain_text", "text": text, "emoji": emoji})


def header(text: str) -> Block:
    """A heading."""
    return Block({"type": "header", "text": plain_text(text)})


def divider() -> Block:
    """A horizontal line."""
    return Block({"type": "divider"})


def section(text: str) -> Block:
    """A paragraph (mrkdwn)."""
    return Block({"type": "section", "text": {"type": "mrkdwn", "text": text}})


def section_with_button(block_id: str, text: str, element: Element) -> Block:
    """A paragraph (mrkdwn) with a button beside it."""
    return Block({**section(text), "block_id": block_id, "accessory": element})


def plain_section(text: str) -> Block:
    """A paragraph of text that Slack does not parse."""
    return Block({"type": "section", "text": plain_text(text)})


def context_line(text: str) -> Block:
    """A line in small print (mrkdwn)."""
    return Block({"type": "context", "elements": [{"type": "mrkdwn", "text": clip(text, 2000)}]})


def actions(block_id: str, *elements: Element) -> Block:
    """A row of buttons or menus."""
    return Block({"type": "actions", "block_id": block_id, "elements": [*elements]})


def button(
    action_id: str,
    label: str,
    *,
    value: str,
    style: ButtonStyle = "",
    confirmation: Confirmation | None = None,
    accessibility_label: str = "",
) -> Element:
    """A button.

    Args:
        accessibility_label: read by screen readers in the place of the label.
    """
    return Element(
        {
            "type": "button",
            "action_id": action_id,
            "text": plain_text(label),
            "value": value,
            **({"style": style} if style else {}),
            **({"confirm": confirmation} if confirmation else {}),
            **({"accessibility_label": accessibility_label} if accessibility_label else {}),
        }
    )


def removal_confirmation(question: str, consequence: str, *, confirm: str) -> Confirmation:
    """The question before something is removed, with the answers `confirm` and *Keep*."""
    return Confirmation(
        {
            "title": plain_text(question),
            "text": plain_text(consequence),
            "confirm": plain_text(confirm),
            "deny": plain_text("Keep"),
            "style": "danger",
        }
    )


def text_element(text: str, *, bold: bool = False) -> RichText:
    """An element of rich text that Slack does not parse."""
    return RichText({"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})})


def emoji_element(name: str) -> RichText:
    """An emoji in rich text, by its name without colons."""
    return RichText({"type": "emoji", "name": name})


def user_element(slack_id: str) -> RichText:
    """A mention of a person in rich text."""
    return RichText({"type": "user", "user_id": slack_id})


def rich_text(*elements: RichText) -> Block:
    """A paragraph of rich text."""
    paragraph = {"type": "rich_text_section", "elements": [*elements]}
    return Block({"type": "rich_text", "elements": [paragraph]})


def quote(text: str) -> Block:
    """A quotation of text that somebody wrote."""
    paragraph = {"type": "rich_text_quote", "elements": [text_element(text)]}
    return Block({"type": "rich_text", "elements": [paragraph]})
