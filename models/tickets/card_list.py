"""The cards of a ticket: which ones people need, which must exist, and which are retired.

A card is one message to one person. When the person has no part in the ticket any more, or has a
newer card, the card is updated once more and then left alone. A card that must exist and does not
is requested again, with another notice id.
"""

from collections.abc import Mapping
from datetime import datetime

from models.tickets.pending_step import Step
from models.tickets.ticket import MAX_FORMER_CARDS, Card, CardKind, Status, Ticket

STEP_BY_KIND: Mapping[CardKind, Step] = {
    CardKind.REQUESTER: Step.DM_REQUESTER,
    CardKind.MODERATOR: Step.DM_ASSIGNEE,
    CardKind.RESOLVED: Step.ASK_REQUESTER,
    CardKind.WATCHER: Step.DM_WATCHERS,
}
CardKey = tuple[CardKind, str]
"""The kind of a card, and the Slack id of its reader."""


def needed_cards(ticket: Ticket) -> frozenset[CardKey]:
    """The cards that people with a part in the ticket may have."""
    needed = {(CardKind.REQUESTER, ticket.requester)}
    needed |= {(CardKind.WATCHER, watcher) for watcher in ticket.watchers}
    if ticket.assignee:
        needed.add((CardKind.MODERATOR, ticket.assignee))
    if ticket.status is Status.RESOLVED:
        needed.add((CardKind.RESOLVED, ticket.requester))
    return frozenset(needed)


def required_cards(ticket: Ticket) -> frozenset[CardKey]:
    """The cards that must exist: the requester's, and the assignee's while there is work to do."""
    if ticket.status is Status.RESOLVED:
        return frozenset({(CardKind.RESOLVED, ticket.requester)})
    return frozenset(key for key in needed_cards(ticket) if key[0] is not CardKind.WATCHER)


def live_cards(ticket: Ticket) -> dict[CardKey, Card]:
    """The newest card for each need."""
    needed = needed_cards(ticket)
    by_age = sorted(ticket.cards, key=lambda card: card.ts)
    return {(card.kind, card.to): card for card in by_age if (card.kind, card.to) in needed}


def retired_cards(ticket: Ticket) -> list[Card]:
    """The cards that are updated once more and then left alone.

    Cards of a kind that only a newer release knows are its own.
    """
    live = live_cards(ticket)
    known = (card for card in ticket.cards if card.kind.is_known)
    return [card for card in known if live.get((card.kind, card.to)) != card]


def missing_cards(ticket: Ticket) -> frozenset[CardKey]:
    """The cards that must exist and do not."""
    return required_cards(ticket) - live_cards(ticket).keys()


def has_lost_card(ticket: Ticket) -> bool:
    """Whether somebody with an open ticket has no card, and no step will send one."""
    return ticket.status is not Status.RESOLVED and any(
        ticket.find_step(STEP_BY_KIND[kind]) is None for kind, _ in missing_cards(ticket)
    )


def with_missing_cards_requested(ticket: Ticket, *, now: datetime) -> Ticket:
    """The ticket with a step for each card that must exist, does not, and is not requested."""
    for kind, _ in missing_cards(ticket):
        if ticket.find_step(STEP_BY_KIND[kind]) is None:
            ticket = ticket.with_step(STEP_BY_KIND[kind], due=now)
    return ticket


def with_new_gaps_filled(before: Ticket, after: Ticket, *, now: datetime) -> Ticket:
    """The changed ticket, with a step for each card that is missing since this change.

    Cards that were missing before are left to the steps that were requested for them: a step may
    have found that somebody cannot get a card.
    """
    for kind, _ in missing_cards(after) - missing_cards(before):
        after = after.with_step(STEP_BY_KIND[kind], due=now)
    return after


def unused_notice(ticket: Ticket, notice: str) -> str:
    """The notice id, with a number if a gone or retired card of the ticket has had it."""
    used = {card.notice for card in ticket.former_cards}
    candidates = (notice, *(f"{notice}.{number}" for number in range(1, MAX_FORMER_CARDS + 1)))
    return next(one for one in candidates if one not in used)


def with_card_restored(ticket: Ticket, *, to: str, ts: str, now: datetime) -> Ticket:
    """The ticket with a former card of this person again, if they need one and have none.

    A click may come from a card that was retired at the same moment.
    """
    needed = needed_cards(ticket) - live_cards(ticket).keys()
    for card in ticket.former_cards:
        key = card.kind, card.to
        if (card.to, card.ts) == (to, ts) and key in needed:
            former = tuple(other for other in ticket.former_cards if other is not card)
            restored = ticket.model_copy(update={"former_cards": former})
            return restored.with_card(card.with_unknown_content(), now=now)
    return ticket
