"""A ticket that is or may be in a private category is never sent to Gemini, also not later."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.engines.prompt import active_prompt
from jobs.engines.trained_engine import ModelCache
from jobs.services import WorkerServices
from jobs.steps.learn_from_ticket import learn_from_ticket
from jobs.steps.retriage_ticket import retriage_ticket
from jobs.steps.triage_ticket import triage_ticket
from jobs.triage.dry_run import dry_run
from models.clock import utc_now
from models.people.member import Member, Role
from models.services import Services, bind
from models.tickets.correction import Correction, apply_correction
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.triage.result import Category, Engine, Priority, Triage
from models.triage.training_example import TrainingExample
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.gemini import GeminiStandIn
from tests.sample_tickets import make_triage, read_sample
from tests.service_factory import attempt_step, run_services, worker_services_with_gemini

ANSWER = {"category": "Network", "priority": "low", "summary": "It drops", "confidence": 0.9}
# No text of these tests has its keyword: people put such tickets there.
SALARIES = Category(name="Salaries", keywords=("payslip",), private=True)
REASON = "tickets about Salaries are never sent to AI"


@pytest.fixture(scope="module")
async def gemini_server() -> AsyncIterator[GeminiStandIn]:
    """A stand-in for Gemini."""
    async with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def shadow_prompt_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a shadow prompt."""
    file = tmp_path_factory.mktemp("prompts") / "triage-next.md"
    file.write_text(active_prompt().template.template, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers, shadow_prompt_file: Path) -> AsyncIterator[Services]:
    """A service with a shadow prompt."""
    async with run_services(servers, gemini_shadow_prompt=str(shadow_prompt_file)) as services:
        yield services


@pytest.fixture
def worker(services: Services, gemini_server: GeminiStandIn) -> Iterator[WorkerServices]:
    """The services of a worker that has just started."""
    with worker_services_with_gemini(services, gemini_server) as context:
        gemini_server.respond_with_json(ANSWER)
        yield context


def admin_of(team_id: str) -> Member:
    return Member(team_id=team_id, slack_id="UGRACE", role=Role.ADMIN, trusted=True)


async def make_salaries_private(services: Services, *, examples: int = 40) -> Member:
    """An admin of a new workspace, in which people put tickets about wages into Salaries."""
    admin = admin_of(f"T{uuid4().hex[:8].upper()}")
    await services.taxonomy_admin.save_category(admin, None, SALARIES)
    adds = [
        services.training_store.add(make_example(admin.team_id, number))
        for number in range(examples)
    ]
    await asyncio.gather(*adds)
    return admin


def make_example(team_id: str, number: int) -> TrainingExample:
    """A judged ticket about wages or about a tunnel."""
    is_about_wages = number % 2
    category = "Salaries" if is_about_wages else "Network"
    return TrainingExample(
        ticket_id=f"{team_id}-{number}",
        team_id=team_id,
        text=f"The {'wages of June' if is_about_wages else 'tunnel'} {number} came too late",
        original_triage=make_triage(category=category),
        category=category,
        priority=Priority.NORMAL,
        confidential=bool(is_about_wages),
        by="UGRACE",
        at=utc_now(),
    )


async def open_and_triage(worker: WorkerServices, team_id: str, title: str) -> Ticket:
    """The ticket after the first triage."""
    draft = Draft(key=f"view:{uuid4()}", team_id=team_id, requester="UADA", title=title)
    ticket = await worker.ticket_service.open_ticket(draft)
    await attempt_step(worker, Step.TRIAGE, triage_ticket, ticket.id)
    return await stored_ticket(worker, ticket)


async def stored_ticket(worker: WorkerServices, ticket: Ticket) -> Ticket:
    return (await worker.tickets.get_ticket(ticket.id))[0]


async def judge(worker: WorkerServices, ticket: Ticket, admin: Member, category: str) -> None:
    """Put the ticket into a category, and learn from it."""
    change = apply_correction(Correction(category=category), actor=admin, seen_version=None)
    await worker.ticket_service.update_ticket(ticket.id, change)
    await attempt_step(worker, Step.LEARN, learn_from_ticket, ticket.id)


def triage_of(ticket: Ticket) -> Triage:
    assert ticket.triage
    return ticket.triage


@pytest.mark.parametrize("examples", [2, 40, 600])
async def test_ticket_like_those_of_a_private_category_is_not_sent(
    worker: WorkerServices, gemini_server: GeminiStandIn, examples: int
) -> None:
    """With 600 examples the training lasts longer than a new worker waits for an answer."""
    admin = await make_salaries_private(worker, examples=examples)

    ticket = await open_and_triage(worker, admin.team_id, "My wages of June came too late")

    assert gemini_server.requests == []
    assert triage_of(ticket).engine is Engine.BUILTIN


async def test_reason_names_the_private_category(worker: WorkerServices) -> None:
    admin = await make_salaries_private(worker)

    triage = triage_of(
        await open_and_triage(worker, admin.team_id, "My wages of June came too late")
    )

    assert (triage.category, triage.why_builtin, triage.stopgap) == ("Salaries", REASON, False)


