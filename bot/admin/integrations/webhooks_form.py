"""The form about webhooks: those there are, a new one, its secret; and what one was told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.ui.form_fields import (
    INPUT_ACTION_ID,
    SubmittedForm,
    button,
    button_row,
    input_field,
    modal,
    option,
    plain_text,
    text_input,
)
from bot.ui.notice_view import notice_view
from models.errors import InvalidInput
from models.messages.cards import Block
from models.text import clip, escape, mention, slack_date
from models.tickets.workflow import Move
from models.webhooks.webhook import MAX_URL_LENGTH, Delivery, Webhook

CALLBACK = "add_webhook"
TITLE = "Webhooks"
OPEN, REMOVE = "manage_webhooks", "remove_webhook"
SHOW_DELIVERIES, REPLAY, SHOW_WEBHOOKS = "show_deliveries", "replay_delivery", "show_webhooks"
URL, EVENTS = "url", "events"
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MAX_DELIVERIES = 50
_MAX_SHOWN_LENGTH = 300
_URL_HINT = "It begins with https://, and leads to a public address."
_ALL_EVENTS_TEXT = "None chosen: all of them"


@dataclass(frozen=True, slots=True)
class WebhookInput:
    """A webhook as an admin wants it."""

    url: str
    events: tuple[str, ...]


def render(webhooks: Sequence[Webhook]) -> Block:
    """The form for a new one, below those there are."""
    events = {
        "type": "multi_static_select",
        "action_id": INPUT_ACTION_ID,
        "placeholder": plain_text(_ALL_EVENTS_TEXT),
        "options": [option(move.value, move.value) for move in Move],
    }
    blocks = [
        *(_webhook_blocks(webhooks) if webhooks else [_section("Nobody is told yet.")]),
        {"type": "divider"},
        input_field(
            URL, "Address of a new one", text_input(max_length=MAX_URL_LENGTH), hint=_URL_HINT
        ),
        input_field(EVENTS, "What it is told of", events, optional=True),
    ]
    return modal(CALLBACK, TITLE, "Add", blocks)


def read(view: dict[str, Any]) -> WebhookInput:
    """What is wanted.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    sent = SubmittedForm(view)
    url, events = sent.text(URL).strip(), sent.selected_values(EVENTS)
    if unknown := [event for event in events if event not in set(Move)]:
        raise InvalidInput({EVENTS: f"The desk has no event “{clip(unknown[0], 50)}” any more."})
    return WebhookInput(url, tuple(events))


def render_secret(webhook: Webhook) -> Block:
    """What says that it is added; the secret is shown nowhere else, and not again."""
    secret = webhook.secret.get_secret_value()
    return notice_view(
        "*It is told from now on.*",
        "With this secret it can check that what it is told is true. *It is shown this once.*",
        f"```{escape(secret)}```",
        title=TITLE,
    )


def render_deliveries(webhook_id: str, deliveries: Sequence[Delivery]) -> Block:
    """What one was told last, or should have been, the newest first."""
    lines = [_delivery_section(one) for one in deliveries[:MAX_DELIVERIES]]
    return {
        "type": "modal",
        "title": plain_text("Deliveries"),
        "close": plain_text("Close"),
        "private_metadata": webhook_id,
        "blocks": [*(lines or [_section("It has not been told anything yet.")]), _BACK_ROW],
    }


def _webhook_blocks(webhooks: Sequence[Webhook]) -> Iterator[Block]:
    for one in webhooks:
        # An address is nothing that Slack should read as anything but text.
        address = {"type": "section", "text": plain_text(clip(one.url, _MAX_SHOWN_LENGTH))}
        events = escape(clip(", ".join(one.events), _MAX_SHOWN_LENGTH)) or "all that happens"
        by = f"{events} · added by {mention(one.created_by)} {slack_date(one.created_at)}"
        yield address
        yield {"type": "context", "elements": [{"type": "mrkdwn", "text": by}]}
        yield button_row(
            f"webhook:{one.id}",
            button(SHOW_DELIVERIES, "Deliveries", value=one.id),
            button(REMOVE, "Remove", value=one.id, style="danger", confirm=_REMOVE_CONFIRMATION),
        )


_BACK_ROW = button_row("back", button(SHOW_WEBHOOKS, "All webhooks", value=SHOW_WEBHOOKS))
_REMOVE_CONFIRMATION = {
    "title": plain_text("Remove it?"),
    "text": plain_text("It is told nothing any more, and what it was told is not shown any more."),
    "confirm": plain_text("Remove"),
    "deny": plain_text("Keep"),
    "style": "danger",
}


def _delivery_section(delivery: Delivery) -> Block:
    came = "delivered" if delivery.delivered else "not delivered"
    tries = "1 try" if delivery.attempts == 1 else f"{delivery.attempts} tries"
    outcome = escape(clip(delivery.outcome, _MAX_SHOWN_LENGTH)) or "not tried yet"
    says = f"*{escape(delivery.type)}*, {delivery.ticket_id}: {came} after {tries}\n"
    again = button(REPLAY, "Tell again", value=delivery.id)
    return {
        **_section(f"{says}{slack_date(delivery.tried_at)}: {outcome}"),
        "block_id": f"delivery:{delivery.id}",
        "accessory": again,
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
