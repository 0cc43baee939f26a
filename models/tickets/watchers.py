"""Watchers: people who follow a ticket with a card of their own, but do not handle it.

A moderator may watch a ticket that they may see. The assignee may add other people as watchers.
Watching alone gives no access to a confidential ticket: its watchers must be trusted, too (see
`models.tickets.permissions`).
"""

from datetime import datetime

from models.errors import NotAllowed
from models.tickets.card_list import live_cards
from models.tickets.pending_step import Step
from models.tickets.ticket import CardKind, Ticket, TicketUpdate

MAX_WATCHERS = 20
SLACK_ID_FIELD = "slack_id"


def watcher_notice_id(ticket_id: str, watcher_id: str) -> str:
    """The notice id of the watcher's card."""
    return f"{ticket_id}.watcher.{watcher_id}"


def watchers_without_card(ticket: Ticket) -> list[str]:
    """The watchers who have no card yet."""
    live = live_cards(ticket)
    return [one for one in ticket.watchers if (CardKind.WATCHER, one) not in live]


def then_notify_rest(update: TicketUpdate, *, except_watcher: str) -> TicketUpdate:
    """The update, followed by `DM_WATCHERS` while other watchers have no card yet."""

    def notify_rest(current: Ticket, now: datetime) -> Ticket:
        after = update(current, now)
        waiting = set(watchers_without_card(after)) - {except_watcher}
        return after.with_step(Step.DM_WATCHERS, due=now) if waiting else after

    return notify_rest


def without_unreachable(watcher_id: str) -> TicketUpdate:
    """The update that removes a watcher whom Slack does not know any more."""

    def remove_watcher(current: Ticket, now: datetime) -> Ticket:
        return without_watcher(current, watcher_id, now)

    return then_notify_rest(remove_watcher, except_watcher=watcher_id)


def with_watcher(ticket: Ticket, watcher_id: str, now: datetime) -> Ticket:
    if watcher_id in ticket.watchers:
        return ticket
    if len(ticket.watchers) >= MAX_WATCHERS:
        raise NotAllowed(
            f"No watcher was added: {ticket.id} already has {MAX_WATCHERS} watchers. "
            "Ask one of them to stop watching it."
        )
    watched = ticket.model_copy(update={"watchers": (*ticket.watchers, watcher_id)})
    return watched.with_step(Step.DM_WATCHERS, due=now)


def without_watcher(ticket: Ticket, watcher_id: str, now: datetime) -> Ticket:
    if watcher_id not in ticket.watchers:
        return ticket
    others = tuple(other for other in ticket.watchers if other != watcher_id)
    return ticket.model_copy(update={"watchers": others}).with_step(Step.REFRESH_CARDS, due=now)


def confirmation(ticket: Ticket, *, watching: bool) -> str:
    """The text for a person who has started or stopped watching (mrkdwn)."""
    if watching:
        return (
            f"You watch {ticket.id}. A card in your direct message with Frontdesk shows its status."
        )
    return f"You don't watch {ticket.id} any more."
