"""A moderator starts or stops watching a ticket, or an assignee shares it."""

from datetime import datetime

from models.errors import InvalidInput, NoSuchTicket, NotAllowed
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.permissions import Verb, can
from models.tickets.refusals import forbidden_text
from models.tickets.ticket import Ticket
from models.tickets.watchers import SLACK_ID_FIELD, with_watcher, without_watcher
from models.tickets.workflow import is_visible_to


async def set_watching(
    service: TicketService, ticket_id: str, *, actor: Member, watcher_id: str, watching: bool
) -> Ticket:
    """The ticket with somebody watching it, or without; harmless when it is so already.

    Raises:
        NoSuchTicket: there is none, or none that concerns the person.
        NotAllowed: see `models.tickets.permissions`.
        InvalidDraft: the field `WHO`: the desk does not know them, or they can't see it.
    """
    other = (
        None
        if watcher_id == actor.slack_id
        else await service.members.find_member(actor.team_id, watcher_id)
    )
    verb = Verb.SHARE if watcher_id != actor.slack_id else Verb.WATCH if watching else Verb.UNWATCH

    def changed(ticket: Ticket, now: datetime) -> Ticket:
        if not is_visible_to(ticket, actor):
            raise NoSuchTicket
        if not can(verb, actor, ticket):
            raise NotAllowed(
                _MODERATORS_ONLY_TEXT if verb is Verb.WATCH else forbidden_text(ticket)
            )
        if not watching:
            return without_watcher(ticket, watcher_id, now)
        after = with_watcher(ticket, watcher_id, now)
        if watcher_id != actor.slack_id and (other is None or not can(Verb.VIEW, other, after)):
            raise InvalidInput(
                {SLACK_ID_FIELD: "The desk does not know them, or they can't see this."}
            )
        return after

    return await service.update_ticket(ticket_id, changed)


_MODERATORS_ONLY_TEXT = (
    "Only moderators can watch tickets. Your own are in your messages with Frontdesk, each with a "
    "card that says how it stands."
)
