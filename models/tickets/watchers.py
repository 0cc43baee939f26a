"""Who watches a ticket: they see it, and a card of theirs follows it, but it is not theirs.

A moderator who may see a ticket may watch it; its assignee may share it with anybody, but a
confidential one only with those who are trusted with such tickets.
"""

from datetime import datetime

from models.errors import NotAllowed
from models.tickets.pending_step import Step
from models.tickets.ticket import CardKind, Ticket, TicketUpdate

MAX_WATCHERS = 20
SLACK_ID_FIELD = "slack_id"


def watcher_notice_id(ticket_id: str, watcher_id: str) -> str:
    """The id of what somebody who watches is told."""
    return f"{ticket_id}.watcher.{watcher_id}"


def watchers_without_card(ticket: Ticket) -> list[str]:
    """Those who watch and have no card yet."""
    told = {card.notice for card in ticket.cards}
    return [who for who in ticket.watchers if watcher_notice_id(ticket.id, who) not in told]


def then_notify_rest(update: TicketUpdate, *, except_watcher: str) -> TicketUpdate:
    """The effect of telling one of them, after which the others are told."""

    def told(current: Ticket, now: datetime) -> Ticket:
        after = update(current, now)
        rest = set(watchers_without_card(after)) - {except_watcher}
        return after.with_step(Step.DM_WATCHERS, due=now) if rest else after

    return told


def without_unreachable(watcher_id: str) -> TicketUpdate:
    """The effect of finding out that somebody who watches is not there any more."""

    def gone(current: Ticket, now: datetime) -> Ticket:
        return without_watcher(current, watcher_id, now)

    return then_notify_rest(gone, except_watcher=watcher_id)


def with_watcher(ticket: Ticket, watcher_id: str, now: datetime) -> Ticket:
    if watcher_id in ticket.watchers:
        return ticket
    if len(ticket.watchers) >= MAX_WATCHERS:
        raise NotAllowed(
            f"{MAX_WATCHERS} people watch {ticket.id} already. One of them has to stop."
        )
    watched = ticket.model_copy(update={"watchers": (*ticket.watchers, watcher_id)})
    return _with_card_refreshed(watched, watcher_id, now).with_step(Step.DM_WATCHERS, due=now)


def without_watcher(ticket: Ticket, watcher_id: str, now: datetime) -> Ticket:
    if watcher_id not in ticket.watchers:
        return ticket
    left = tuple(one for one in ticket.watchers if one != watcher_id)
    return _with_card_refreshed(ticket.model_copy(update={"watchers": left}), watcher_id, now)


def _with_card_refreshed(ticket: Ticket, watcher_id: str, now: datetime) -> Ticket:
    """The ticket that has their card drawn anew, if there is one."""
    stale = {"version": 0}
    cards = tuple(
        card.model_copy(update=stale)
        if (card.kind, card.to) == (CardKind.WATCHER, watcher_id)
        else card
        for card in ticket.cards
    )
    if cards == ticket.cards:
        return ticket
    return ticket.model_copy(update={"cards": cards}).with_step(Step.REFRESH_CARDS, due=now)


def confirmation(ticket: Ticket, *, watching: bool) -> str:
    """What somebody is told who has begun to watch, or stopped (mrkdwn)."""
    if watching:
        return f"You watch {ticket.id}: a card in your messages with Frontdesk follows it."
    return f"You don't watch {ticket.id} any more."
