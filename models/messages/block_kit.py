"""Builders for the Block Kit blocks of cards and modals.

Text that people wrote goes into rich text, because Slack never parses it.
"""

from typing import Any

from models.text import clip

Block = dict[str, Any]


def section(text: str) -> Block:
    """A paragraph (mrkdwn)."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def context_line(text: str) -> Block:
    """A line in small print (mrkdwn)."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": clip(text, 2000)}]}


def actions(block_id: str, *elements: Block) -> Block:
    """A row of buttons or menus."""
    return {"type": "actions", "block_id": block_id, "elements": [*elements]}


def text_element(text: str, *, bold: bool = False) -> Block:
    """An element of rich text that Slack does not parse."""
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def emoji_element(name: str) -> Block:
    """An emoji in rich text, by its name without colons."""
    return {"type": "emoji", "name": name}


def user_element(slack_id: str) -> Block:
    """A mention of a person in rich text."""
    return {"type": "user", "user_id": slack_id}


def rich_text(*elements: Block) -> Block:
    """A paragraph of rich text."""
    paragraph = {"type": "rich_text_section", "elements": [*elements]}
    return {"type": "rich_text", "elements": [paragraph]}


def quote(text: str) -> Block:
    """A quotation of text that somebody wrote."""
    paragraph = {"type": "rich_text_quote", "elements": [text_element(text)]}
    return {"type": "rich_text", "elements": [paragraph]}
