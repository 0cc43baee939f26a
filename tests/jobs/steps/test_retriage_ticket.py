"""Tickets that were triaged while Gemini was away are triaged again, if nobody has touched them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from jobs.engines.gemini import Gemini, GeminiFailure, PermanentGeminiFailure
from jobs.runner.retry_policies import RETRY_POLICIES
from jobs.runner.step_context import StepContext
from jobs.steps.retriage_ticket import retriage_ticket
from jobs.steps.triage_ticket import triage_ticket
from models.admin import taxonomy
from models.clock import utc_now
from models.infra.outbound_calls import BREAKER_THRESHOLD
from models.people.member import Role
from models.ticket_service import TicketService
from models.tickets.correction import Correction, apply_correction
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Status, Ticket
from models.tickets.workflow import Move
from models.triage.result import Category, Engine, Priority, Triage
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import BOB, GRACE, make_triage
from tests.service_factory import attempt_step, run_service

DUE = timedelta(minutes=1)


@dataclass
class UnavailableGemini:
    """What stands where Gemini is: it fails so, until it is back."""

    failure: Exception | None = field(default_factory=lambda: GeminiFailure("out of order (503)"))
    asked: int = 0
    model: str = "gemini-of-the-test"
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def ask(self, _question: Any, _read: Callable[[str], Triage]) -> Triage:
        self.asked += 1
        if self.meanwhile:
            await self.meanwhile()
        if self.failure:
            raise self.failure
        return make_triage("okta", category="Access", priority=Priority.LOW, engine=Engine.GEMINI)


@dataclass(frozen=True)
class RetriageScenario:
    """A desk, and a Gemini that is away."""

    service: TicketService
    gemini: UnavailableGemini

    @property
    def step_context(self) -> StepContext:
        return StepContext(service=self.service, gemini=cast(Gemini, self.gemini))

    async def make_offered_ticket(self, **more: Any) -> Ticket:
        """A ticket that is triaged, and offered to Bob."""
        draft = Draft(
            key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="My VPN drops", **more
        )
        ticket = await self.service.open_ticket(draft)
        await attempt_step(self.step_context, Step.TRIAGE, triage_ticket, ticket.id)
        offer: dict[str, Any] = {"assignee": "UBOB", "offered_to": "UBOB", "offers": 1}
        return await self.service.move(ticket.id, Move.OFFER, actor=None, **offer)

    async def run_retriage(self, ticket: Ticket) -> Ticket:
        """The ticket after one more try, as if its time had come."""
        away = {"pending.$[again].due": utc_now() - DUE}
        await self.service.database.tickets.update_one(
            {"_id": ticket.id},
            {"$set": away, "$inc": {"rev": 1}},
            array_filters=[{"again.step": "triage_again"}],
        )
        await attempt_step(self.step_context, Step.RETRIAGE, retriage_ticket, ticket.id)
        return (await self.service.tickets.get_ticket(ticket.id))[0]


@pytest.fixture
async def scenario(servers: DatabaseServers) -> AsyncIterator[RetriageScenario]:
    """A desk of its own, since what Gemini did is remembered."""
    async with run_service(servers) as service:
        yield RetriageScenario(service, UnavailableGemini())


async def test_when_gemini_is_back_it_says_once_what_the_ticket_is(
    scenario: RetriageScenario,
) -> None:
    ticket = await scenario.make_offered_ticket()
    assert ticket.triage
    assert (ticket.triage.engine, ticket.triage.stopgap) == (Engine.BUILTIN, True)
    assert (await scenario.run_retriage(ticket)).triage == ticket.triage
    scenario.gemini.failure = None

    again = await scenario.run_retriage(ticket)

    assert again.triage
    assert (again.triage.engine, again.triage.category) == (Engine.GEMINI, "Access")
    assert (again.status, again.assignee, again.offers) == (Status.OFFERED, "UBOB", 1)
    assert again.history[-1].what == "triaged again"
    assert {e.step for e in again.pending} & {Step.DM_ASSIGNEE} == {
        e.step for e in ticket.pending
    } & {Step.DM_ASSIGNEE}
    assert again.find_step(Step.REFRESH_CARDS)
    assert again.find_step(Step.RETRIAGE) is None
    asked = scenario.gemini.asked
    assert (await scenario.run_retriage(again)).version == again.version
    assert scenario.gemini.asked == asked


async def test_what_somebody_works_at_or_has_corrected_stays_as_it_is(
    scenario: RetriageScenario,
) -> None:
    await scenario.service.members.set_role("T1", "UBOB", role=Role.MODERATOR)
    bob = BOB.model_copy(update={"team_id": "T1"})
    claimed, corrected = await scenario.make_offered_ticket(), await scenario.make_offered_ticket()
    await scenario.service.move(claimed.id, Move.CLAIM, actor=bob)
    change = apply_correction(Correction(category="Software"), actor=bob, seen_version=None)
    await scenario.service.update_ticket(corrected.id, change)
    asked = scenario.gemini.asked
    scenario.gemini.failure = None

    after = [await scenario.run_retriage(ticket) for ticket in (claimed, corrected)]

    assert [one.triage and one.triage.category for one in after] == ["Network", "Software"]
    assert [one.find_step(Step.RETRIAGE) for one in after] == [None, None]
    assert scenario.gemini.asked == asked


async def test_what_gemini_will_never_answer_or_may_not_see_is_not_asked_again(
    scenario: RetriageScenario,
) -> None:
    scenario.gemini.failure = PermanentGeminiFailure("Gemini gave no answer to this text")
    refused = await scenario.make_offered_ticket()
    secret = await scenario.make_offered_ticket(confidential=True)
    scenario.gemini.failure = GeminiFailure("out of order (503)")
    private = await scenario.make_offered_ticket()
    network = Category(name="Network", keywords=("vpn",), private=True)
    await taxonomy.save_category(scenario.service, GRACE, "Network", network)
    asked = scenario.gemini.asked

    assert [one.find_step(Step.RETRIAGE) for one in (refused, secret)] == [None, None]
    assert (await scenario.run_retriage(private)).find_step(Step.RETRIAGE) is None
    assert scenario.gemini.asked == asked


async def test_while_gemini_is_let_rest_the_step_waits_longer_each_time_and_ends_in_silence(
    scenario: RetriageScenario,
) -> None:
    ticket = await scenario.make_offered_ticket()
    for _ in range(BREAKER_THRESHOLD):
        ticket = await scenario.run_retriage(ticket)
    asked = scenario.gemini.asked

    resting = await scenario.run_retriage(ticket)

    assert scenario.gemini.asked == asked
    step = resting.find_step(Step.RETRIAGE)
    assert step
    assert step.due
    assert step.due > utc_now() + timedelta(minutes=5)
    last = {"pending.$[again].attempts": RETRY_POLICIES[Step.RETRIAGE].max_attempts - 1}
    await scenario.service.database.tickets.update_one(
        {"_id": ticket.id}, {"$set": last}, array_filters=[{"again.step": "triage_again"}]
    )
    over = await scenario.run_retriage(resting)
    assert (over.find_step(Step.RETRIAGE), over.find_step(Step.ALERT_ADMINS)) == (None, None)


@pytest.mark.fault("F56")
async def test_a_skill_that_is_removed_while_gemini_thinks_is_none_of_the_tickets(
    scenario: RetriageScenario,
) -> None:
    ticket = await scenario.make_offered_ticket()
    admin = await scenario.service.members.set_role("T1", "UGRACE", role=Role.ADMIN)
    scenario.gemini.failure = None
    scenario.gemini.meanwhile = lambda: taxonomy.remove_skill(scenario.service, admin, "okta")

    after = await scenario.run_retriage(ticket)

    assert after.triage
    assert (after.triage.engine, after.triage.skills) == (Engine.GEMINI, ())


async def test_what_is_corrected_while_gemini_thinks_stays_corrected(
    scenario: RetriageScenario,
) -> None:
    ticket = await scenario.make_offered_ticket()
    bob = await scenario.service.members.set_role("T1", "UBOB", role=Role.MODERATOR)
    change = apply_correction(Correction(category="Software"), actor=bob, seen_version=None)
    scenario.gemini.failure = None
    scenario.gemini.meanwhile = lambda: scenario.service.update_ticket(ticket.id, change)

    after = await scenario.run_retriage(ticket)

    assert after.triage
    assert after.triage.category == "Software"
    assert after.history[-1].what == "corrected"
