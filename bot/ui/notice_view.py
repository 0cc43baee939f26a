"""A modal with a message only: a receipt, a refusal, "one moment"."""

from models.messages.block_kit import Block, section


def notice_view(*sentences: str, title: str = "Frontdesk") -> Block:
    """A modal with these sentences (mrkdwn, already escaped) and no fields."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [section(sentence) for sentence in sentences],
    }