async def test_ticket_like_those_of_other_categories_is_sent(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    admin = await make_salaries_private(worker)

    ticket = await open_and_triage(worker, admin.team_id, "The tunnel to Berlin is slow")

    assert len(gemini_server.requests) == 1
    assert triage_of(ticket).engine is Engine.GEMINI


async def test_newest_private_ticket_is_known_before_the_next_one_is_sent(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    admin = await make_salaries_private(worker, examples=0)
    team_id, title = admin.team_id, "The bonus for Xanadu is missing"
    before = await open_and_triage(worker, team_id, title)
    assert len(gemini_server.requests) == 1
    workspace = worker.model_cache.workspaces[team_id]
    workspace.paused_until = float("-inf")

    await judge(worker, before, admin, "Salaries")
    gemini_server.reset()
    await open_and_triage(worker, team_id, title)

    assert gemini_server.requests == []


async def test_ticket_that_may_be_private_is_never_sent(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    """Neither with the shadow prompt nor as an example, after a person has put it elsewhere."""
    admin = await make_salaries_private(worker)

    ticket = await open_and_triage(worker, admin.team_id, "Wages tunnel Xanadu")
    assert triage_of(ticket).category == "Network"
    await judge(worker, ticket, admin, "Network")

    assert gemini_server.requests == []
    await open_and_triage(worker, admin.team_id, "The tunnel to Xanadu is slow")
    assert len(gemini_server.requests) == 1
    assert "Wages" not in str(gemini_server.requests[0]["contents"])


@pytest.mark.parametrize("is_removed", [False, True])
async def test_ticket_put_into_a_private_category_during_an_outage_is_not_sent_later(
    worker: WorkerServices, gemini_server: GeminiStandIn, is_removed: bool
) -> None:
    """The admin makes the category of the waiting ticket private, or removes it afterwards."""
    services, admin = worker, admin_of(f"T{uuid4().hex[:8].upper()}")
    network = Category(name="Network", keywords=("vpn",))
    await services.taxonomy_admin.save_category(admin, "Network", network)
    gemini_server.respond_with_error(503)
    ticket = await open_and_triage(worker, admin.team_id, "My VPN drops")
    assert triage_of(ticket).stopgap
    private = network.model_copy(update={"keywords": ("payslip",), "private": True})
    await services.taxonomy_admin.save_category(admin, "Network", private)
    if is_removed:
        await services.taxonomy_admin.remove_category(admin, "Network")
    gemini_server.reset()
    gemini_server.respond_with_json(ANSWER | {"category": "Access"})

    await run_retriage(worker, ticket)

    assert gemini_server.requests == []
    assert triage_of(await stored_ticket(worker, ticket)).category == "Network"


async def test_ticket_of_an_outage_is_sent_later_if_it_is_not_private(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    admin = await make_salaries_private(worker)
    gemini_server.respond_with_error(503)
    ticket = await open_and_triage(worker, admin.team_id, "The tunnel to Berlin is slow")
    gemini_server.reset()
    gemini_server.respond_with_json(ANSWER)

    await run_retriage(worker, ticket)

    assert triage_of(await stored_ticket(worker, ticket)).engine is Engine.GEMINI


async def run_retriage(worker: WorkerServices, ticket: Ticket) -> None:
    """Run the second triage as if it were due."""
    await worker.database.tickets.update_one(
        {"_id": ticket.id},
        {"$set": {"pending.$[again].due": ticket.opened_at}, "$inc": {"rev": 1}},
        array_filters=[{"again.step": Step.RETRIAGE.value}],
    )
    await attempt_step(worker, Step.RETRIAGE, retriage_ticket, ticket.id)


async def test_gemini_waits_until_the_model_knows_the_examples(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    reading = replace(read_sample(), is_privacy_known=False)

    triage = await worker.triage_engine.triage(reading)

    assert gemini_server.requests == []
    assert (triage.engine, triage.stopgap) == (Engine.BUILTIN, True)
    assert triage.why_builtin == "the built-in engine still learns which tickets are private"


async def test_model_without_the_examples_does_not_answer_about_privacy(
    worker: WorkerServices,
) -> None:
    """The worker ends while it trains, so the model that stands in is the last one."""
    services, models = worker, ModelCache(worker.training_store)
    admin = await make_salaries_private(services, examples=600)
    ticket = read_sample().ticket.model_copy(update={"team_id": admin.team_id})
    reading = read_sample(ticket, await services.taxonomies.get_taxonomy(admin.team_id))
    question = asyncio.create_task(models.find_private_category(reading))
    workspaces = models.workspaces
    while not any(one.model for one in workspaces.values()):  # noqa: ASYNC110  # there is no event
        await asyncio.sleep(0)

    models.stop()

    assert await question is None
    model = workspaces[admin.team_id].model
    assert model
    assert model.is_preliminary


async def test_dry_run_of_a_private_request_is_not_sent(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    admin = await make_salaries_private(worker)

    result: dict[str, Any] = await bind(dry_run, worker)(
        admin.team_id, "My wages of June came too late", ""
    )

    assert gemini_server.requests == []
    assert result["why_builtin"] == REASON
