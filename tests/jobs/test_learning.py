"""The built-in engine of a workspace learns from its lessons, beside all that the worker does."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.learning import Learning
from models.clock import now
from models.configuration import DEFAULT
from models.desk import Desk
from models.lesson import Lesson
from models.triage import Category, Priority, Triage
from sandbox.servers import Servers
from tests.desks import desk_on
from tests.models.desk_words import new_ticket, triage

WHY = "no Gemini key is set"


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    """A desk of its own on the real servers."""
    async with desk_on(servers) as desk:
        yield desk


async def learns(desk: Desk, team_id: str, count: int) -> None:
    """Moderators have put gizmos under Printing, and everything else where it is."""
    for number in range(count):
        gizmo = number % 2
        lesson = Lesson(
            ticket_id=f"{team_id}-{number}",
            team_id=team_id,
            text=f"the {'gizmo' if gizmo else 'payslip'} {number} of room {number % 7} is odd",
            said=triage(),
            category="Printing" if gizmo else "Other",
            priority=Priority.NORMAL,
            skills=("printer",) if gizmo else (),
            by="UBOB",
            at=now(),
        )
        await desk.lessons.learn(lesson)


async def said(learning: Learning, desk: Desk, team_id: str, text: str) -> Triage:
    """What the engine makes of a text."""
    ticket = new_ticket(title=text, description="").model_copy(update={"team_id": team_id})
    return await learning.triage(desk.lessons, ticket, DEFAULT, why=WHY)


async def once_learnt(learning: Learning, desk: Desk, team_id: str) -> Triage:
    """The same, when all that there is to learn is learnt."""
    await said(learning, desk, team_id, "my gizmo is gone")
    task = learning.workspaces[team_id].task
    assert task
    await task
    return await said(learning, desk, team_id, "my gizmo is gone")


async def test_what_moderators_correct_is_learnt_without_a_restart(desk: Desk) -> None:
    learning, other = Learning(), Learning()
    before = await once_learnt(learning, desk, "TLEARN")
    assert before.category != "Printing"

    await learns(desk, "TLEARN", 40)
    workspace = learning.workspaces["TLEARN"]
    workspace.looked = workspace.rests_until = float("-inf")
    after = await once_learnt(learning, desk, "TLEARN")

    assert (after.category, after.skills, after.why_builtin) == ("Printing", ("printer",), WHY)
    assert after.confidence > before.confidence
    fresh = await once_learnt(other, desk, "TLEARN")
    assert fresh.model_copy(update={"ms": 0}) == after.model_copy(update={"ms": 0})


async def test_one_correction_gives_its_skills_to_what_reads_the_same_alone(desk: Desk) -> None:
    vpn = Lesson(
        ticket_id="TONE-1",
        team_id="TONE",
        text="VPN drops every hour. Since Monday the laptop loses it; a restart does not help.",
        said=triage(),
        category="Network",
        priority=Priority.NORMAL,
        skills=("laptop", "windows"),
        by="UBOB",
        at=now(),
    )
    await desk.lessons.learn(vpn)
    learning = Learning()
    await once_learnt(learning, desk, "TONE")

    same = await said(learning, desk, "TONE", vpn.text)
    other = await said(learning, desk, "TONE", "Password for the printer")

    assert "windows" in same.skills
    assert "windows" not in other.skills


async def test_the_loop_goes_on_while_lessons_are_learnt(desk: Desk) -> None:
    await learns(desk, "TLOOP", 300)
    learning = Learning()
    gaps: list[float] = []

    async def ticks() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - began)

    ticking = asyncio.create_task(ticks())
    began = time.monotonic()
    await said(learning, desk, "TLOOP", "my gizmo is gone")
    task = learning.workspaces["TLOOP"].task
    assert task
    await task
    took = time.monotonic() - began
    ticking.cancel()

    assert max(gaps) < took / 2


async def test_until_all_is_learnt_an_engine_without_lessons_answers(desk: Desk) -> None:
    await learns(desk, "TFIRST", 600)
    learning = Learning()

    await said(learning, desk, "TFIRST", "the gizmo")
    workspace = learning.workspaces["TFIRST"]
    assert workspace.task
    while workspace.taught is None:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0)
    first, done = workspace.taught, workspace.task.done()
    await workspace.task

    assert done or first.lessons == ()
    assert len(workspace.taught.lessons) == 600


def started() -> set[str]:
    """The processes that this one has started and that have not ended."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())


async def test_a_worker_that_ends_leaves_nobody_learning(desk: Desk) -> None:
    await learns(desk, "TEND", 300)
    learning = Learning()
    before = started()
    looking = asyncio.create_task(said(learning, desk, "TEND", "my gizmo is gone"))
    while started() <= before:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0)

    learning.end()
    await looking

    task = learning.workspaces["TEND"].task
    assert task
    await asyncio.wait({task})
    assert task.cancelled()
    while not started() <= before:  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0)


async def test_a_category_that_is_new_counts_at_once_even_while_learning_rests(desk: Desk) -> None:
    learning = Learning()
    await learns(desk, "TNEW", 20)
    await once_learnt(learning, desk, "TNEW")
    gizmos = Category(name="Gizmos", keywords=("gizmo", "gone"))
    changed = DEFAULT.placing(None, gizmos)
    ticket = new_ticket(title="my gizmo is gone", description="", id="T-9")

    answer = await learning.triage(
        desk.lessons, ticket.model_copy(update={"team_id": "TNEW"}), changed, why=WHY
    )

    assert answer.category in {"Gizmos", "Printing"}
    workspace = learning.workspaces["TNEW"]
    assert workspace.task
    await workspace.task
    assert workspace.taught
    assert gizmos in workspace.taught.categories


async def test_lessons_that_never_end_leave_time_for_the_rest(desk: Desk) -> None:
    learning = Learning()
    await learns(desk, "TREST", 20)
    await said(learning, desk, "TREST", "gizmo")
    workspace = learning.workspaces["TREST"]
    assert workspace.task
    await workspace.task
    first = workspace.task

    await learns(desk, "TREST", 30)
    workspace.looked = float("-inf")
    await said(learning, desk, "TREST", "gizmo")

    assert workspace.task is first
    assert workspace.rests_until > time.monotonic()


async def test_what_was_learnt_of_other_categories_says_nothing_of_these(desk: Desk) -> None:
    learning = Learning()
    await learns(desk, "TCHANGED", 40)
    assert (await once_learnt(learning, desk, "TCHANGED")).category == "Printing"
    fewer = DEFAULT.dropping("Printing")
    ticket = new_ticket(title="my gizmo is gone", description="")
    ticket = ticket.model_copy(update={"team_id": "TCHANGED"})

    at_once = await learning.triage(desk.lessons, ticket, fewer, why=WHY)

    assert fewer.category(at_once.category)
