"""Runs the due steps of a ticket: leases them, runs them, and stores the result.

A step function checks that its work is still needed, makes one call to the outside, and returns
an update of the ticket. It fails by raising an error. This file alone decides about retries:
a transient error → retry with backoff; a conflict → drop the step; a permanent error or the last
attempt → dead step.

A woken worker runs all due steps of the ticket at the same time, and then the steps that follow.
The write that completes a step also leases the next ones. A wake-up is only needed while no
worker has the ticket.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from jobs.runner.retry_policies import MAX_HOLD_TIME, retry_delay, retry_policy
from jobs.runner.step_function import BoundStep
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
from models.ticket_service import TicketService
from models.ticket_store.lease import LeasedSteps, TicketLease
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Ticket

# `docker stop` waits ten seconds, and the worker closes its connections after this.
_MAX_RELEASE_SECONDS = 1
log = logging.getLogger(__name__)


async def run_due_steps(
    ticket_id: str,
    step_functions: Mapping[Step, BoundStep],
    *,
    is_stopping: Callable[[], bool],
    ticket_service: TicketService,
) -> None:
    """Run the due steps of one ticket and the steps that follow from them.

    Args:
        ticket_id: the ticket.
        step_functions: the function of each step. Steps without one are left alone.
        is_stopping: whether the worker shuts down, so that no further step may start.
        ticket_service: stores the results.
    """
    deadline = time.monotonic() + MAX_HOLD_TIME.total_seconds()

    def keep_running() -> bool:
        return not is_stopping() and time.monotonic() < deadline

    lease = TicketLease(ticket_id, frozenset(step_functions), keep_running)
    await _TicketRun(ticket_service, step_functions, lease).run()


@dataclass(frozen=True, slots=True)
class _TicketRun:
    """One run of a worker over the steps of one ticket."""

    ticket_service: TicketService
    step_functions: Mapping[Step, BoundStep]
    lease: TicketLease

    async def run(self) -> None:
        with ticket_log_context(self.lease.ticket_id):
            try:
                leased_steps = await self.ticket_service.lease_due_steps(self.lease)
            except (Conflict, NoSuchTicket):
                return
            except DatabaseUnavailable as error:
                log.warning(
                    "%s: the worker could not lease steps: %r",
                    self.lease.ticket_id,
                    error.__cause__,
                )
                return
            async with asyncio.TaskGroup() as tasks:
                self._start_steps(leased_steps, tasks)

    def _start_steps(self, leased_steps: LeasedSteps, task_group: asyncio.TaskGroup) -> None:
        for leased_step in leased_steps.steps:
            task_group.create_task(self._run_step(leased_steps.ticket, leased_step, task_group))

    async def _run_step(
        self, ticket: Ticket, leased_step: PendingStep, task_group: asyncio.TaskGroup
    ) -> None:
        step = leased_step.step
        try:
            with caller_context(f"{ticket.id}:{step}"):
                async with asyncio.timeout(retry_policy(step).timeout_seconds):
                    update = await self.step_functions[step](ticket, leased_step)
            next_steps = await self.ticket_service.complete_step(self.lease, leased_step, update)
            log.info("%s: %s is done", ticket.id, step)
            STEPS.labels(step, "done").inc()
            self._start_steps(next_steps, task_group)
        except (Conflict, NoSuchTicket) as conflict:
            log.info("%s", conflict)
            STEPS.labels(step, "overtaken").inc()
        except asyncio.CancelledError:
            await self._release_step(leased_step)
            raise
        except Exception as error:
            await self._handle_failure(leased_step, error)

    async def _release_step(self, leased_step: PendingStep) -> None:
        """Release the step of a worker that shuts down, so another worker can take it at once."""
        with suppress(Conflict, NoSuchTicket, DatabaseUnavailable, TimeoutError):
            async with asyncio.timeout(_MAX_RELEASE_SECONDS):
                await self.ticket_service.retry_later(
                    self.lease,
                    leased_step,
                    delay=timedelta(),
                    error=leased_step.error,
                    failed_attempts=leased_step.attempts,
                    run_count=leased_step.tries,
                )

    async def _handle_failure(self, leased_step: PendingStep, error: Exception) -> None:
        """Schedule a retry or mark the step dead. Without the database, its lease just expires."""
        ticket_id = self.lease.ticket_id
        is_expected = isinstance(error, ExternalServiceError | UserFacingError | TimeoutError)
        if not is_expected:
            log.error("%s: %s has a bug: %s", ticket_id, leased_step.step, format_traceback(error))
        # The message of an unexpected error may quote people.
        reason = f"{type(error).__name__}: {error}"[:500] if is_expected else type(error).__name__
        try:
            await self._retry_or_dead_letter(leased_step, error, reason)
        except (Conflict, NoSuchTicket) as conflict:
            log.info("%s", conflict)
        except DatabaseUnavailable as unavailable:
            log.warning(
                "%s: the worker could not store the failure of %s: %r",
                ticket_id,
                leased_step.step,
                unavailable.__cause__,
            )

    async def _retry_or_dead_letter(
        self, leased_step: PendingStep, error: Exception, reason: str
    ) -> None:
        ticket_id = self.lease.ticket_id
        uses_attempt = error.uses_attempt if isinstance(error, RetryLater) else True
        failed_attempts = leased_step.attempts + uses_attempt
        policy = retry_policy(leased_step.step)
        delay = retry_delay(policy, error, failed_attempts=failed_attempts)
        if delay is None:
            log.error("%s: %s is dead: %s", ticket_id, leased_step.step, reason)
            await self.ticket_service.dead_letter(
                self.lease, leased_step, error=reason, failed_attempts=failed_attempts
            )
        else:
            log.warning("%s: %s will be retried: %s", ticket_id, leased_step.step, reason)
            # Nothing was sent, so the next attempt need not check whether it arrived.
            run_count = leased_step.tries - isinstance(error, RetryLater)
            await self.ticket_service.retry_later(
                self.lease,
                leased_step,
                delay=delay,
                error=reason,
                failed_attempts=failed_attempts,
                run_count=run_count,
            )
        STEPS.labels(leased_step.step, "later" if delay else "dead").inc()
