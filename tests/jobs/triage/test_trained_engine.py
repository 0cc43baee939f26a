"""The built-in engine of a workspace trains on its examples in the background."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.engines.trained_engine import ModelCache
from models.clock import utc_now
from models.services import Services
from models.triage.result import Category, Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.triage.training_example import TrainingExample
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage, new_ticket, read_sample
from tests.service_factory import run_services

REASON = "no Gemini key is set"


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    """A service on the real servers."""
    async with run_services(servers) as services:
        yield services


async def store_examples(services: Services, team_id: str, count: int) -> None:
    """Store examples in which moderators put gizmos into Printing, and payslips into Other."""
    for number in range(count):
        is_gizmo = number % 2
        example = TrainingExample(
            ticket_id=f"{team_id}-{number}",
            team_id=team_id,
            text=f"the {'gizmo' if is_gizmo else 'payslip'} {number} of room {number % 7} is odd",
            original_triage=make_triage(),
            category="Printing" if is_gizmo else "Other",
            priority=Priority.NORMAL,
            skills=("printer",) if is_gizmo else (),
            by="UBOB",
            at=utc_now(),
        )
        await services.training_store.add(example)


async def triage(models: ModelCache, services: Services, team_id: str, text: str) -> Triage:
    """The built-in engine's triage of a text."""
    ticket = new_ticket(title=text, description="").model_copy(update={"team_id": team_id})
    return await models.triage(read_sample(ticket), reason=REASON)


async def triage_after_training(models: ModelCache, services: Services, team_id: str) -> Triage:
    """The triage of "my gizmo is gone" when all examples are trained on."""
    await triage(models, services, team_id, "my gizmo is gone")
    task = models.workspaces[team_id].training_task
    assert task
    await task
    return await triage(models, services, team_id, "my gizmo is gone")


async def test_new_examples_are_trained_on_without_a_restart(services: Services) -> None:
    models, other_models = ModelCache(services.training_store), ModelCache(services.training_store)
    before = await triage_after_training(models, services, "TLEARN")
    assert before.category != "Printing"

    await store_examples(services, "TLEARN", 40)
    workspace = models.workspaces["TLEARN"]
    workspace.checked_at = workspace.paused_until = float("-inf")
    after = await triage_after_training(models, services, "TLEARN")

    assert (after.category, after.skills, after.why_builtin) == ("Printing", ("printer",), REASON)
    assert after.confidence > before.confidence
    from_other = await triage_after_training(other_models, services, "TLEARN")
    assert from_other.model_copy(update={"ms": 0}) == after.model_copy(update={"ms": 0})


async def test_single_example_gives_its_skills_only_to_similar_texts(
    services: Services,
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
    await services.training_store.add(vpn)
    models = ModelCache(services.training_store)
    await triage_after_training(models, services, "TONE")

    same = await triage(models, services, "TONE", vpn.text)
    other = await triage(models, services, "TONE", "Password for the printer")

    assert "windows" in same.skills
    assert "windows" not in other.skills


async def test_training_does_not_block_the_event_loop(services: Services) -> None:
    await store_examples(services, "TLOOP", 300)
    models = ModelCache(services.training_store)
    gaps: list[float] = []

    async def record_gaps() -> None:
        while True:
            started_at = time.monotonic()
            await asyncio.sleep(0.005)
            gaps.append(time.monotonic() - started_at)

    recorder = asyncio.create_task(record_gaps())
    started_at = time.monotonic()
    await triage(models, services, "TLOOP", "my gizmo is gone")
    task = models.workspaces["TLOOP"].training_task
    assert task
    await task
    seconds = time.monotonic() - started_at
    recorder.cancel()

    assert max(gaps) < seconds / 2


async def test_model_without_examples_answers_during_the_first_training(
    services: Services,
) -> None:
    await store_examples(services, "TFIRST", 600)
    models = ModelCache(services.training_store)

    await triage(models, services, "TFIRST", "the gizmo")
    workspace = models.workspaces["TFIRST"]
    assert workspace.training_task
    while workspace.model is None:  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(0)
    first_model, is_done = workspace.model, workspace.training_task.done()
    await workspace.training_task

    assert is_done or first_model.training_examples == ()
    assert len(workspace.model.training_examples) == 600


def child_processes() -> set[str]:
    """The ids of the running processes that this one has started."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())


async def test_stopped_worker_leaves_no_training_process(services: Services) -> None:
    await store_examples(services, "TEND", 300)
    models = ModelCache(services.training_store)
    before = child_processes()
    triage_task = asyncio.create_task(triage(models, services, "TEND", "my gizmo is gone"))
    while child_processes() <= before:  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(0)

    models.stop()
    await triage_task

    training_task = models.workspaces["TEND"].training_task
    assert training_task
    await asyncio.wait({training_task})
    assert training_task.cancelled()
    while not child_processes() <= before:  # noqa: ASYNC110  # there is no event to wait for
        await asyncio.sleep(0)


async def test_new_category_is_trained_on_at_once_even_during_a_pause(
    services: Services,
) -> None:
    models = ModelCache(services.training_store)
    await store_examples(services, "TNEW", 20)
    await triage_after_training(models, services, "TNEW")
    gizmos = Category(name="Gizmos", keywords=("gizmo", "gone"))
    changed = DEFAULT_TAXONOMY.with_category(None, gizmos)
    ticket = new_ticket(title="my gizmo is gone", description="", id="T-9")

    reading = read_sample(ticket.model_copy(update={"team_id": "TNEW"}), changed)
    result = await models.triage(reading, reason=REASON)

    assert result.category in {"Gizmos", "Printing"}
    workspace = models.workspaces["TNEW"]
    assert workspace.training_task
    await workspace.training_task
    assert workspace.model
    assert gizmos in workspace.model.categories


async def test_worker_pauses_between_trainings(services: Services) -> None:
    models = ModelCache(services.training_store)
    await store_examples(services, "TREST", 20)
    await triage(models, services, "TREST", "gizmo")
    workspace = models.workspaces["TREST"]
    assert workspace.training_task
    await workspace.training_task
    first_task = workspace.training_task

    await store_examples(services, "TREST", 30)
    workspace.checked_at = float("-inf")
    await triage(models, services, "TREST", "gizmo")

    assert workspace.training_task is first_task
    assert workspace.paused_until > time.monotonic()


async def test_model_for_deleted_categories_is_not_used(
    services: Services,
) -> None:
    models = ModelCache(services.training_store)
    await store_examples(services, "TCHANGED", 40)
    assert (await triage_after_training(models, services, "TCHANGED")).category == "Printing"
    fewer = DEFAULT_TAXONOMY.without_category("Printing")
    ticket = new_ticket(title="my gizmo is gone", description="")
    ticket = ticket.model_copy(update={"team_id": "TCHANGED"})

    reading = read_sample(ticket, fewer)
    result = await models.triage(reading, reason=REASON)

    assert fewer.find_category(result.category)
