"""The sweep: finds due steps, orphaned tickets and stale profiles without a wake-up."""

import asyncio
import logging
import random
from contextlib import suppress
from datetime import datetime
from typing import Any

from jobs.runner.step_context import StepContext
from models.access.directory_sync import MAX_PROFILE_AGE
from models.clock import utc_now as clock
from models.errors import Conflict, DatabaseUnavailable, NoSuchTicket
from models.infra.logs import format_traceback, ticket_log_context
from models.tickets.card_list import with_missing_cards_requested
from models.tickets.ticket import Ticket

SWEEP_INTERVAL_SECONDS = 5
_MAX_TICKETS_PER_SWEEP = 500
# Per worker and minute: one worker refreshes a thousand people in less than four hours.
_MAX_PROFILES_PER_RUN = 5
log = logging.getLogger(__name__)


async def sweep_forever(context: StepContext) -> None:
    """Sweep every few seconds. It runs outside the job queue, where it would wait its turn."""
    while True:
        try:
            await sweep(context)
        except Exception as error:
            log.error("the sweep has a bug: %s", format_traceback(error))  # noqa: TRY400  # may quote people
        await asyncio.sleep(SWEEP_INTERVAL_SECONDS)


async def sweep(context: StepContext) -> None:
    """Wake a worker for each ticket with a due step. Several workers may do this at once."""
    try:
        tickets, now = await context.service.tickets.due_tickets(limit=_MAX_TICKETS_PER_SWEEP)
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read due tickets: %r", error.__cause__)
        return
    await asyncio.gather(*(_enqueue_ticket(context, ticket, now) for ticket in tickets))


async def _enqueue_ticket(context: StepContext, ticket: Ticket, now: datetime) -> None:
    # A worker that is woken for one step runs all due steps. It would not wake up for a step of a
    # newer release, which has workers of its own.
    due_steps = (
        entry for entry in ticket.pending if entry.step.is_known and entry.due and entry.due <= now
    )
    if due_step := next(due_steps, None):
        with ticket_log_context(ticket.id):
            await context.service.step_queue.enqueue(ticket.id, [due_step], now=now, is_retry=True)


async def retry_quarantined(ctx: dict[str, Any]) -> None:
    """Release all quarantined tickets: they may be repaired, or this worker is newer."""
    context: StepContext = ctx["context"]
    store = context.service.tickets
    try:
        for ticket_id in await store.quarantined_tickets(limit=_MAX_TICKETS_PER_SWEEP):
            with suppress(NoSuchTicket):
                await store.release_from_quarantine(ticket_id)
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read quarantined tickets: %r", error.__cause__)


async def send_lost_cards(ctx: dict[str, Any]) -> None:
    """Request a card for people with an open ticket who have none. Workers may do this at once.

    Each write that removes a card requests another one. So this finds only tickets of earlier
    releases, which forgot the cards that Slack no longer had.
    """
    context: StepContext = ctx["context"]
    service = context.service
    try:
        for ticket in await service.tickets.tickets_with_lost_card(limit=_MAX_TICKETS_PER_SWEEP):
            with suppress(NoSuchTicket, Conflict):
                await service.update_ticket(
                    ticket.id, lambda current, now: with_missing_cards_requested(current, now=now)
                )
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read tickets with a lost card: %r", error.__cause__)


async def reassign_orphaned_tickets(ctx: dict[str, Any]) -> None:
    """Reassign tickets whose assignee is no longer a moderator. Workers may do this at once."""
    context: StepContext = ctx["context"]
    try:
        for team_id in await context.service.members.team_ids():
            await context.service.reassign_orphaned_tickets(team_id)
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read orphaned tickets: %r", error.__cause__)


async def refresh_stale_profiles(ctx: dict[str, Any]) -> None:
    """Ask Slack about some members whose profile is old, because an event may have been lost.

    So deactivated people lose their role and their tokens. Several workers may ask at once.
    """
    context: StepContext = ctx["context"]
    service = context.service
    try:
        for team_id in await service.members.team_ids():
            stale_members = await service.search.members_with_stale_profile(
                team_id, stale_before=clock() - MAX_PROFILE_AGE
            )
            # A random choice, because Slack may never answer for some of them.
            sample_size = min(len(stale_members), _MAX_PROFILES_PER_RUN)
            for member in random.sample(stale_members, sample_size):
                await service.member_with_profile(team_id, member.slack_id)
    except DatabaseUnavailable as error:
        log.warning("the sweep could not read stale profiles: %r", error.__cause__)
