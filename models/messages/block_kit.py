"""The pieces of Block Kit that cards are made of; what people wrote goes into rich text."""

from typing import Any

from models.text import clip

Block = dict[str, Any]


def section(text: str) -> Block:
    """A paragraph (mrkdwn)."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def context_line(text: str) -> Block:
    """A line in small print (mrkdwn)."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": clip(text, 2000)}]}


def text_element(text: str, *, bold: bool = False) -> Block:
    """Text that Slack never parses, to stand in rich text."""
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def rich_text(*elements: Block) -> Block:
    """A paragraph of such text."""
    paragraph = {"type": "rich_text_section", "elements": [*elements]}
    return {"type": "rich_text", "elements": [paragraph]}


def quote(text: str) -> Block:
    """What somebody wrote, as a quotation."""
    quoted = {"type": "rich_text_quote", "elements": [text_element(text)]}
    return {"type": "rich_text", "elements": [quoted]}
