"""A card that is overtaken while Slack has it is drawn again, even when there was no move."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from jobs.runner.step_context import StepContext, StepFunction
from jobs.steps.refresh_cards import refresh_cards
from jobs.steps.send_cards import dm_assignee, dm_requester
from models.people.member import Role
from models.ticket_service import TicketService
from models.tickets.incident import add_reports, with_incident
from models.tickets.lease import TicketLease
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, IncidentReport, Ticket
from models.tickets.workflow import Move
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_service

TEAM = "T0FRONT01"


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    """A workspace without anybody in it."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def bob(slack: Workspace) -> Person:
    return slack.add_person("bob", real_name="Bob", email="bob@acme.example")


@pytest.fixture
async def service(
    servers: DatabaseServers, slack: Workspace, bob: Person
) -> AsyncIterator[TicketService]:
    """The desk that serves it; Bob is a moderator."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_service(servers, **settings) as service:
        await service.members.set_role(TEAM, bob.id, role=Role.MODERATOR)
        yield service


@pytest.fixture
async def offered_ticket(service: TicketService, bob: Person) -> Ticket:
    """A ticket that is offered to Bob, who has not been told yet."""
    draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
    ticket = await service.open_ticket(draft)
    await service.move(ticket.id, Move.TRIAGE, actor=None, triage=make_triage("vpn"))
    return await service.move(ticket.id, Move.OFFER, actor=None, assignee=bob.id, offered_to=bob.id)


class InterruptedStep:
    """A worker at one step of a ticket: it has done it, and has not noted it yet."""

    def __init__(
        self, service: TicketService, ticket: Ticket, step: Step, work: StepFunction
    ) -> None:
        self._desk, self._work = service, work
        self._holding = TicketLease(ticket.id, frozenset({step}), lambda: False)

    async def run(self) -> None:
        taken = await self._desk.lease_due_steps(self._holding)
        [self._leased] = taken.steps
        self._effect = await self._work(StepContext(self._desk, None), taken.ticket, self._leased)

    async def complete(self) -> None:
        await self._desk.complete_step(self._holding, self._leased, self._effect)

    async def lose_outcome(self) -> None:
        """Slack has done it, and did not say so."""
        lost: dict[str, Any] = {
            "delay": timedelta(),
            "error": "no answer",
            "failed_attempts": 1,
        }
        await self._desk.retry_later(
            self._holding, self._leased, run_count=self._leased.tries, **lost
        )


async def draws_anew(service: TicketService, ticket: Ticket) -> None:
    await attempt_step(StepContext(service, None), Step.REFRESH_CARDS, refresh_cards, ticket.id)


async def test_a_card_that_an_incident_overtakes_shows_it(
    service: TicketService, bob: Person, offered_ticket: Ticket
) -> None:
    telling = InterruptedStep(service, offered_ticket, Step.DM_ASSIGNEE, dm_assignee)

    await telling.run()
    await service.update_ticket(offered_ticket.id, with_incident("T-7"))
    # Whoever draws anew now knows of no card yet.
    await draws_anew(service, offered_ticket)
    await telling.complete()
    await draws_anew(service, offered_ticket)

    [card] = bob.messages
    assert "T-7 reports the same" in card.visible_text


async def test_a_drawing_that_an_incident_overtakes_is_done_again(
    service: TicketService, bob: Person, offered_ticket: Ticket
) -> None:
    await attempt_step(StepContext(service, None), Step.DM_ASSIGNEE, dm_assignee, offered_ticket.id)
    people = [IncidentReport(ticket_id=f"T-{number}", by=f"U{number}") for number in range(2, 6)]
    await service.update_ticket(offered_ticket.id, add_reports(people[:2]))
    drawing = InterruptedStep(service, offered_ticket, Step.REFRESH_CARDS, refresh_cards)

    await drawing.run()
    await service.update_ticket(offered_ticket.id, add_reports(people))
    await drawing.complete()
    await draws_anew(service, offered_ticket)

    [card] = bob.messages
    assert "5 people report this" in card.visible_text


async def test_a_card_whose_drawing_got_lost_is_drawn_also_when_it_should_look_as_before(
    service: TicketService, slack: Workspace, bob: Person
) -> None:
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    draft = Draft(key="view:2", team_id=TEAM, requester=ada.id, title="VPN is down")
    ticket = await service.open_ticket(draft)
    await service.move(ticket.id, Move.TRIAGE, actor=None, triage=make_triage("vpn"))
    await service.move(ticket.id, Move.OFFER, actor=None, assignee=bob.id, offered_to=bob.id)
    await attempt_step(StepContext(service, None), Step.DM_REQUESTER, dm_requester, ticket.id)
    [card] = ada.messages
    before = card.visible_text
    await service.move(
        ticket.id, Move.DECLINE, actor=await service.members.get_or_create_member(TEAM, bob.id)
    )
    drawing = InterruptedStep(service, ticket, Step.REFRESH_CARDS, refresh_cards)

    await drawing.run()
    await drawing.lose_outcome()
    [card] = ada.messages
    assert card.visible_text != before
    await service.move(ticket.id, Move.OFFER, actor=None, assignee=bob.id, offered_to=bob.id)
    await draws_anew(service, ticket)

    [card] = ada.messages
    assert card.visible_text == before
