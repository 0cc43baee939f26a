"""A step that fails: put off, given up, or left to whoever has it now; on a real database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from jobs.runner.retry_policies import RETRY_POLICIES
from jobs.runner.step_context import StepContext, StepFunction, no_change
from models.errors import OutcomeUnknown, PermanentFailure, RetryLater, TargetGone
from models.ticket_service import TicketService
from models.tickets.lease import TicketLease
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Draft, Ticket, TicketUpdate
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import attempt_step, run_service

SECRET = "swordfish"
MAX_ATTEMPTS = RETRY_POLICIES[Step.TRIAGE].max_attempts


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A desk of its own on the real servers."""
    async with run_service(servers) as service:
        yield service


def raises(error: Exception) -> StepFunction:
    """A step that fails in this way."""

    async def work(_tools: StepContext, _ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        raise error

    return work


async def after(
    service: TicketService, work: StepFunction, *, attempts: int = 0
) -> tuple[PendingStep, timedelta | None]:
    """The triage step after one try, and how long it is put off; None when it is dead."""
    ticket = await service.open_ticket(
        Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="VPN")
    )
    if attempts:
        [entry, *rest] = ticket.pending
        earlier = entry.model_copy(update={"attempts": attempts})
        changed = ticket.model_copy(update={"pending": (earlier, *rest)})
        assert await service.tickets.compare_and_set(ticket, changed)
    await attempt_step(StepContext(service=service, gemini=None), Step.TRIAGE, work, ticket.id)
    tried, now = await service.tickets.get_ticket(ticket.id)
    left = tried.find_step(Step.TRIAGE)
    assert left
    return left, left.due - now if left.due else None


@pytest.mark.parametrize(
    ("error", "attempts", "at_most"),
    [
        (OutcomeUnknown("no usable answer"), 1, 2),
        (RetryLater("away"), 1, 2),
        (RetryLater("ratelimited", retry_after_seconds=30, uses_attempt=False), 0, 30),
        (TimeoutError(), 1, 2),
        (ValueError("a bug"), 1, 2),
    ],
    ids=["unknown", "away", "ratelimited", "timeout", "bug"],
)
async def test_a_passing_fault_puts_the_step_off(
    service: TicketService, error: Exception, attempts: int, at_most: float
) -> None:
    left, wait = await after(service, raises(error))

    assert left.attempts == attempts
    assert wait is not None
    assert timedelta(seconds=at_most * 0.4) < wait <= timedelta(seconds=at_most)
    assert left.error.startswith(type(error).__name__)


@pytest.mark.parametrize("error", [PermanentFailure("invalid_auth"), TargetGone("user_disabled")])
async def test_what_is_refused_for_good_is_dead_at_once(
    service: TicketService, error: Exception
) -> None:
    left, wait = await after(service, raises(error))

    assert wait is None
    assert str(error) in left.error


async def test_the_last_try_is_the_last(service: TicketService) -> None:
    last = MAX_ATTEMPTS - 1

    assert (await after(service, raises(OutcomeUnknown("x")), attempts=last - 1))[1] is not None
    assert (await after(service, raises(OutcomeUnknown("x")), attempts=last))[1] is None


async def test_waits_grow_but_not_for_ever(service: TicketService) -> None:
    _, early = await after(service, raises(OutcomeUnknown("x")), attempts=2)
    _, late = await after(service, raises(OutcomeUnknown("x")), attempts=MAX_ATTEMPTS - 2)

    assert early is not None
    assert late is not None
    assert early < timedelta(seconds=9) < late <= timedelta(minutes=5)


async def test_a_bug_is_logged_without_what_people_wrote(
    service: TicketService, caplog: pytest.LogCaptureFixture
) -> None:
    left, _ = await after(service, raises(ValueError(f"can't draw {SECRET}")))

    assert left.error == "ValueError"
    assert "ValueError" in caplog.text
    assert "test_step_runner.py" in caplog.text  # where it was raised
    assert SECRET not in caplog.text


async def test_who_is_too_late_writes_nothing(service: TicketService) -> None:
    async def slow(_tools: StepContext, ticket: Ticket, leased: PendingStep) -> TicketUpdate:
        # The lease runs out, and another worker takes the step.
        current, now = await service.tickets.get_ticket(ticket.id)
        ended = current.with_step_rescheduled(
            leased, now=now, due=now, error="", failed_attempts=0, run_count=1
        )
        assert await service.tickets.compare_and_set(current, ended)
        await service.lease_due_steps(
            TicketLease(ticket.id, frozenset({Step.TRIAGE}), lambda: False)
        )
        return no_change

    left, wait = await after(service, slow)

    assert left.tries == 2
    assert wait is not None  # still in the hands of the other


async def test_a_step_that_is_not_due_is_left_alone(service: TicketService) -> None:
    tried: list[Any] = []

    async def work(_tools: StepContext, ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        tried.append(ticket.id)
        return no_change

    tools = StepContext(service=service, gemini=None)
    ticket = await service.open_ticket(
        Draft(key="view:V", team_id="T1", requester="U", title="VPN")
    )
    for _ in range(2):
        await attempt_step(tools, Step.TRIAGE, work, ticket.id)
    await attempt_step(tools, Step.TRIAGE, work, "T-999")

    assert tried == [ticket.id]
