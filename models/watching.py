"""Who watches a ticket: they see it, and a card of theirs follows it, but it is not theirs.

A moderator who may see a ticket may watch it; its assignee may share it with anybody, but a
confidential one only with those who are trusted with such tickets.
"""

from datetime import datetime

from models.desk import Change, Desk
from models.errors import InvalidDraft, NoSuchTicket, NotAllowed
from models.flow import concerns
from models.member import Member
from models.permissions import Verb, may
from models.step import Step
from models.ticket import CardKind, Ticket
from models.wording import not_for_you

MOST = 20
WHO = "slack_id"
_FOR_MODERATORS = (
    "Only moderators can watch tickets. Your own are in your messages with Frontdesk, each with a "
    "card that says how it stands."
)


async def watch(desk: Desk, ticket_id: str, *, by: Member, who: str, watches: bool) -> Ticket:
    """The ticket with somebody watching it, or without; harmless when it is so already.

    Raises:
        NoSuchTicket: there is none, or none that concerns the person.
        NotAllowed: see `models.permissions`.
        InvalidDraft: the field `WHO`: the desk does not know them, or they can't see it.
    """
    other = None if who == by.slack_id else await desk.store.known(by.team_id, who)
    verb = Verb.SHARE if who != by.slack_id else Verb.WATCH if watches else Verb.UNWATCH

    def changed(ticket: Ticket, now: datetime) -> Ticket:
        if not concerns(ticket, by):
            raise NoSuchTicket
        if not may(verb, by, ticket):
            raise NotAllowed(_FOR_MODERATORS if verb is Verb.WATCH else not_for_you(ticket))
        if not watches:
            return _without(ticket, who, now)
        after = _with(ticket, who, now)
        if who != by.slack_id and (other is None or not may(Verb.VIEW, other, after)):
            raise InvalidDraft({WHO: "The desk does not know them, or they can't see this."})
        return after

    return await desk.amend(ticket_id, changed)


def notice_of(ticket_id: str, who: str) -> str:
    """The id of what somebody who watches is told."""
    return f"{ticket_id}.watcher.{who}"


def untold(ticket: Ticket) -> list[str]:
    """Those who watch and have no card yet."""
    told = {card.notice for card in ticket.cards}
    return [who for who in ticket.watchers if notice_of(ticket.id, who) not in told]


def telling_the_rest(change: Change, *, besides: str) -> Change:
    """The effect of telling one of them, after which the others are told."""

    def told(current: Ticket, now: datetime) -> Ticket:
        after = change(current, now)
        rest = set(untold(after)) - {besides}
        return after.asking(Step.DM_WATCHERS, due=now) if rest else after

    return told


def lost(who: str) -> Change:
    """The effect of finding out that somebody who watches is not there any more."""

    def gone(current: Ticket, now: datetime) -> Ticket:
        return _without(current, who, now)

    return telling_the_rest(gone, besides=who)


def _with(ticket: Ticket, who: str, now: datetime) -> Ticket:
    if who in ticket.watchers:
        return ticket
    if len(ticket.watchers) >= MOST:
        raise NotAllowed(f"{MOST} people watch {ticket.id} already. One of them has to stop.")
    watched = ticket.model_copy(update={"watchers": (*ticket.watchers, who)})
    return _drawn(watched, who, now).asking(Step.DM_WATCHERS, due=now)


def _without(ticket: Ticket, who: str, now: datetime) -> Ticket:
    if who not in ticket.watchers:
        return ticket
    left = tuple(one for one in ticket.watchers if one != who)
    return _drawn(ticket.model_copy(update={"watchers": left}), who, now)


def _drawn(ticket: Ticket, who: str, now: datetime) -> Ticket:
    """The ticket that has their card drawn anew, if there is one."""
    stale = {"version": 0}
    cards = tuple(
        card.model_copy(update=stale) if (card.kind, card.to) == (CardKind.WATCHER, who) else card
        for card in ticket.cards
    )
    if cards == ticket.cards:
        return ticket
    return ticket.model_copy(update={"cards": cards}).asking(Step.REFRESH_CARDS, due=now)


def said(ticket: Ticket, *, watches: bool) -> str:
    """What somebody is told who has begun to watch, or stopped (mrkdwn)."""
    if watches:
        return f"You watch {ticket.id}: a card in your messages with Frontdesk follows it."
    return f"You don't watch {ticket.id} any more."
