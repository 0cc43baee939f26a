"""The shadow prompt is asked about judged tickets, and never changes a triage."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.engines.prompt import active_prompt, shadow_prompt
from jobs.runner.step_context import StepContext
from jobs.steps.learn_from_ticket import learn_from_ticket
from jobs.steps.triage_ticket import triage_ticket
from models.engine.accuracy import measure_accuracy
from models.people.member import Member, Role
from models.ticket_service import TicketService
from models.tickets.correction import Correction, apply_correction
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.triage.result import Engine
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.gemini import GeminiStandIn
from tests.service_factory import attempt_step, run_service, step_context_with_gemini

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
async def service(
    servers: DatabaseServers, shadow_prompt_file: Path
) -> AsyncIterator[TicketService]:
    """A service with a shadow prompt, and with tokens for a few requests."""
    settings = {"gemini_shadow_prompt": str(shadow_prompt_file), "gemini_tokens_per_day": 20_000}
    async with run_service(servers, **settings) as service:
        yield service


@pytest.fixture
def step_context(service: TicketService, gemini_server: GeminiStandIn) -> Iterator[StepContext]:
    """A context with this service and Gemini."""
    with step_context_with_gemini(service, gemini_server) as context:
        yield context


def shadow_request_count(gemini_server: GeminiStandIn) -> int:
    return sum("SHADOW" in str(request) for request in gemini_server.requests)


async def open_and_judge(
    context: StepContext, gemini_server: GeminiStandIn, **fields: Any
) -> Ticket:
    """A ticket that Gemini put into Network, and a moderator into Access."""
    gemini_server.respond_with_json(ANSWER)
    defaults = {"key": f"V{uuid4()}", "team_id": "T1", "requester": "UADA", "title": "VPN drops"}
    ticket = await context.service.open_ticket(Draft(**defaults | fields))
    await attempt_step(context, Step.TRIAGE, triage_ticket, ticket.id)
    correct = apply_correction(Correction(category="Access"), actor=BOB, seen_version=None)
    await context.service.update_ticket(ticket.id, correct)
    gemini_server.respond_with_json(ANSWER | {"category": "Access"})
    await attempt_step(context, Step.LEARN, learn_from_ticket, ticket.id)
    return (await context.service.tickets.get_ticket(ticket.id))[0]


async def test_shadow_prompt_is_asked_after_the_judgement(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    ticket = await open_and_judge(step_context, gemini_server)

    (example,) = await step_context.service.training_store.latest("T1", limit=9)
    shadow_triage = example.shadow_triage
    assert shadow_triage
    assert (shadow_triage.prompt, shadow_triage.category) == (SHADOW_VERSION, "Access")
    assert ticket.original_triage
    assert (ticket.original_triage.prompt, ticket.original_triage.category) == (
        active_prompt().version,
        "Network",
    )
    engines = measure_accuracy(
        await step_context.service.training_store.judged_triages("T1", limit=9)
    ).engines
    counts = {
        (engine.prompt, engine.shadow): (engine.right, engine.overridden) for engine in engines
    }
    assert counts == {(active_prompt().version, False): (0, 1), (SHADOW_VERSION, True): (1, 0)}
    requests = await step_context.service.ai_request_log.list_for_ticket("T1", ticket.id, limit=9)
    assert {request.prompt for request in requests} == {active_prompt().version, SHADOW_VERSION}


async def test_shadow_prompt_is_asked_once_for_a_ticket(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    ticket = await open_and_judge(step_context, gemini_server)
    second = apply_correction(Correction(category="Hardware"), actor=BOB, seen_version=None)
    await step_context.service.update_ticket(ticket.id, second)
    await attempt_step(step_context, Step.LEARN, learn_from_ticket, ticket.id)

    assert shadow_request_count(gemini_server) == 1
    (example,) = await step_context.service.training_store.latest("T1", limit=9)
    assert example.category == "Hardware"
    assert example.shadow_triage


async def test_confidential_ticket_is_not_sent_with_the_shadow_prompt(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    await open_and_judge(step_context, gemini_server, confidential=True)

    assert gemini_server.requests == []


async def test_shadow_prompt_uses_at_most_half_of_the_token_budget(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    await step_context.service.outbound_calls.token_budget.reserve("T1", 9_000, daily_limit=20_000)

    ticket = await open_and_judge(step_context, gemini_server)

    assert ticket.original_triage
    assert ticket.original_triage.engine is Engine.GEMINI
    assert shadow_request_count(gemini_server) == 0
    (example,) = await step_context.service.training_store.latest("T1", limit=9)
    assert example.shadow_triage is None


async def test_example_is_stored_even_if_the_shadow_prompt_fails(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    ticket = await open_and_judge(step_context, gemini_server)
    gemini_server.respond_with_error(503)
    other = await open_and_judge(step_context, gemini_server, title="VPN drops again")

    examples = await step_context.service.training_store.latest("T1", limit=9)
    assert {example.ticket_id for example in examples} == {ticket.id, other.id}


def test_prompt_without_a_fence_is_refused() -> None:
    with pytest.raises(ValueError, match="has no \\$fence"):
        shadow_prompt("Categories: $categories $examples")
