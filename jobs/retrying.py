"""How a step is done: leased, tried within its time, its effect noted; or put off, or given up.

A step asks if there is still something to do, does one outside thing, and returns its effect on
the ticket. It fails by raising. This file alone decides about trying again:
a passing fault → later, with backoff; out of turn → nothing; refused or the last try → dead.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from jobs.gemini import Gemini
from jobs.learning import Learning
from jobs.policies import POLICIES, pause
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
from models.gate import calling
from models.logs import about, trace
from models.metrics import STEPS
from models.step import Pending, Step
from models.ticket import Ticket

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What a step works with; without a Gemini key there is no Gemini."""

    desk: Desk
    gemini: Gemini | None
    learning: Learning = field(default_factory=Learning)


Work = Callable[[Tools, Ticket, Pending], Awaitable[Change]]


async def do_step(tools: Tools, step: Step, work: Work, ticket_id: str) -> None:
    """Do one step of one ticket, if it is still due."""
    with about(ticket_id), calling(f"{ticket_id}:{step}"):
        await _do_step(tools, step, work, ticket_id)


async def _do_step(tools: Tools, step: Step, work: Work, ticket_id: str) -> None:
    try:
        ticket, leased = await tools.desk.lease(ticket_id, step)
    except (OutOfTurn, NoSuchTicket):
        return
    except Unavailable as away:
        log.warning("%s: %s could not be taken: %r", ticket_id, step, away.__cause__)
        return
    try:
        async with asyncio.timeout(POLICIES[step].seconds):
            effect = await work(tools, ticket, leased)
        await tools.desk.finish(ticket_id, leased, effect)
        log.info("%s: %s is done", ticket_id, step)
        STEPS.labels(step, "done").inc()
    except (OutOfTurn, NoSuchTicket) as overtaken:
        log.info("%s", overtaken)
        STEPS.labels(step, "overtaken").inc()
    except Exception as error:
        await _failed(tools.desk, ticket_id, leased, error)


async def _failed(desk: Desk, ticket_id: str, leased: Pending, error: Exception) -> None:
    """Put the step off, or give it up; should the database be away, its lease ends by itself."""
    expected = isinstance(error, OutsideError | DeskError | TimeoutError)
    if not expected:
        log.error("%s: %s met a bug: %s", ticket_id, leased.step, trace(error))
    reason = f"{type(error).__name__}: {error}"[:500] if expected else type(error).__name__
    attempts = leased.attempts + (error.counts if isinstance(error, NotNow) else 1)
    wait = None
    if not isinstance(error, Refused):
        wait = pause(POLICIES[leased.step], error, attempts=attempts)
    try:
        if wait is None:
            log.error("%s: %s is dead: %s", ticket_id, leased.step, reason)
            await desk.give_up(ticket_id, leased, error=reason, attempts=attempts)
        else:
            log.warning("%s: %s is put off: %s", ticket_id, leased.step, reason)
            # What was not done at all needs no look-up before it is done.
            tries = leased.tries - isinstance(error, NotNow)
            await desk.put_off(
                ticket_id, leased, wait=wait, error=reason, attempts=attempts, tries=tries
            )
        STEPS.labels(leased.step, "later" if wait else "dead").inc()
    except (OutOfTurn, NoSuchTicket) as overtaken:
        log.info("%s", overtaken)
    except Unavailable as away:
        log.warning("%s: %s could not be put off: %r", ticket_id, leased.step, away.__cause__)


def nothing(ticket: Ticket, _now: datetime) -> Ticket:
    """The effect of a step that found nothing to do."""
    return ticket
