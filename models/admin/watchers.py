"""Watchers: a moderator starts or stops watching a ticket, or an assignee shares it."""

from dataclasses import dataclass
from datetime import datetime

from models.errors import InvalidInput
from models.people.member import Member
from models.people.store import MemberStore
from models.ticket_service import TicketService
from models.tickets.actions import Verb
from models.tickets.permissions import can, check
from models.tickets.ticket import Ticket
from models.tickets.watchers import SLACK_ID_FIELD, with_watcher, without_watcher

_CANNOT_WATCH_TEXT = (
    "No watcher was added: this person has never used Frontdesk, or may not see this ticket. "
    "Choose somebody else."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherAdmin:
    """Adds and removes watchers."""

    members: MemberStore
    ticket_service: TicketService

    async def set_watching(
        self, ticket_id: str, *, actor: Member, watcher_id: str, watching: bool
    ) -> Ticket:
        """The ticket with or without this watcher; no change if that is so already.

        Args:
            ticket_id: the ticket.
            actor: the person who makes the change.
            watcher_id: Slack id of the watcher, who may be the actor.
            watching: whether to add or remove the watcher.

        Raises:
            NoSuchTicket: there is no such ticket that the actor may see.
            NotAllowed: `models.tickets.permissions` forbids it, or there are too many watchers.
            InvalidInput: the watcher is not a member, or may not see the ticket (`SLACK_ID_FIELD`).
        """
        other = (
            None
            if watcher_id == actor.slack_id
            else await self.members.find_member(actor.team_id, watcher_id)
        )
        verb = (
            Verb.SHARE if watcher_id != actor.slack_id else Verb.WATCH if watching else Verb.UNWATCH
        )

        def change_watchers(ticket: Ticket, now: datetime) -> Ticket:
            check(verb, actor, ticket)
            if not watching:
                return without_watcher(ticket, watcher_id, now)
            after = with_watcher(ticket, watcher_id, now)
            if watcher_id != actor.slack_id and (other is None or not can(Verb.VIEW, other, after)):
                raise InvalidInput({SLACK_ID_FIELD: _CANNOT_WATCH_TEXT})
            return after

        return await self.ticket_service.update_ticket(ticket_id, change_watchers)
