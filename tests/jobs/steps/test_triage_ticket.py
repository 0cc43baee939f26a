"""A category's minimum priority and its AI ban hold against any answer of the model."""

from collections.abc import AsyncIterator, Callable
from typing import Any, cast
from uuid import uuid4

import pytest

from jobs.engines.gemini import Gemini
from jobs.steps.triage_ticket import triage_ticket
from models.people.member import Member, Role
from models.services import Services
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft
from models.triage.result import Category, Engine, Priority, Triage
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_services, worker_services


class FixedGemini:
    """A stand-in for Gemini that gives every ticket the same triage."""

    model = "gemini-of-the-test"

    def __init__(self) -> None:
        self.questions: list[Any] = []

    async def ask(self, question: Any, _read: Callable[[str], Triage]) -> Triage:
        self.questions.append(question)
        return make_triage("vpn", priority=Priority.LOW, engine=Engine.GEMINI)


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_services(servers) as services:
        yield services


async def triage_new_ticket(
    services: Services, admin: Member, title: str
) -> tuple[Triage, list[Any]]:
    """The triage of a new ticket, and the questions to Gemini."""
    gemini = FixedGemini()
    draft = Draft(key=f"view:{uuid4()}", team_id=admin.team_id, requester="UADA", title=title)
    ticket = await services.ticket_service.open_ticket(draft)
    worker = worker_services(services, cast(Gemini, gemini))
    await attempt_step(worker, Step.TRIAGE, triage_ticket, ticket.id)
    triage = (await services.tickets.get_ticket(ticket.id))[0].triage
    assert triage
    return triage, gemini.questions


async def test_priority_is_at_least_that_of_the_category(services: Services) -> None:
    admin = Member(team_id="TFLOOR", slack_id="UGRACE", role=Role.ADMIN)
    assert (await triage_new_ticket(services, admin, "My VPN drops"))[0].priority is Priority.LOW

    network = Category(name="Network", keywords=("vpn",), floor=Priority.HIGH)
    await services.taxonomy_admin.save_category(admin, "Network", network)

    triage, questions = await triage_new_ticket(services, admin, "My VPN drops")
    assert (triage.priority, triage.engine, len(questions)) == (Priority.HIGH, Engine.GEMINI, 1)


async def test_private_category_is_not_sent_to_gemini_and_says_why(services: Services) -> None:
    admin = Member(team_id="TPRIVATE", slack_id="UGRACE", role=Role.ADMIN)
    salaries = Category(name="Salaries", keywords=("payslip",), private=True)
    await services.taxonomy_admin.save_category(admin, None, salaries)

    triage, questions = await triage_new_ticket(services, admin, "My payslip is wrong")
    assert (triage.category, triage.engine, questions) == ("Salaries", Engine.BUILTIN, [])
    assert triage.why_builtin == "tickets about Salaries are never sent to AI"
    assert len((await triage_new_ticket(services, admin, "My VPN drops"))[1]) == 1
