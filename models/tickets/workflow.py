"""The workflow: makes the moves in the rows of `models.tickets.actions`.

`models.tickets.permissions` decides who may make a move.
"""

from datetime import datetime
from typing import Any

from models.errors import Conflict, NoSuchTicket, NotAllowed
from models.people.member import Member
from models.tickets.actions import ACTIONS, Verb
from models.tickets.permissions import can
from models.tickets.refusals import conflict_text, forbidden_text
from models.tickets.ticket import Event, Ticket


def transition(
    ticket: Ticket,
    verb: Verb,
    *,
    actor: Member | None,
    now: datetime,
    seen_version: int | None = None,
    event_reason: str = "",
    **changes: Any,
) -> Ticket:
    """The ticket after the move of this verb.

    Args:
        actor: the person who makes the move; None for Frontdesk itself.
        now: the database's time.
        seen_version: the version that the person saw; None when they saw no card.
        event_reason: the reason for the history.
        changes: fields of the ticket that the move sets.

    Raises:
        NoSuchTicket: the person may not see the ticket.
        Conflict: the ticket's status does not allow the move, or its version is not `seen_version`.
        NotAllowed: see `models.tickets.permissions`.
    """
    action = ACTIONS[verb]
    actor_id = actor.slack_id if actor else ""
    if actor and not can(Verb.VIEW, actor, ticket):
        raise NoSuchTicket
    if ticket.status not in action.from_statuses:
        raise Conflict(conflict_text(ticket, viewer=actor_id))
    if not (can(verb, actor, ticket) if actor else not action.is_for_people):
        raise NotAllowed(forbidden_text(ticket))
    if seen_version is not None and seen_version != ticket.state_version:
        raise Conflict(conflict_text(ticket, viewer=actor_id))
    event = Event(at=now, what=action.event, who=actor_id, why=event_reason)
    effect = action.effect(ticket, actor_id) | changes
    return ticket.with_transition(
        event, status=action.to_status or ticket.status, next_steps=action.next_steps, **effect
    )
