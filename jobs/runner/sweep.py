"""What is looked at again and again, so that a ticket arrives though nobody rings for it."""

import asyncio
import logging
import random
from contextlib import suppress
from datetime import datetime
from typing import Any

from jobs.runner.step_context import StepContext
from models.access.directory_sync import MAX_PROFILE_AGE
from models.clock import utc_now as clock
from models.errors import DatabaseUnavailable, NoSuchTicket
from models.infra.logs import format_traceback, ticket_log_context
from models.tickets.ticket import Ticket

SWEEP_INTERVAL_SECONDS = 5
_MAX_TICKETS_PER_SWEEP = 500
# By each worker in a minute: a thousand people take one of them less than four hours.
_MAX_PROFILES_PER_RUN = 5
log = logging.getLogger(__name__)


async def sweep_forever(context: StepContext) -> None:
    """Sweep every few seconds, for ever: beside the queue, in which it would come after a crowd."""
    while True:
        try:
            await sweep(context)
        except Exception as error:
            log.error("the sweep met a bug: %s", format_traceback(error))  # noqa: TRY400  # may quote people
        await asyncio.sleep(SWEEP_INTERVAL_SECONDS)


async def sweep(context: StepContext) -> None:
    """Ring for each ticket with a due step; harmless when many workers do it at once."""
    try:
        tickets, now = await context.service.tickets.due_tickets(limit=_MAX_TICKETS_PER_SWEEP)
    except DatabaseUnavailable as away:
        log.warning("nothing can be swept: %r", away.__cause__)
        return
    await asyncio.gather(*(_enqueue_ticket(context, ticket, now) for ticket in tickets))


async def _enqueue_ticket(context: StepContext, ticket: Ticket, now: datetime) -> None:
    # Who is woken for one step does all that are due.
    due = next(entry for entry in ticket.pending if entry.due and entry.due <= now)
    with ticket_log_context(ticket.id):
        await context.service.step_queue.enqueue(ticket.id, [due], now=now, is_retry=True)


async def retry_quarantined(ctx: dict[str, Any]) -> None:
    """Tickets that were set aside go on: repaired, or of a newer release than those who tried."""
    tools: StepContext = ctx["tools"]
    store = tools.service.tickets
    try:
        for ticket_id in await store.quarantined_tickets(limit=_MAX_TICKETS_PER_SWEEP):
            with suppress(NoSuchTicket):
                await store.release_from_quarantine(ticket_id)
    except DatabaseUnavailable as away:
        log.warning("what was set aside can't be looked at: %r", away.__cause__)


async def reassign_orphaned_tickets(ctx: dict[str, Any]) -> None:
    """Tickets of those who may hold none any more go on; harmless when many workers look."""
    tools: StepContext = ctx["tools"]
    try:
        for team_id in await tools.service.members.team_ids():
            await tools.service.reassign_orphaned_tickets(team_id)
    except DatabaseUnavailable as away:
        log.warning("nobody's tickets can be looked at: %r", away.__cause__)


async def refresh_stale_profiles(ctx: dict[str, Any]) -> None:
    """Ask Slack about some of whom it has told nothing for long: an event may have been lost.

    Who has left keeps neither role nor token for that; harmless when many workers ask.
    """
    tools: StepContext = ctx["tools"]
    service = tools.service
    try:
        for team_id in await service.members.team_ids():
            people = await service.search.members_with_stale_profile(
                team_id, stale_before=clock() - MAX_PROFILE_AGE
            )
            # Not always the same: Slack may say nothing of some of them.
            for member in random.sample(people, min(len(people), _MAX_PROFILES_PER_RUN)):
                await service.member_with_profile(team_id, member.slack_id)
    except DatabaseUnavailable as away:
        log.warning("nobody is asked about: %r", away.__cause__)
