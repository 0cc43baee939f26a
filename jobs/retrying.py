"""How a step is done: leased, tried within its time, its effect noted; or put off, or given up.

A step asks if there is still something to do, does one outside thing, and returns its effect on
the ticket. It fails by raising. This file alone decides about trying again:
a passing fault → later, with backoff; out of turn → nothing; refused or the last try → dead.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.gemini import Gemini
from models.desk import Change, Desk
from models.errors import (
    DeskError,
    NoSuchTicket,
    NotNow,
    OutOfTurn,
    OutsideError,
    Refused,
    Unavailable,
)
from models.logs import trace
from models.ticket import Pending, Step, Ticket

# Shorter than the lease, so that nobody else starts while this try may still be at work.
STEP_SECONDS = 18
MAX_ATTEMPTS = 12
_LONGEST_WAIT = timedelta(minutes=5)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What a step works with; without a Gemini key there is no Gemini."""

    desk: Desk
    gemini: Gemini | None


Work = Callable[[Tools, Ticket, Pending], Awaitable[Change]]


async def do_step(tools: Tools, step: Step, work: Work, ticket_id: str) -> None:
    """Do one step of one ticket, if it is still due."""
    try:
        ticket, leased = await tools.desk.lease(ticket_id, step)
    except (OutOfTurn, NoSuchTicket):
        return
    except Unavailable as away:
        log.warning("%s: %s could not be taken: %r", ticket_id, step, away.__cause__)
        return
    try:
        async with asyncio.timeout(STEP_SECONDS):
            effect = await work(tools, ticket, leased)
        await tools.desk.finish(ticket_id, leased, effect)
        log.info("%s: %s is done", ticket_id, step)
    except OutOfTurn as overtaken:
        log.info("%s", overtaken)
    except Exception as error:
        await _put_off(tools.desk, ticket_id, leased, error)


async def _put_off(desk: Desk, ticket_id: str, leased: Pending, error: Exception) -> None:
    attempts = leased.attempts + (error.counts if isinstance(error, NotNow) else 1)
    dead = isinstance(error, Refused) or attempts >= MAX_ATTEMPTS
    expected = isinstance(error, OutsideError | DeskError | TimeoutError)
    reason = f"{type(error).__name__}: {error}" if expected else type(error).__name__
    if not expected:
        log.error("%s: %s met a bug: %s", ticket_id, leased.step, trace(error))
    if dead:
        log.error("%s: %s is dead: %s", ticket_id, leased.step, reason)
    else:
        log.warning("%s: %s is put off: %s", ticket_id, leased.step, reason)
    wait = None if dead else _wait(error, attempts)
    try:
        await desk.put_off(ticket_id, leased, wait=wait, error=reason[:500], attempts=attempts)
    except OutOfTurn as overtaken:
        log.info("%s", overtaken)
    except Unavailable as away:
        # The lease ends by itself, and the sweep finds the step.
        log.warning("%s: %s could not be put off: %r", ticket_id, leased.step, away.__cause__)


def _wait(error: Exception, attempts: int) -> timedelta:
    """What the other side asked for, else twice as long after each failed attempt, with jitter."""
    if isinstance(error, NotNow) and error.seconds:
        return timedelta(seconds=error.seconds)
    backoff = min(timedelta(seconds=2**attempts), _LONGEST_WAIT)
    return backoff * random.uniform(0.5, 1.0)  # noqa: S311 (jitter is no secret)


def nothing(ticket: Ticket, _now: datetime) -> Ticket:
    """The effect of a step that found nothing to do."""
    return ticket
