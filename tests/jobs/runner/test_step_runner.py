"""Failed steps: retried later, dead, or left to their new holder; on a real database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from jobs.runner.retry_policies import retry_policy
from jobs.runner.step_function import StepFunction, no_change
from models.errors import OutcomeUnknown, PermanentFailure, RetryLater, TargetGone
from models.services import Services
from models.ticket_store.lease import TicketLease
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Draft, Ticket, TicketUpdate
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import attempt_step, run_services, worker_services

SECRET = "swordfish"
MAX_ATTEMPTS = retry_policy(Step.TRIAGE).max_attempts


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_services(servers) as services:
        yield services


def failing_step(error: Exception) -> StepFunction:
    async def run(_ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        raise error

    return run


async def run_triage_step(
    services: Services, run_step: StepFunction, *, attempts: int = 0
) -> tuple[PendingStep, timedelta | None]:
    """The triage step after one attempt, and the delay before the next; None if it is dead."""
    ticket = await services.ticket_service.open_ticket(
        Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="VPN")
    )
    if attempts:
        [first, *others] = ticket.pending
        failed = first.model_copy(update={"attempts": attempts})
        changed = ticket.model_copy(update={"pending": (failed, *others)})
        assert await services.tickets.compare_and_set(ticket, changed)
    await attempt_step(services, Step.TRIAGE, run_step, ticket.id)
    current, now = await services.tickets.get_ticket(ticket.id)
    step = current.find_step(Step.TRIAGE)
    assert step
    return step, step.due - now if step.due else None


@pytest.mark.parametrize(
    ("error", "attempts", "max_seconds"),
    [
        (OutcomeUnknown("no usable answer"), 1, 2),
        (RetryLater("down"), 1, 2),
        (RetryLater("ratelimited", retry_after_seconds=30, uses_attempt=False), 0, 30),
        (TimeoutError(), 1, 2),
        (ValueError("a bug"), 1, 2),
    ],
    ids=["unknown", "down", "ratelimited", "timeout", "bug"],
)
async def test_transient_failure_delays_the_step(
    services: Services, error: Exception, attempts: int, max_seconds: float
) -> None:
    step, delay = await run_triage_step(services, failing_step(error))

    assert step.attempts == attempts
    assert delay is not None
    assert timedelta(seconds=max_seconds * 0.4) < delay <= timedelta(seconds=max_seconds)
    assert step.error.startswith(type(error).__name__)


@pytest.mark.parametrize("error", [PermanentFailure("invalid_auth"), TargetGone("user_disabled")])
async def test_permanent_failure_makes_the_step_dead_at_once(
    services: Services, error: Exception
) -> None:
    step, delay = await run_triage_step(services, failing_step(error))

    assert delay is None
    assert str(error) in step.error


async def test_step_is_dead_after_the_last_attempt(services: Services) -> None:
    last = MAX_ATTEMPTS - 1

    fail = failing_step(OutcomeUnknown("x"))

    _, delay_before_last = await run_triage_step(services, fail, attempts=last - 1)
    _, delay_after_last = await run_triage_step(services, fail, attempts=last)

    assert delay_before_last is not None
    assert delay_after_last is None


async def test_delays_grow_up_to_a_limit(services: Services) -> None:
    _, early_delay = await run_triage_step(services, failing_step(OutcomeUnknown("x")), attempts=2)
    _, late_delay = await run_triage_step(
        services, failing_step(OutcomeUnknown("x")), attempts=MAX_ATTEMPTS - 2
    )

    assert early_delay is not None
    assert late_delay is not None
    assert early_delay < timedelta(seconds=9) < late_delay <= timedelta(minutes=5)


async def test_bug_is_logged_without_private_text(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    step, _ = await run_triage_step(services, failing_step(ValueError(f"can't draw {SECRET}")))

    assert step.error == "ValueError"
    assert "ValueError" in caplog.text
    assert "test_step_runner.py" in caplog.text  # where it was raised
    assert SECRET not in caplog.text


async def test_worker_with_expired_lease_writes_nothing(services: Services) -> None:
    async def slow(ticket: Ticket, leased: PendingStep) -> TicketUpdate:
        # The lease expires, and another worker leases the step.
        current, now = await services.tickets.get_ticket(ticket.id)
        expired = current.with_step_rescheduled(
            leased, now=now, due=now, error="", failed_attempts=0, run_count=1
        )
        assert await services.tickets.compare_and_set(current, expired)
        await services.ticket_service.lease_due_steps(
            TicketLease(ticket.id, frozenset({Step.TRIAGE}), lambda: False)
        )
        return no_change

    step, delay = await run_triage_step(services, slow)

    assert step.tries == 2
    assert delay is not None  # the other worker still has the step


async def test_step_that_is_not_due_does_not_run(services: Services) -> None:
    run_ticket_ids: list[Any] = []

    async def run_step(ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        run_ticket_ids.append(ticket.id)
        return no_change

    worker = worker_services(services)
    ticket = await services.ticket_service.open_ticket(
        Draft(key="view:V", team_id="T1", requester="U", title="VPN")
    )
    for _ in range(2):
        await attempt_step(worker, Step.TRIAGE, run_step, ticket.id)
    await attempt_step(worker, Step.TRIAGE, run_step, "T-999")

    assert run_ticket_ids == [ticket.id]
