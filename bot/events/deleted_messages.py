"""Sends a card again when Slack reports that its message was deleted.

Slack also sends the other messages of the app's direct messages here, its own ones included. They
need no answer.
"""

import re
from contextlib import suppress
from datetime import datetime

from slack_bolt.async_app import AsyncApp

from bot.payload import Payload
from models.errors import Conflict, NoSuchTicket
from models.ticket_service import TicketService
from models.tickets.ticket import Ticket

_TICKET_ID_PATTERN = re.compile(r"\bT-[0-9]{1,9}\b", re.ASCII)


def register(app: AsyncApp) -> None:
    """Listen to the messages that manifest.yml subscribes to."""
    app.event("message")(handle_message_event)


async def handle_message_event(event: Payload, *, ticket_service: TicketService) -> None:
    """Remove a deleted card from its ticket, which requests another one if it is needed."""
    if event.get("subtype") != "message_deleted":
        return
    channel, ts = event.get("channel"), event.get("deleted_ts")
    # Each card names its ticket in its text.
    ticket_id = _TICKET_ID_PATTERN.search((event.get("previous_message") or {}).get("text") or "")
    if ticket_id is None:
        return

    def remove_card(ticket: Ticket, _now: datetime) -> Ticket:
        for card in ticket.cards:
            if (card.channel, card.ts) == (channel, ts):
                return ticket.without_card(card.notice)
        raise Conflict(f"{ticket.id} has no such card")

    with suppress(Conflict, NoSuchTicket):
        await ticket_service.update_ticket(ticket_id[0], remove_card)
