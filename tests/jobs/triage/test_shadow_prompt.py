"""A prompt on trial is asked where somebody knows what is right, and is never believed."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jobs.engines.prompt import active_prompt, load_prompt
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


@pytest.fixture(scope="module")
async def gemini_server() -> AsyncIterator[GeminiStandIn]:
    """Google's servers."""
    async with GeminiStandIn() as google:
        yield google


@pytest.fixture
async def shadow_prompt_file(tmp_path: Path) -> Path:
    """The file of a prompt on trial."""
    file = tmp_path / "triage-next.md"
    file.write_text(f"ON TRIAL {active_prompt().template.template}", encoding="utf-8")
    return file


@pytest.fixture
async def service(
    servers: DatabaseServers, shadow_prompt_file: Path
) -> AsyncIterator[TicketService]:
    """A desk with a prompt on trial, whose day has tokens for a few questions."""
    more = {"gemini_shadow_prompt": str(shadow_prompt_file), "gemini_tokens_per_day": 20_000}
    async with run_service(servers, **more) as service:
        yield service


@pytest.fixture
def step_context(service: TicketService, gemini_server: GeminiStandIn) -> Iterator[StepContext]:
    """The desk and Gemini."""
    with step_context_with_gemini(service, gemini_server) as tools:
        yield tools


def asked_on_trial(google: GeminiStandIn) -> int:
    """How often the prompt on trial was asked."""
    return sum("ON TRIAL" in str(request) for request in google.requests)


async def judged(tools: StepContext, google: GeminiStandIn, **more: Any) -> Ticket:
    """A ticket that Gemini took for Network, and a moderator for Access."""
    google.respond_with_json(ANSWER)
    draft = Draft(
        **{"key": f"V{uuid4()}", "team_id": "T1", "requester": "UADA", "title": "VPN drops"} | more
    )
    ticket = await tools.service.open_ticket(draft)
    await attempt_step(tools, Step.TRIAGE, triage_ticket, ticket.id)
    right = apply_correction(Correction(category="Access"), actor=BOB, seen_version=None)
    await tools.service.update_ticket(ticket.id, right)
    google.respond_with_json(ANSWER | {"category": "Access"})
    await attempt_step(tools, Step.LEARN, learn_from_ticket, ticket.id)
    return (await tools.service.tickets.get_ticket(ticket.id))[0]


async def test_it_is_asked_after_the_verdict_and_counted_by_itself(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    ticket = await judged(step_context, gemini_server)

    (lesson,) = await step_context.service.training_store.latest("T1", limit=9)
    assert lesson.shadow_triage
    assert (lesson.shadow_triage.prompt, lesson.shadow_triage.category) == ("triage-next", "Access")
    assert ticket.original_triage
    assert (ticket.original_triage.prompt, ticket.original_triage.category) == (
        active_prompt().version,
        "Network",
    )
    engines = measure_accuracy(
        await step_context.service.training_store.judged_triages("T1", limit=9)
    ).engines
    counted = {(one.prompt, one.shadow): (one.right, one.overridden) for one in engines}
    assert counted == {(active_prompt().version, False): (0, 1), ("triage-next", True): (1, 0)}
    kept = await step_context.service.ai_request_log.list_for_ticket("T1", ticket.id, limit=9)
    assert {one.prompt for one in kept} == {active_prompt().version, "triage-next"}


async def test_it_is_asked_once_for_a_ticket(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    ticket = await judged(step_context, gemini_server)
    again = apply_correction(Correction(category="Hardware"), actor=BOB, seen_version=None)
    await step_context.service.update_ticket(ticket.id, again)
    await attempt_step(step_context, Step.LEARN, learn_from_ticket, ticket.id)

    assert asked_on_trial(gemini_server) == 1
    (lesson,) = await step_context.service.training_store.latest("T1", limit=9)
    assert lesson.category == "Hardware"
    assert lesson.shadow_triage


async def test_what_is_confidential_is_not_sent_to_it_either(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    await judged(step_context, gemini_server, confidential=True)

    assert gemini_server.requests == []


async def test_it_leaves_half_of_the_day_s_tokens_to_tickets(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    await step_context.service.outbound_calls.token_budget.reserve("T1", 9_000, daily_limit=20_000)

    ticket = await judged(step_context, gemini_server)

    assert ticket.original_triage
    assert ticket.original_triage.engine is Engine.GEMINI
    assert asked_on_trial(gemini_server) == 0
    (lesson,) = await step_context.service.training_store.latest("T1", limit=9)
    assert lesson.shadow_triage is None


async def test_a_lesson_is_learnt_when_it_does_not_answer(
    step_context: StepContext, gemini_server: GeminiStandIn
) -> None:
    ticket = await judged(step_context, gemini_server)
    gemini_server.respond_with_error(503)
    other = await judged(step_context, gemini_server, title="VPN drops again")

    assert {
        one.ticket_id for one in await step_context.service.training_store.latest("T1", limit=9)
    } == {
        ticket.id,
        other.id,
    }


def test_a_prompt_that_does_not_fence_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bare.md"
    file.write_text("Categories: $categories $examples", encoding="utf-8")

    with pytest.raises(ValueError, match="does not say \\$fence"):
        load_prompt(file)
