"""What admins say of a category holds, whatever a model answers."""

from collections.abc import AsyncIterator, Callable
from typing import Any, cast
from uuid import uuid4

import pytest

from jobs.engines.gemini import Gemini
from jobs.runner.step_context import StepContext
from jobs.steps.triage_ticket import triage_ticket
from models.admin import taxonomy
from models.people.member import Member, Role
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft
from models.triage.result import Category, Engine, Priority, Triage
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_service


class FixedGemini:
    """What stands where Gemini is, and says the same of every ticket."""

    model = "gemini-of-the-test"

    def __init__(self) -> None:
        self.questions: list[Any] = []

    async def ask(self, question: Any, _read: Callable[[str], Triage]) -> Triage:
        self.questions.append(question)
        return make_triage("vpn", priority=Priority.LOW, engine=Engine.GEMINI)


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A desk of its own on the real servers."""
    async with run_service(servers) as service:
        yield service


async def triage_of(service: TicketService, admin: Member, title: str) -> tuple[Triage, list[Any]]:
    """What triage says of a ticket, and what Gemini was asked."""
    gemini = FixedGemini()
    draft = Draft(key=f"view:{uuid4()}", team_id=admin.team_id, requester="UADA", title=title)
    ticket = await service.open_ticket(draft)
    tools = StepContext(service=service, gemini=cast(Gemini, gemini))
    await attempt_step(tools, Step.TRIAGE, triage_ticket, ticket.id)
    said = (await service.tickets.get_ticket(ticket.id))[0].triage
    assert said
    return said, gemini.questions


async def test_no_ticket_is_less_urgent_than_its_category(service: TicketService) -> None:
    admin = Member(team_id="TFLOOR", slack_id="UGRACE", role=Role.ADMIN)
    assert (await triage_of(service, admin, "My VPN drops"))[0].priority is Priority.LOW

    network = Category(name="Network", keywords=("vpn",), floor=Priority.HIGH)
    await taxonomy.save_category(service, admin, "Network", network)

    said, asked = await triage_of(service, admin, "My VPN drops")
    assert (said.priority, said.engine, len(asked)) == (Priority.HIGH, Engine.GEMINI, 1)


async def test_what_is_never_sent_to_an_ai_is_not_and_says_why(service: TicketService) -> None:
    admin = Member(team_id="TPRIVATE", slack_id="UGRACE", role=Role.ADMIN)
    salaries = Category(name="Salaries", keywords=("payslip",), private=True)
    await taxonomy.save_category(service, admin, None, salaries)

    said, asked = await triage_of(service, admin, "My payslip is wrong")
    assert (said.category, said.engine, asked) == ("Salaries", Engine.BUILTIN, [])
    assert said.why_builtin == "tickets about Salaries are never sent to an AI"
    assert len((await triage_of(service, admin, "My VPN drops"))[1]) == 1
