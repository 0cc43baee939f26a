"""The webhook pages: the list with the form for a new one, its secret, and its delivery log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.payload import Payload
from bot.ui.form_fields import input_field, multi_select_menu, option, text_input
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view, notice_view, page_view
from models.messages.block_kit import (
    Block,
    Element,
    View,
    actions,
    button,
    context_line,
    divider,
    plain_section,
    removal_confirmation,
    section,
    section_with_button,
)
from models.text import clip, escape, mention, slack_date
from models.tickets.actions import MOVE_BY_EVENT
from models.webhooks.store import MAX_WEBHOOKS
from models.webhooks.webhook import MAX_URL_LENGTH, Delivery, Webhook

CALLBACK = "add_webhook"
TITLE = "Webhooks"
OPEN, REMOVE = "manage_webhooks", "remove_webhook"
SHOW_DELIVERIES, REPLAY, SHOW_WEBHOOKS = "show_deliveries", "replay_delivery", "show_webhooks"
URL, EVENTS = "url", "events"
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MAX_DELIVERIES = 50
_MAX_SHOWN_LENGTH = 300
_URL_HINT = "Enter a public address that starts with https://."
_EVENTS_HINT = "Leave empty for all events."


@dataclass(frozen=True, slots=True)
class WebhookInput:
    """The submitted form for a new webhook."""

    url: str
    events: tuple[str, ...]


def render(webhooks: Sequence[Webhook], damaged_ids: Sequence[str] = ()) -> View:
    """The list of webhooks, above the form for a new one.

    Args:
        damaged_ids: the ids of further webhooks, whose documents are damaged.
    """
    events = [option(event, event) for event in MOVE_BY_EVENT]
    event_menu = multi_select_menu(events, placeholder="All events")
    listed = [*_webhook_blocks(webhooks), *_damaged_webhook_blocks(damaged_ids)]
    blocks = [
        *(listed or [section("No webhooks yet.")]),
        divider(),
        input_field(URL, "New webhook URL", text_input(max_length=MAX_URL_LENGTH), hint=_URL_HINT),
        input_field(EVENTS, "Events", event_menu, hint=_EVENTS_HINT, optional=True),
    ]
    return form_view(CALLBACK, TITLE, blocks, submit="Add", close="Close")


def read(view: Payload) -> WebhookInput:
    """The submitted values.

    Raises:
        InvalidInput: with a message for each invalid field.
    """
    form = SubmittedForm(view)
    url, events = form.text(URL), form.selected_values(EVENTS)
    if unknown := [event for event in events if event not in MOVE_BY_EVENT]:
        message = f"The event “{clip(unknown[0], 50)}” does not exist any more. Remove it."
        raise form.invalid_input({EVENTS: message})
    return WebhookInput(url, tuple(events))


def render_secret(webhook: Webhook) -> View:
    """The confirmation with the secret, which is shown nowhere else."""
    secret = webhook.secret.get_secret_value()
    return notice_view(
        "*The webhook is added.*",
        "Your program checks the signature of each delivery with this secret. "
        "*The secret is shown only once.*",
        f"```{escape(secret)}```",
        title=TITLE,
    )


def render_deliveries(webhook_id: str, deliveries: Sequence[Delivery]) -> View:
    """The last deliveries of a webhook, newest first."""
    sections = [_delivery_section(delivery) for delivery in deliveries[:MAX_DELIVERIES]]
    blocks = [*(sections or [section("No deliveries yet.")]), _BACK_ROW]
    return page_view("Deliveries", blocks, metadata=webhook_id)


def _webhook_blocks(webhooks: Sequence[Webhook]) -> Iterator[Block]:
    for webhook in webhooks:
        events = escape(clip(", ".join(webhook.events), _MAX_SHOWN_LENGTH)) or "all events"
        creator, created_at = mention(webhook.created_by), slack_date(webhook.created_at)
        # Plain text, so that Slack does not parse the URL.
        yield plain_section(clip(webhook.url, _MAX_SHOWN_LENGTH))
        yield context_line(f"{events} · added by {creator} {created_at}")
        yield actions(
            f"webhook:{webhook.id}",
            button(SHOW_DELIVERIES, "Deliveries", value=webhook.id),
            _remove_button(webhook.id),
        )


def _damaged_webhook_blocks(webhook_ids: Sequence[str]) -> Iterator[Block]:
    for number, webhook_id in enumerate(webhook_ids[:MAX_WEBHOOKS]):
        name = escape(clip(webhook_id, _MAX_SHOWN_LENGTH))
        yield section(
            f":warning: The document of the webhook `{name}` is damaged, and it gets no events. "
            "Remove it, and add it again."
        )
        yield actions(f"damaged_webhook:{number}", _remove_button(webhook_id))


def _remove_button(webhook_id: str) -> Element:
    return button(
        REMOVE, "Remove", value=webhook_id, style="danger", confirmation=_REMOVE_CONFIRMATION
    )


_BACK_ROW = actions("back", button(SHOW_WEBHOOKS, "All webhooks", value=SHOW_WEBHOOKS))
_REMOVE_CONFIRMATION = removal_confirmation(
    "Remove this webhook?", "The webhook and its delivery log are deleted.", confirm="Remove"
)


def _delivery_section(delivery: Delivery) -> Block:
    result = "delivered" if delivery.delivered else "not delivered"
    attempts = "1 attempt" if delivery.attempts == 1 else f"{delivery.attempts} attempts"
    outcome = escape(clip(delivery.outcome, _MAX_SHOWN_LENGTH)) or "not sent yet"
    text = (
        f"*{escape(delivery.type)}*, {delivery.ticket_id}: {result} after {attempts}\n"
        f"{slack_date(delivery.tried_at)}: {outcome}"
    )
    resend = button(REPLAY, "Resend", value=delivery.id)
    return section_with_button(f"delivery:{delivery.id}", text, resend)
