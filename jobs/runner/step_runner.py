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
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from jobs.runner.retry_policies import MAX_HOLD_TIME, RETRY_POLICIES, retry_delay
from jobs.runner.step_context import StepContext, StepFunction
from models.errors import (
    Conflict,
    DatabaseUnavailable,
    ExternalServiceError,
    NoSuchTicket,
    RetryLater,
    UserFacingError,
)
from models.infra.logs import format_traceback, ticket_log_context
from models.infra.metrics import STEPS
from models.infra.outbound_calls import caller_context
from models.tickets.lease import LeasedSteps, TicketLease
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Ticket

# Closing what is open comes after it, and whoever ends a worker waits ten seconds for all of it.
_MAX_RELEASE_SECONDS = 1
log = logging.getLogger(__name__)


async def run_due_steps(
    context: StepContext,
    step_functions: Mapping[Step, StepFunction],
    ticket_id: str,
    *,
    is_stopping: Callable[[], bool],
) -> None:
    """Do the steps of one ticket that are due, and go on with those that follow.

    Args:
        ending: whether nothing more is to be begun, since the worker was told to end.
    """
    until = time.monotonic() + MAX_HOLD_TIME.total_seconds()

    def goes_on() -> bool:
        return not is_stopping() and time.monotonic() < until

    await _TicketRun(
        context, step_functions, TicketLease(ticket_id, frozenset(step_functions), goes_on)
    ).run()


@dataclass(frozen=True, slots=True)
class _TicketRun:
    """The steps of one ticket, while a worker is at them."""

    context: StepContext
    step_functions: Mapping[Step, StepFunction]
    lease: TicketLease

    async def run(self) -> None:
        with ticket_log_context(self.lease.ticket_id):
            try:
                taken = await self.context.service.lease_due_steps(self.lease)
            except (Conflict, NoSuchTicket):
                return
            except DatabaseUnavailable as away:
                log.warning("%s: nothing could be taken: %r", self.lease.ticket_id, away.__cause__)
                return
            async with asyncio.TaskGroup() as tasks:
                self._start_steps(taken, tasks)

    def _start_steps(self, leased_steps: LeasedSteps, task_group: asyncio.TaskGroup) -> None:
        for leased in leased_steps.steps:
            task_group.create_task(self._run_step(leased_steps.ticket, leased, task_group))

    async def _run_step(
        self, ticket: Ticket, leased_step: PendingStep, task_group: asyncio.TaskGroup
    ) -> None:
        step = leased_step.step
        try:
            with caller_context(f"{ticket.id}:{step}"):
                async with asyncio.timeout(RETRY_POLICIES[step].timeout_seconds):
                    effect = await self.step_functions[step](self.context, ticket, leased_step)
            following = await self.context.service.complete_step(self.lease, leased_step, effect)
            log.info("%s: %s is done", ticket.id, step)
            STEPS.labels(step, "done").inc()
            self._start_steps(following, task_group)
        except (Conflict, NoSuchTicket) as overtaken:
            log.info("%s", overtaken)
            STEPS.labels(step, "overtaken").inc()
        except asyncio.CancelledError:
            await self._release_step(leased_step)
            raise
        except Exception as error:
            await self._handle_failure(leased_step, error)

    async def _release_step(self, leased_step: PendingStep) -> None:
        """The worker is made to end in the middle of a step: another one need not wait for that."""
        with suppress(Conflict, NoSuchTicket, DatabaseUnavailable, TimeoutError):
            async with asyncio.timeout(_MAX_RELEASE_SECONDS):
                await self.context.service.retry_later(
                    self.lease,
                    leased_step,
                    delay=timedelta(),
                    error=leased_step.error,
                    failed_attempts=leased_step.attempts,
                    run_count=leased_step.tries,
                )

    async def _handle_failure(self, leased_step: PendingStep, error: Exception) -> None:
        """Put the step off, or give it up; without the database its lease ends by itself."""
        ticket_id = self.lease.ticket_id
        expected = isinstance(error, ExternalServiceError | UserFacingError | TimeoutError)
        if not expected:
            log.error("%s: %s met a bug: %s", ticket_id, leased_step.step, format_traceback(error))
        reason = f"{type(error).__name__}: {error}"[:500] if expected else type(error).__name__
        try:
            await self._retry_or_dead_letter(leased_step, error, reason)
        except (Conflict, NoSuchTicket) as overtaken:
            log.info("%s", overtaken)
        except DatabaseUnavailable as away:
            log.warning(
                "%s: %s could not be put off: %r", ticket_id, leased_step.step, away.__cause__
            )

    async def _retry_or_dead_letter(
        self, leased_step: PendingStep, error: Exception, reason: str
    ) -> None:
        service, ticket_id = self.context.service, self.lease.ticket_id
        attempts = leased_step.attempts + (
            error.uses_attempt if isinstance(error, RetryLater) else 1
        )
        wait = retry_delay(RETRY_POLICIES[leased_step.step], error, failed_attempts=attempts)
        if wait is None:
            log.error("%s: %s is dead: %s", ticket_id, leased_step.step, reason)
            await service.dead_letter(
                self.lease, leased_step, error=reason, failed_attempts=attempts
            )
        else:
            log.warning("%s: %s is put off: %s", ticket_id, leased_step.step, reason)
            # What was not done at all needs no look-up before it is done.
            tries = leased_step.tries - isinstance(error, RetryLater)
            await service.retry_later(
                self.lease,
                leased_step,
                delay=wait,
                error=reason,
                failed_attempts=attempts,
                run_count=tries,
            )
        STEPS.labels(leased_step.step, "later" if wait else "dead").inc()
