"""A step that fails: put off, given up, or left to whoever has it now; on a real database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from jobs.policies import POLICIES
from jobs.retrying import Tools, Work, nothing
from models.desk import Change, Desk
from models.errors import Gone, NotNow, Refused, Unknown
from models.holding import Holding
from models.step import Pending, Step
from models.ticket import Draft, Ticket
from sandbox.servers import Servers
from tests.desks import desk_on, do_step

SECRET = "swordfish"
MAX_ATTEMPTS = POLICIES[Step.TRIAGE].attempts


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    """A desk of its own on the real servers."""
    async with desk_on(servers) as desk:
        yield desk


def raises(error: Exception) -> Work:
    """A step that fails in this way."""

    async def work(_tools: Tools, _ticket: Ticket, _leased: Pending) -> Change:
        raise error

    return work


async def after(desk: Desk, work: Work, *, attempts: int = 0) -> tuple[Pending, timedelta | None]:
    """The triage step after one try, and how long it is put off; None when it is dead."""
    ticket = await desk.open_ticket(
        Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="VPN")
    )
    if attempts:
        [entry, *rest] = ticket.pending
        earlier = entry.model_copy(update={"attempts": attempts})
        changed = ticket.model_copy(update={"pending": (earlier, *rest)})
        assert await desk.store.replace(ticket, changed)
    await do_step(Tools(desk=desk, gemini=None), Step.TRIAGE, work, ticket.id)
    tried, now = await desk.store.ticket(ticket.id)
    left = tried.step(Step.TRIAGE)
    assert left
    return left, left.due - now if left.due else None


@pytest.mark.parametrize(
    ("error", "attempts", "at_most"),
    [
        (Unknown("no usable answer"), 1, 2),
        (NotNow("away"), 1, 2),
        (NotNow("ratelimited", seconds=30, counts=False), 0, 30),
        (TimeoutError(), 1, 2),
        (ValueError("a bug"), 1, 2),
    ],
    ids=["unknown", "away", "ratelimited", "timeout", "bug"],
)
async def test_a_passing_fault_puts_the_step_off(
    desk: Desk, error: Exception, attempts: int, at_most: float
) -> None:
    left, wait = await after(desk, raises(error))

    assert left.attempts == attempts
    assert wait is not None
    assert timedelta(seconds=at_most * 0.4) < wait <= timedelta(seconds=at_most)
    assert left.error.startswith(type(error).__name__)


@pytest.mark.parametrize("error", [Refused("invalid_auth"), Gone("user_disabled")])
async def test_what_is_refused_for_good_is_dead_at_once(desk: Desk, error: Exception) -> None:
    left, wait = await after(desk, raises(error))

    assert wait is None
    assert str(error) in left.error


async def test_the_last_try_is_the_last(desk: Desk) -> None:
    last = MAX_ATTEMPTS - 1

    assert (await after(desk, raises(Unknown("x")), attempts=last - 1))[1] is not None
    assert (await after(desk, raises(Unknown("x")), attempts=last))[1] is None


async def test_waits_grow_but_not_for_ever(desk: Desk) -> None:
    _, early = await after(desk, raises(Unknown("x")), attempts=2)
    _, late = await after(desk, raises(Unknown("x")), attempts=MAX_ATTEMPTS - 2)

    assert early is not None
    assert late is not None
    assert early < timedelta(seconds=9) < late <= timedelta(minutes=5)


async def test_a_bug_is_logged_without_what_people_wrote(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    left, _ = await after(desk, raises(ValueError(f"can't draw {SECRET}")))

    assert left.error == "ValueError"
    assert "ValueError" in caplog.text
    assert "test_retrying.py" in caplog.text  # where it was raised
    assert SECRET not in caplog.text


async def test_who_is_too_late_writes_nothing(desk: Desk) -> None:
    async def slow(_tools: Tools, ticket: Ticket, leased: Pending) -> Change:
        # The lease runs out, and another worker takes the step.
        current, now = await desk.store.ticket(ticket.id)
        ended = current.step_put_off(leased, now=now, due=now, error="", attempts=0, tries=1)
        assert await desk.store.replace(current, ended)
        await desk.take(Holding(ticket.id, frozenset({Step.TRIAGE}), lambda: False))
        return nothing

    left, wait = await after(desk, slow)

    assert left.tries == 2
    assert wait is not None  # still in the hands of the other


async def test_a_step_that_is_not_due_is_left_alone(desk: Desk) -> None:
    tried: list[Any] = []

    async def work(_tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
        tried.append(ticket.id)
        return nothing

    tools = Tools(desk=desk, gemini=None)
    ticket = await desk.open_ticket(Draft(key="view:V", team_id="T1", requester="U", title="VPN"))
    for _ in range(2):
        await do_step(tools, Step.TRIAGE, work, ticket.id)
    await do_step(tools, Step.TRIAGE, work, "T-999")

    assert tried == [ticket.id]
