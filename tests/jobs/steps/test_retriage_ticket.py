"""Tickets triaged while Gemini was down are triaged again, if nobody has touched them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from jobs.engines.gemini import Gemini, GeminiFailure, PermanentGeminiFailure
from jobs.runner.retry_policies import retry_policy
from jobs.services import WorkerServices
from jobs.steps.retriage_ticket import retriage_ticket
from jobs.steps.triage_ticket import triage_ticket
from models.clock import utc_now
from models.infra.outbound_calls import BREAKER_THRESHOLD
from models.people.member import Role
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.correction import Correction, apply_correction
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Status, Ticket
from models.triage.result import Category, Engine, Priority, Triage
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import BOB, GRACE, make_triage
from tests.service_factory import attempt_step, run_services, worker_services

DUE = timedelta(minutes=1)


@dataclass
class UnavailableGemini:
    """A stand-in for Gemini that fails until `failure` is None."""

    failure: Exception | None = field(default_factory=lambda: GeminiFailure("out of order (503)"))
    question_count: int = 0
    model: str = "gemini-of-the-test"
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def ask(self, _question: Any, _read: Callable[[str], Triage]) -> Triage:
        self.question_count += 1
        if self.meanwhile:
            await self.meanwhile()
        if self.failure:
            raise self.failure
        return make_triage("okta", category="Access", priority=Priority.LOW, engine=Engine.GEMINI)


@dataclass(frozen=True)
class RetriageScenario:
    """A service and a Gemini that is down."""

    services: Services
    gemini: UnavailableGemini

    @property
    def worker(self) -> WorkerServices:
        return worker_services(self.services, cast(Gemini, self.gemini))

    async def make_offered_ticket(self, **fields: Any) -> Ticket:
        """A triaged ticket, offered to Bob."""
        draft = Draft(
            key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="My VPN drops", **fields
        )
        ticket = await self.services.ticket_service.open_ticket(draft)
        await attempt_step(self.worker, Step.TRIAGE, triage_ticket, ticket.id)
        offer: dict[str, Any] = {"assignee": "UBOB", "offered_to": "UBOB", "offers": 1}
        return await self.services.ticket_service.move(ticket.id, Verb.OFFER, actor=None, **offer)

    async def run_retriage(self, ticket: Ticket) -> Ticket:
        """Run the step as if it were due, and return the ticket after it."""
        past_due = {"pending.$[again].due": utc_now() - DUE}
        await self.services.database.tickets.update_one(
            {"_id": ticket.id},
            {"$set": past_due, "$inc": {"rev": 1}},
            array_filters=[{"again.step": "triage_again"}],
        )
        await attempt_step(self.worker, Step.RETRIAGE, retriage_ticket, ticket.id)
        return (await self.services.tickets.get_ticket(ticket.id))[0]


@pytest.fixture
async def scenario(servers: DatabaseServers) -> AsyncIterator[RetriageScenario]:
    """A new scenario per test, because the circuit breaker keeps its state in Redis."""
    async with run_services(servers) as services:
        yield RetriageScenario(services, UnavailableGemini())


async def test_gemini_triages_the_ticket_once_when_it_is_back(
    scenario: RetriageScenario,
) -> None:
    ticket = await scenario.make_offered_ticket()
    assert ticket.triage
    assert (ticket.triage.engine, ticket.triage.stopgap) == (Engine.BUILTIN, True)
    assert (await scenario.run_retriage(ticket)).triage == ticket.triage
    scenario.gemini.failure = None

    after = await scenario.run_retriage(ticket)

    assert after.triage
    assert (after.triage.engine, after.triage.category) == (Engine.GEMINI, "Access")
    assert (after.status, after.assignee, after.offers) == (Status.OFFERED, "UBOB", 1)
    assert after.history[-1].what == "triaged again"
    assert {step.step for step in after.pending} & {Step.DM_ASSIGNEE} == {
        step.step for step in ticket.pending
    } & {Step.DM_ASSIGNEE}
    assert after.find_step(Step.REFRESH_CARDS)
    assert after.find_step(Step.RETRIAGE) is None
    count_before = scenario.gemini.question_count
    assert (await scenario.run_retriage(after)).state_version == after.state_version
    assert scenario.gemini.question_count == count_before


async def test_claimed_or_corrected_ticket_is_not_triaged_again(
    scenario: RetriageScenario,
) -> None:
    await scenario.services.members.set_role("T1", "UBOB", role=Role.MODERATOR)
    bob = BOB.model_copy(update={"team_id": "T1"})
    claimed, corrected = await scenario.make_offered_ticket(), await scenario.make_offered_ticket()
    await scenario.services.ticket_service.move(claimed.id, Verb.CLAIM, actor=bob)
    change = apply_correction(Correction(category="Software"), actor=bob, seen_version=None)
    await scenario.services.ticket_service.update_ticket(corrected.id, change)
    count_before = scenario.gemini.question_count
    scenario.gemini.failure = None

    tickets_after = [await scenario.run_retriage(ticket) for ticket in (claimed, corrected)]

    assert [after.triage and after.triage.category for after in tickets_after] == [
        "Network",
        "Software",
    ]
    assert [after.find_step(Step.RETRIAGE) for after in tickets_after] == [None, None]
    assert scenario.gemini.question_count == count_before


async def test_refused_confidential_or_private_ticket_is_not_asked_again(
    scenario: RetriageScenario,
) -> None:
    scenario.gemini.failure = PermanentGeminiFailure("Gemini gave no answer to this text")
    refused = await scenario.make_offered_ticket()
    confidential = await scenario.make_offered_ticket(confidential=True)
    scenario.gemini.failure = GeminiFailure("out of order (503)")
    private = await scenario.make_offered_ticket()
    network = Category(name="Network", keywords=("vpn",), private=True)
    await scenario.services.taxonomy_admin.save_category(GRACE, "Network", network)
    count_before = scenario.gemini.question_count

    assert [ticket.find_step(Step.RETRIAGE) for ticket in (refused, confidential)] == [None, None]
    assert (await scenario.run_retriage(private)).find_step(Step.RETRIAGE) is None
    assert scenario.gemini.question_count == count_before


async def test_retriage_backs_off_while_the_breaker_is_open_and_then_stops(
    scenario: RetriageScenario,
) -> None:
    ticket = await scenario.make_offered_ticket()
    for _ in range(BREAKER_THRESHOLD):
        ticket = await scenario.run_retriage(ticket)
    count_before = scenario.gemini.question_count

    during_break = await scenario.run_retriage(ticket)

    assert scenario.gemini.question_count == count_before
    step = during_break.find_step(Step.RETRIAGE)
    assert step
    assert step.due
    assert step.due > utc_now() + timedelta(minutes=5)
    last_attempt = {"pending.$[again].attempts": retry_policy(Step.RETRIAGE).max_attempts - 1}
    await scenario.services.database.tickets.update_one(
        {"_id": ticket.id}, {"$set": last_attempt}, array_filters=[{"again.step": "triage_again"}]
    )
    after_last = await scenario.run_retriage(during_break)
    assert (after_last.find_step(Step.RETRIAGE), after_last.find_step(Step.ALERT_ADMINS)) == (
        None,
        None,
    )


@pytest.mark.fault("F56")
async def test_skill_removed_during_the_call_is_not_added(
    scenario: RetriageScenario,
) -> None:
    ticket = await scenario.make_offered_ticket()
    admin = await scenario.services.members.set_role("T1", "UGRACE", role=Role.ADMIN)
    scenario.gemini.failure = None
    scenario.gemini.meanwhile = lambda: scenario.services.taxonomy_admin.remove_skill(admin, "okta")

    after = await scenario.run_retriage(ticket)

    assert after.triage
    assert (after.triage.engine, after.triage.skills) == (Engine.GEMINI, ())


async def test_correction_during_the_call_is_kept(
    scenario: RetriageScenario,
) -> None:
    ticket = await scenario.make_offered_ticket()
    bob = await scenario.services.members.set_role("T1", "UBOB", role=Role.MODERATOR)
    change = apply_correction(Correction(category="Software"), actor=bob, seen_version=None)
    scenario.gemini.failure = None
    scenario.gemini.meanwhile = lambda: scenario.services.ticket_service.update_ticket(
        ticket.id, change
    )

    after = await scenario.run_retriage(ticket)

    assert after.triage
    assert after.triage.category == "Software"
    assert after.history[-1].what == "corrected"
