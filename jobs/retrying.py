"""How steps are done: leased, tried within their time, their effect noted; or put off, or given up.

A step asks if there is still something to do, does one outside thing, and returns its effect on
the ticket. It fails by raising. This file alone decides about trying again:
a passing fault → later, with backoff; out of turn → nothing; refused or the last try → dead.

Who is woken for a step does all steps of the ticket that are due, at the same time, and goes on
with what follows: rings are for when nobody is at the ticket. What follows is leased by the write
that notes what is done.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.gemini import Gemini
from jobs.learning import Learning
from jobs.policies import GOES_ON, POLICIES, pause
from models.desk import Change, Desk
from models.errors import (
    DeskError,
    NoSuchTicket,
    NotNow,
    OutOfTurn,
    OutsideError,
    Unavailable,
)
from models.gate import calling
from models.holding import Holding, Taken
from models.logs import about, trace
from models.metrics import STEPS
from models.step import Pending, Step
from models.ticket import Ticket

# Closing what is open comes after it, and whoever ends a worker waits ten seconds for all of it.
_HANDS_BACK_SECONDS = 1
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What a step works with; without a Gemini key there is no Gemini."""

    desk: Desk
    gemini: Gemini | None
    learning: Learning = field(default_factory=Learning)


Work = Callable[[Tools, Ticket, Pending], Awaitable[Change]]


async def do_steps(
    tools: Tools, works: Mapping[Step, Work], ticket_id: str, *, ending: Callable[[], bool]
) -> None:
    """Do the steps of one ticket that are due, and go on with those that follow.

    Args:
        ending: whether nothing more is to be begun, since the worker was told to end.
    """
    until = time.monotonic() + GOES_ON.total_seconds()

    def goes_on() -> bool:
        return not ending() and time.monotonic() < until

    await _Doing(tools, works, Holding(ticket_id, frozenset(works), goes_on)).begin()


@dataclass(frozen=True, slots=True)
class _Doing:
    """The steps of one ticket, while a worker is at them."""

    tools: Tools
    works: Mapping[Step, Work]
    holding: Holding

    async def begin(self) -> None:
        with about(self.holding.ticket_id):
            try:
                taken = await self.tools.desk.take(self.holding)
            except (OutOfTurn, NoSuchTicket):
                return
            except Unavailable as away:
                log.warning(
                    "%s: nothing could be taken: %r", self.holding.ticket_id, away.__cause__
                )
                return
            async with asyncio.TaskGroup() as tasks:
                self._do_all(taken, tasks)

    def _do_all(self, taken: Taken, tasks: asyncio.TaskGroup) -> None:
        for leased in taken.steps:
            tasks.create_task(self._do(taken.ticket, leased, tasks))

    async def _do(self, ticket: Ticket, leased: Pending, tasks: asyncio.TaskGroup) -> None:
        step = leased.step
        try:
            with calling(f"{ticket.id}:{step}"):
                async with asyncio.timeout(POLICIES[step].seconds):
                    effect = await self.works[step](self.tools, ticket, leased)
            following = await self.tools.desk.finish(self.holding, leased, effect)
            log.info("%s: %s is done", ticket.id, step)
            STEPS.labels(step, "done").inc()
            self._do_all(following, tasks)
        except (OutOfTurn, NoSuchTicket) as overtaken:
            log.info("%s", overtaken)
            STEPS.labels(step, "overtaken").inc()
        except asyncio.CancelledError:
            await self._hand_back(leased)
            raise
        except Exception as error:
            await self._failed(leased, error)

    async def _hand_back(self, leased: Pending) -> None:
        """The worker is made to end in the middle of a step: another one need not wait for that."""
        with suppress(OutOfTurn, NoSuchTicket, Unavailable, TimeoutError):
            async with asyncio.timeout(_HANDS_BACK_SECONDS):
                await self.tools.desk.put_off(
                    self.holding,
                    leased,
                    wait=timedelta(),
                    error=leased.error,
                    attempts=leased.attempts,
                    tries=leased.tries,
                )

    async def _failed(self, leased: Pending, error: Exception) -> None:
        """Put the step off, or give it up; without the database its lease ends by itself."""
        ticket_id = self.holding.ticket_id
        expected = isinstance(error, OutsideError | DeskError | TimeoutError)
        if not expected:
            log.error("%s: %s met a bug: %s", ticket_id, leased.step, trace(error))
        reason = f"{type(error).__name__}: {error}"[:500] if expected else type(error).__name__
        try:
            await self._put_off_or_give_up(leased, error, reason)
        except (OutOfTurn, NoSuchTicket) as overtaken:
            log.info("%s", overtaken)
        except Unavailable as away:
            log.warning("%s: %s could not be put off: %r", ticket_id, leased.step, away.__cause__)

    async def _put_off_or_give_up(self, leased: Pending, error: Exception, reason: str) -> None:
        desk, ticket_id = self.tools.desk, self.holding.ticket_id
        attempts = leased.attempts + (error.counts if isinstance(error, NotNow) else 1)
        wait = pause(POLICIES[leased.step], error, attempts=attempts)
        if wait is None:
            log.error("%s: %s is dead: %s", ticket_id, leased.step, reason)
            await desk.give_up(self.holding, leased, error=reason, attempts=attempts)
        else:
            log.warning("%s: %s is put off: %s", ticket_id, leased.step, reason)
            # What was not done at all needs no look-up before it is done.
            tries = leased.tries - isinstance(error, NotNow)
            await desk.put_off(
                self.holding, leased, wait=wait, error=reason, attempts=attempts, tries=tries
            )
        STEPS.labels(leased.step, "later" if wait else "dead").inc()


def nothing(ticket: Ticket, _now: datetime) -> Ticket:
    """The effect of a step that found nothing to do."""
    return ticket
