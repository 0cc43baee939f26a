"""A modal that only says something: a receipt, a refusal, "one moment"."""

from models.messages.cards import Block


def notice_view(*sentences: str, title: str = "Frontdesk") -> Block:
    """A modal with a few sentences (mrkdwn, already escaped) and nothing to fill in."""
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": sentence}}
            for sentence in sentences
        ],
    }
