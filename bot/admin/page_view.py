"""A modal that only shows something."""

from collections.abc import Iterable
from typing import Any

from bot.ui.form_fields import plain_text
from models.messages.cards import Block


def page_view(title: str, blocks: Iterable[Block], **more: Any) -> Block:
    """A modal without a Save button."""
    return {
        "type": "modal",
        "title": plain_text(title),
        "close": plain_text("Close"),
        "blocks": list(blocks),
        **more,
    }
