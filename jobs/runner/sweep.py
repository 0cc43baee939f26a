"""The sweep: finds due steps, orphaned tickets and stale profiles without a wake-up."""

import asyncio
import logging
import random
from contextlib import suppress
from datetime import datetime

from models.access.directory_sync import MAX_PROFILE_AGE, DirectorySync
from models.admin.orphaned_tickets import OrphanedTickets
from models.clock import utc_now as clock
from models.errors import Conflict, DatabaseUnavailable, NoSuchTicket
from models.infra.logs import format_traceback, ticket_log_context
from models.job_queue.step_queue import StepQueue
from models.people.store import MemberStore
from models.search.search import Search
from models.ticket_service import TicketService
from models.ticket_store.store import TicketStore
from models.tickets.card_list import with_missing_cards_requested
from models.tickets.ticket import Ticket

SWEEP_INTERVAL_SECONDS = 5
_MAX_TICKETS_PER_SWEEP = 500
# Per worker and minute: one worker refreshes a thousand people in less than four hours.
_MAX_PROFILES_PER_RUN = 5
log = logging.getLogger(__name__)


async def sweep_forever(*, step_queue: StepQueue, tickets: TicketStore) -> None:
    """Sweep every few seconds. It runs outside the job queue, where it would wait its turn."""
    while True:
        try:
            await sweep(step_queue=step_queue, tickets=tickets)
        except Exception as error:
            log.error("the sweep has a bug: %s", format_traceback(error))  # noqa: TRY400  # may quote people
        await asyncio.sleep(SWEEP_INTERVAL_SECONDS)


async def sweep(*, step_queue: StepQueue, tickets: TicketStore) -> None:
    """Wake a worker for each ticket with a due step. Several workers may do this at once."""
    try:
        due_tickets, now = await tickets.due_tickets(limit=_MAX_TICKETS_PER_SWEEP)
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read due tickets: %r", error.__cause__)
        return
    await asyncio.gather(
        *(_enqueue_ticket(ticket, now, step_queue=step_queue) for ticket in due_tickets)
    )


async def _enqueue_ticket(ticket: Ticket, now: datetime, *, step_queue: StepQueue) -> None:
    # A worker that is woken for one step runs all due steps. It would not wake up for a step of a
    # newer release, which has workers of its own.
    due_steps = (
        entry for entry in ticket.pending if entry.step.is_known and entry.due and entry.due <= now
    )
    if due_step := next(due_steps, None):
        with ticket_log_context(ticket.id):
            await step_queue.enqueue(ticket.id, [due_step], now=now, is_retry=True)


async def retry_quarantined(*, tickets: TicketStore) -> None:
    """Release all quarantined tickets: they may be repaired, or this worker is newer."""
    try:
        for ticket_id in await tickets.quarantined_tickets(limit=_MAX_TICKETS_PER_SWEEP):
            with suppress(NoSuchTicket):
                await tickets.release_from_quarantine(ticket_id)
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read quarantined tickets: %r", error.__cause__)


async def send_lost_cards(*, tickets: TicketStore, ticket_service: TicketService) -> None:
    """Request a card for people with an open ticket who have none. Workers may do this at once.

    Each write that removes a card requests another one. So this finds only tickets of earlier
    releases, which forgot the cards that Slack no longer had.
    """
    try:
        for ticket in await tickets.tickets_with_lost_card(limit=_MAX_TICKETS_PER_SWEEP):
            with suppress(NoSuchTicket, Conflict):
                await ticket_service.update_ticket(
                    ticket.id, lambda current, now: with_missing_cards_requested(current, now=now)
                )
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read tickets with a lost card: %r", error.__cause__)


async def reassign_orphaned_tickets(
    *, members: MemberStore, orphaned_tickets: OrphanedTickets
) -> None:
    """Reassign tickets whose assignee is no longer a moderator. Workers may do this at once."""
    try:
        for team_id in await members.team_ids():
            await orphaned_tickets.reassign(team_id)
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read orphaned tickets: %r", error.__cause__)


async def refresh_stale_profiles(
    *, members: MemberStore, search: Search, directory: DirectorySync
) -> None:
    """Ask Slack about some members whose profile is old, because an event may have been lost.

    So deactivated people lose their role and their tokens. Several workers may ask at once.
    """
    try:
        for team_id in await members.team_ids():
            stale_members = await search.members_with_stale_profile(
                team_id, stale_before=clock() - MAX_PROFILE_AGE
            )
            # A random choice, because Slack may never answer for some of them.
            sample_size = min(len(stale_members), _MAX_PROFILES_PER_RUN)
            for member in random.sample(stale_members, sample_size):
                await directory.member_with_profile(team_id, member.slack_id)
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read stale profiles: %r", error.__cause__)
