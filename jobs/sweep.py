"""What is looked at again and again, so that a ticket arrives though nobody rings for it."""

import asyncio
import logging
import random
from contextlib import suppress
from datetime import datetime
from typing import Any

from jobs.retrying import Tools
from models.clock import now as clock
from models.errors import NoSuchTicket, Unavailable
from models.logs import about, trace
from models.people import PROFILE_HOLDS
from models.ticket import Ticket

SWEEP_SECONDS = 5
_AT_ONCE = 500
# By each worker in a minute: a thousand people take one of them less than four hours.
_ASKED_AT_ONCE = 5
log = logging.getLogger(__name__)


async def keep_sweeping(tools: Tools) -> None:
    """Sweep every few seconds, for ever: beside the queue, in which it would come after a crowd."""
    while True:
        try:
            await sweep(tools)
        except Exception as error:
            log.error("the sweep met a bug: %s", trace(error))  # noqa: TRY400  # may quote people
        await asyncio.sleep(SWEEP_SECONDS)


async def sweep(tools: Tools) -> None:
    """Ring for each ticket with a due step; harmless when many workers do it at once."""
    try:
        tickets, now = await tools.desk.store.due_tickets(limit=_AT_ONCE)
    except Unavailable as away:
        log.warning("nothing can be swept: %r", away.__cause__)
        return
    await asyncio.gather(*(_ring(tools, ticket, now) for ticket in tickets))


async def _ring(tools: Tools, ticket: Ticket, now: datetime) -> None:
    # Who is woken for one step does all that are due.
    due = next(entry for entry in ticket.pending if entry.due and entry.due <= now)
    with about(ticket.id):
        await tools.desk.queue.ring(ticket.id, [due], now=now, again=True)


async def take_up_what_can_be_read(ctx: dict[str, Any]) -> None:
    """Tickets that were set aside go on: repaired, or of a newer release than those who tried."""
    store = ctx["tools"].desk.store
    try:
        for ticket_id in await store.set_aside(limit=_AT_ONCE):
            with suppress(NoSuchTicket):
                await store.take_up(ticket_id)
    except Unavailable as away:
        log.warning("what was set aside can't be looked at: %r", away.__cause__)


async def take_back_orphans(ctx: dict[str, Any]) -> None:
    """Tickets of those who may hold none any more go on; harmless when many workers look."""
    tools: Tools = ctx["tools"]
    try:
        for team_id in await tools.desk.store.teams():
            await tools.desk.take_back_orphans(team_id)
    except Unavailable as away:
        log.warning("nobody's tickets can be looked at: %r", away.__cause__)


async def ask_about_people(ctx: dict[str, Any]) -> None:
    """Ask Slack about some of whom it has told nothing for long: an event may have been lost.

    Who has left keeps neither role nor token for that; harmless when many workers ask.
    """
    desk = ctx["tools"].desk
    try:
        for team_id in await desk.store.teams():
            people = await desk.search.not_heard_of(team_id, since=clock() - PROFILE_HOLDS)
            # Not always the same: Slack may say nothing of some of them.
            for member in random.sample(people, min(len(people), _ASKED_AT_ONCE)):
                await desk.acquainted(team_id, member.slack_id)
    except Unavailable as away:
        log.warning("nobody is asked about: %r", away.__cause__)
