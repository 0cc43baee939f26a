"""The form about webhooks: those there are, a new one, its secret; and what one was told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.views.fields import VALUE, Sent, button, buttons, field, modal, option, plain, text
from bot.views.sentence import sentence_view
from models.cards import Block
from models.errors import InvalidDraft
from models.flow import Move
from models.webhook import LONGEST_URL, Delivery, Webhook
from models.wording import clip, escape, mention, moment

CALLBACK = "add_webhook"
TITLE = "Webhooks"
OPEN, REMOVE = "manage_webhooks", "remove_webhook"
DELIVERIES, REPLAY, BACK = "show_deliveries", "replay_delivery", "show_webhooks"
URL, EVENTS = "url", "events"
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MOST_DELIVERIES = 50
_SHOWN = 300
_HTTPS = "It begins with https://, and leads to a public address."
_ALL = "None chosen: all of them"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A webhook as an admin wants it."""

    url: str
    events: tuple[str, ...]


def draw(webhooks: Sequence[Webhook]) -> Block:
    """The form for a new one, below those there are."""
    events = {
        "type": "multi_static_select",
        "action_id": VALUE,
        "placeholder": plain(_ALL),
        "options": [option(move.value, move.value) for move in Move],
    }
    blocks = [
        *(_listed(webhooks) if webhooks else [_section("Nobody is told yet.")]),
        {"type": "divider"},
        field(URL, "Address of a new one", text(longest=LONGEST_URL), hint=_HTTPS),
        field(EVENTS, "What it is told of", events, optional=True),
    ]
    return modal(CALLBACK, TITLE, "Add", blocks)


def read(view: dict[str, Any]) -> Wanted:
    """What is wanted.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    sent = Sent(view)
    url, events = sent.text(URL).strip(), sent.choices(EVENTS)
    if unknown := [event for event in events if event not in set(Move)]:
        raise InvalidDraft({EVENTS: f"The desk has no event “{clip(unknown[0], 50)}” any more."})
    return Wanted(url, tuple(events))


def added(webhook: Webhook) -> Block:
    """What says that it is added; the secret is shown nowhere else, and not again."""
    secret = webhook.secret.get_secret_value()
    return sentence_view(
        "*It is told from now on.*",
        "With this secret it can check that what it is told is true. *It is shown this once.*",
        f"```{escape(secret)}```",
        title=TITLE,
    )


def deliveries(webhook_id: str, told: Sequence[Delivery]) -> Block:
    """What one was told last, or should have been, the newest first."""
    lines = [_delivery(one) for one in told[:MOST_DELIVERIES]]
    return {
        "type": "modal",
        "title": plain("Deliveries"),
        "close": plain("Close"),
        "private_metadata": webhook_id,
        "blocks": [*(lines or [_section("It has not been told anything yet.")]), _BACK],
    }


def _listed(webhooks: Sequence[Webhook]) -> Iterator[Block]:
    for one in webhooks:
        # An address is nothing that Slack should read as anything but text.
        address = {"type": "section", "text": plain(clip(one.url, _SHOWN))}
        events = escape(clip(", ".join(one.events), _SHOWN)) or "all that happens"
        by = f"{events} · added by {mention(one.created_by)} {moment(one.created_at)}"
        yield address
        yield {"type": "context", "elements": [{"type": "mrkdwn", "text": by}]}
        yield buttons(
            f"webhook:{one.id}",
            button(DELIVERIES, "Deliveries", value=one.id),
            button(REMOVE, "Remove", value=one.id, style="danger", confirm=_SURE),
        )


_BACK = buttons("back", button(BACK, "All webhooks", value=BACK))
_SURE = {
    "title": plain("Remove it?"),
    "text": plain("It is told nothing any more, and what it was told is not shown any more."),
    "confirm": plain("Remove"),
    "deny": plain("Keep"),
    "style": "danger",
}


def _delivery(one: Delivery) -> Block:
    came = "delivered" if one.delivered else "not delivered"
    tries = "1 try" if one.attempts == 1 else f"{one.attempts} tries"
    outcome = escape(clip(one.outcome, _SHOWN)) or "not tried yet"
    says = f"*{escape(one.type)}*, {one.ticket_id}: {came} after {tries}\n"
    again = button(REPLAY, "Tell again", value=one.id)
    return {
        **_section(f"{says}{moment(one.tried_at)}: {outcome}"),
        "block_id": f"delivery:{one.id}",
        "accessory": again,
    }


def _section(said: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": said}}
