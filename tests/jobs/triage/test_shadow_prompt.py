"""The shadow prompt is asked about judged tickets, and never changes a triage."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.engines.prompt import active_prompt, shadow_prompt
from jobs.services import WorkerServices
from jobs.steps.learn_from_ticket import learn_from_ticket
from jobs.steps.triage_ticket import triage_ticket
from models.engine.accuracy import measure_accuracy
from models.people.member import Member, Role
from models.services import Services
from models.tickets.correction import Correction, apply_correction
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.triage.result import Engine
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.gemini import GeminiStandIn
from tests.service_factory import attempt_step, run_services, worker_services_with_gemini

ANSWER: dict[str, Any] = {
    "category": "Network",
    "priority": "normal",
    "skills": ["vpn"],
    "summary": "VPN drops",
    "notes": "",
    "confidence": 0.9,
}
BOB = Member(team_id="T1", slack_id="UBOB", role=Role.ADMIN, trusted=True)


SHADOW_TEXT = f"SHADOW {active_prompt().template.template}".strip()
SHADOW_VERSION = shadow_prompt(SHADOW_TEXT).version


@pytest.fixture(scope="module")
async def gemini_server() -> AsyncIterator[GeminiStandIn]:
    """A stand-in for Gemini."""
    async with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def shadow_prompt_file(tmp_path: Path) -> Path:
    """The file of a shadow prompt."""
    file = tmp_path / "triage-next.md"
    file.write_text(SHADOW_TEXT, encoding="utf-8")
    return file


@pytest.fixture
async def services(servers: DatabaseServers, shadow_prompt_file: Path) -> AsyncIterator[Services]:
    """A service with a shadow prompt, and with tokens for a few requests."""
    settings = {"gemini_shadow_prompt": str(shadow_prompt_file), "gemini_tokens_per_day": 20_000}
    async with run_services(servers, **settings) as services:
        yield services


@pytest.fixture
def worker(services: Services, gemini_server: GeminiStandIn) -> Iterator[WorkerServices]:
    """The services of a worker with Gemini."""
    with worker_services_with_gemini(services, gemini_server) as context:
        yield context


def shadow_request_count(gemini_server: GeminiStandIn) -> int:
    return sum("SHADOW" in str(request) for request in gemini_server.requests)


async def open_and_judge(
    worker: WorkerServices, gemini_server: GeminiStandIn, **fields: Any
) -> Ticket:
    """A ticket that Gemini put into Network, and a moderator into Access."""
    gemini_server.respond_with_json(ANSWER)
    defaults = {"key": f"V{uuid4()}", "team_id": "T1", "requester": "UADA", "title": "VPN drops"}
    ticket = await worker.ticket_service.open_ticket(Draft(**defaults | fields))
    await attempt_step(worker, Step.TRIAGE, triage_ticket, ticket.id)
    correct = apply_correction(Correction(category="Access"), actor=BOB, seen_version=None)
    await worker.ticket_service.update_ticket(ticket.id, correct)
    gemini_server.respond_with_json(ANSWER | {"category": "Access"})
    await attempt_step(worker, Step.LEARN, learn_from_ticket, ticket.id)
    return (await worker.tickets.get_ticket(ticket.id))[0]


async def test_shadow_prompt_is_asked_after_the_judgement(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    ticket = await open_and_judge(worker, gemini_server)

    (example,) = await worker.training_store.latest("T1", limit=9)
    shadow_triage = example.shadow_triage
    assert shadow_triage
    assert (shadow_triage.prompt, shadow_triage.category) == (SHADOW_VERSION, "Access")
    assert ticket.original_triage
    assert (ticket.original_triage.prompt, ticket.original_triage.category) == (
        active_prompt().version,
        "Network",
    )
    engines = measure_accuracy(await worker.training_store.judged_triages("T1", limit=9)).engines
    counts = {
        (engine.prompt, engine.shadow): (engine.right, engine.overridden) for engine in engines
    }
    assert counts == {(active_prompt().version, False): (0, 1), (SHADOW_VERSION, True): (1, 0)}
    requests = await worker.ai_request_log.list_for_ticket("T1", ticket.id, limit=9)
    assert {request.prompt for request in requests} == {active_prompt().version, SHADOW_VERSION}


async def test_shadow_prompt_is_asked_once_for_a_ticket(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    ticket = await open_and_judge(worker, gemini_server)
    second = apply_correction(Correction(category="Hardware"), actor=BOB, seen_version=None)
    await worker.ticket_service.update_ticket(ticket.id, second)
    await attempt_step(worker, Step.LEARN, learn_from_ticket, ticket.id)

    assert shadow_request_count(gemini_server) == 1
    (example,) = await worker.training_store.latest("T1", limit=9)
    assert example.category == "Hardware"
    assert example.shadow_triage


async def test_confidential_ticket_is_not_sent_with_the_shadow_prompt(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    await open_and_judge(worker, gemini_server, confidential=True)

    assert gemini_server.requests == []


async def test_shadow_prompt_uses_at_most_half_of_the_token_budget(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    await worker.outbound_calls.token_budget.reserve("T1", 9_000, daily_limit=20_000)

    ticket = await open_and_judge(worker, gemini_server)

    assert ticket.original_triage
    assert ticket.original_triage.engine is Engine.GEMINI
    assert shadow_request_count(gemini_server) == 0
    (example,) = await worker.training_store.latest("T1", limit=9)
    assert example.shadow_triage is None


async def test_example_is_stored_even_if_the_shadow_prompt_fails(
    worker: WorkerServices, gemini_server: GeminiStandIn
) -> None:
    ticket = await open_and_judge(worker, gemini_server)
    gemini_server.respond_with_error(503)
    other = await open_and_judge(worker, gemini_server, title="VPN drops again")

    examples = await worker.training_store.latest("T1", limit=9)
    assert {example.ticket_id for example in examples} == {ticket.id, other.id}


def test_prompt_without_a_fence_is_refused() -> None:
    with pytest.raises(ValueError, match="has no \\$fence"):
        shadow_prompt("Categories: $categories $examples")
