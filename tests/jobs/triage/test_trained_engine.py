"""The built-in engine of a workspace learns from its lessons, beside all that the worker does."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.engines.trained_engine import ModelCache
from models.clock import utc_now
from models.ticket_service import TicketService
from models.triage.result import Category, Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.triage.training_example import TrainingExample
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage, new_ticket
from tests.service_factory import run_service

WHY = "no Gemini key is set"


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A desk of its own on the real servers."""
    async with run_service(servers) as service:
        yield service


async def learns(service: TicketService, team_id: str, count: int) -> None:
    """Moderators have put gizmos under Printing, and everything else where it is."""
    for number in range(count):
        gizmo = number % 2
        lesson = TrainingExample(
            ticket_id=f"{team_id}-{number}",
            team_id=team_id,
            text=f"the {'gizmo' if gizmo else 'payslip'} {number} of room {number % 7} is odd",
            original_triage=make_triage(),
            category="Printing" if gizmo else "Other",
            priority=Priority.NORMAL,
            skills=("printer",) if gizmo else (),
            by="UBOB",
            at=utc_now(),
        )
        await service.training_store.add(lesson)


async def said(learning: ModelCache, service: TicketService, team_id: str, text: str) -> Triage:
    """What the engine makes of a text."""
    ticket = new_ticket(title=text, description="").model_copy(update={"team_id": team_id})
    return await learning.triage(service.training_store, ticket, DEFAULT_TAXONOMY, reason=WHY)


async def once_learnt(learning: ModelCache, service: TicketService, team_id: str) -> Triage:
    """The same, when all that there is to learn is learnt."""
    await said(learning, service, team_id, "my gizmo is gone")
    task = learning.workspaces[team_id].training_task
    assert task
    await task
    return await said(learning, service, team_id, "my gizmo is gone")


async def test_what_moderators_correct_is_learnt_without_a_restart(service: TicketService) -> None:
    learning, other = ModelCache(), ModelCache()
    before = await once_learnt(learning, service, "TLEARN")
    assert before.category != "Printing"

    await learns(service, "TLEARN", 40)
    workspace = learning.workspaces["TLEARN"]
    workspace.checked_at = workspace.paused_until = float("-inf")
    after = await once_learnt(learning, service, "TLEARN")

    assert (after.category, after.skills, after.why_builtin) == ("Printing", ("printer",), WHY)
    assert after.confidence > before.confidence
    fresh = await once_learnt(other, service, "TLEARN")
    assert fresh.model_copy(update={"ms": 0}) == after.model_copy(update={"ms": 0})


async def test_one_correction_gives_its_skills_to_what_reads_the_same_alone(
    service: TicketService,
) -> None:
    vpn = TrainingExample(
        ticket_id="TONE-1",
        team_id="TONE",
        text="VPN drops every hour. Since Monday the laptop loses it; a restart does not help.",
        original_triage=make_triage(),
        category="Network",
        priority=Priority.NORMAL,
        skills=("laptop", "windows"),
        by="UBOB",
        at=utc_now(),
    )
    await service.training_store.add(vpn)
    learning = ModelCache()
    await once_learnt(learning, service, "TONE")

    same = await said(learning, service, "TONE", vpn.text)
    other = await said(learning, service, "TONE", "Password for the printer")

    assert "windows" in same.skills
    assert "windows" not in other.skills


async def test_the_loop_goes_on_while_lessons_are_learnt(service: TicketService) -> None:
    await learns(service, "TLOOP", 300)
    learning = ModelCache()
    gaps: list[float] = []

    async def ticks() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - began)

    ticking = asyncio.create_task(ticks())
    began = time.monotonic()
    await said(learning, service, "TLOOP", "my gizmo is gone")
    task = learning.workspaces["TLOOP"].training_task
    assert task
    await task
    took = time.monotonic() - began
    ticking.cancel()

    assert max(gaps) < took / 2


async def test_until_all_is_learnt_an_engine_without_lessons_answers(
    service: TicketService,
) -> None:
    await learns(service, "TFIRST", 600)
    learning = ModelCache()

    await said(learning, service, "TFIRST", "the gizmo")
    workspace = learning.workspaces["TFIRST"]
    assert workspace.training_task
    while workspace.model is None:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0)
    first, done = workspace.model, workspace.training_task.done()
    await workspace.training_task

    assert done or first.training_examples == ()
    assert len(workspace.model.training_examples) == 600


def started() -> set[str]:
    """The processes that this one has started and that have not ended."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())


async def test_a_worker_that_ends_leaves_nobody_learning(service: TicketService) -> None:
    await learns(service, "TEND", 300)
    learning = ModelCache()
    before = started()
    looking = asyncio.create_task(said(learning, service, "TEND", "my gizmo is gone"))
    while started() <= before:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0)

    learning.stop()
    await looking

    task = learning.workspaces["TEND"].training_task
    assert task
    await asyncio.wait({task})
    assert task.cancelled()
    while not started() <= before:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0)


async def test_a_category_that_is_new_counts_at_once_even_while_learning_rests(
    service: TicketService,
) -> None:
    learning = ModelCache()
    await learns(service, "TNEW", 20)
    await once_learnt(learning, service, "TNEW")
    gizmos = Category(name="Gizmos", keywords=("gizmo", "gone"))
    changed = DEFAULT_TAXONOMY.with_category(None, gizmos)
    ticket = new_ticket(title="my gizmo is gone", description="", id="T-9")

    answer = await learning.triage(
        service.training_store, ticket.model_copy(update={"team_id": "TNEW"}), changed, reason=WHY
    )

    assert answer.category in {"Gizmos", "Printing"}
    workspace = learning.workspaces["TNEW"]
    assert workspace.training_task
    await workspace.training_task
    assert workspace.model
    assert gizmos in workspace.model.categories


async def test_lessons_that_never_end_leave_time_for_the_rest(service: TicketService) -> None:
    learning = ModelCache()
    await learns(service, "TREST", 20)
    await said(learning, service, "TREST", "gizmo")
    workspace = learning.workspaces["TREST"]
    assert workspace.training_task
    await workspace.training_task
    first = workspace.training_task

    await learns(service, "TREST", 30)
    workspace.checked_at = float("-inf")
    await said(learning, service, "TREST", "gizmo")

    assert workspace.training_task is first
    assert workspace.paused_until > time.monotonic()


async def test_what_was_learnt_of_other_categories_says_nothing_of_these(
    service: TicketService,
) -> None:
    learning = ModelCache()
    await learns(service, "TCHANGED", 40)
    assert (await once_learnt(learning, service, "TCHANGED")).category == "Printing"
    fewer = DEFAULT_TAXONOMY.without_category("Printing")
    ticket = new_ticket(title="my gizmo is gone", description="")
    ticket = ticket.model_copy(update={"team_id": "TCHANGED"})

    at_once = await learning.triage(service.training_store, ticket, fewer, reason=WHY)

    assert fewer.find_category(at_once.category)
