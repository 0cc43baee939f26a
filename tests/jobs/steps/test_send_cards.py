"""A card that becomes stale while Slack draws it is redrawn, also without a move."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from jobs.runner.step_context import StepContext, StepFunction
from jobs.runner.step_runner import run_due_steps
from jobs.runner.sweep import send_lost_cards
from jobs.steps.refresh_cards import refresh_cards
from jobs.steps.send_cards import dm_assignee, dm_requester
from models.people.member import Role
from models.ticket_service import TicketService
from models.ticket_store.lease import TicketLease
from models.tickets.action import Verb
from models.tickets.incident import add_reports, with_incident
from models.tickets.pending_step import Step
from models.tickets.ticket import CardKind, Draft, IncidentReport, Ticket
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.state.faults import Fault
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_service

TEAM = "T0FRONT01"


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def bob(slack: Workspace) -> Person:
    return slack.add_person("bob", real_name="Bob", email="bob@acme.example")


@pytest.fixture
async def service(
    servers: DatabaseServers, slack: Workspace, bob: Person
) -> AsyncIterator[TicketService]:
    """A service for that workspace, with Bob as a moderator."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_service(servers, **settings) as service:
        await service.members.set_role(TEAM, bob.id, role=Role.MODERATOR)
        yield service


@pytest.fixture
async def offered_ticket(service: TicketService, bob: Person) -> Ticket:
    """A ticket offered to Bob, who has no card yet."""
    draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
    ticket = await service.open_ticket(draft)
    await service.move(ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn"))
    return await service.move(ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id)


class InterruptedStep:
    """A step that has run and whose result is not stored yet."""

    def __init__(
        self, service: TicketService, ticket: Ticket, step: Step, step_function: StepFunction
    ) -> None:
        self._service, self._step_function = service, step_function
        self._lease = TicketLease(ticket.id, frozenset({step}), lambda: False)

    async def run(self) -> None:
        leased_steps = await self._service.lease_due_steps(self._lease)
        [self._leased] = leased_steps.steps
        context = StepContext(self._service, None)
        self._update = await self._step_function(context, leased_steps.ticket, self._leased)

    async def complete(self) -> None:
        await self._service.complete_step(self._lease, self._leased, self._update)

    async def lose_outcome(self) -> None:
        """Act as if Slack had done it without an answer."""
        failure: dict[str, Any] = {
            "delay": timedelta(),
            "error": "no answer",
            "failed_attempts": 1,
        }
        await self._service.retry_later(
            self._lease, self._leased, run_count=self._leased.tries, **failure
        )


async def redraw_cards(service: TicketService, ticket: Ticket) -> None:
    await attempt_step(StepContext(service, None), Step.REFRESH_CARDS, refresh_cards, ticket.id)


async def test_incident_that_joins_while_a_card_is_sent_is_shown(
    service: TicketService, bob: Person, offered_ticket: Ticket
) -> None:
    sending = InterruptedStep(service, offered_ticket, Step.DM_ASSIGNEE, dm_assignee)

    await sending.run()
    await service.update_ticket(offered_ticket.id, with_incident("T-7"))
    # This redraw sees no card yet.
    await redraw_cards(service, offered_ticket)
    await sending.complete()
    await redraw_cards(service, offered_ticket)

    [card] = bob.messages
    assert "T-7 reports the same" in card.visible_text


async def test_report_that_arrives_during_a_redraw_is_shown(
    service: TicketService, bob: Person, offered_ticket: Ticket
) -> None:
    await attempt_step(StepContext(service, None), Step.DM_ASSIGNEE, dm_assignee, offered_ticket.id)
    reports = [IncidentReport(ticket_id=f"T-{number}", by=f"U{number}") for number in range(2, 6)]
    await service.update_ticket(offered_ticket.id, add_reports(reports[:2]))
    redraw = InterruptedStep(service, offered_ticket, Step.REFRESH_CARDS, refresh_cards)

    await redraw.run()
    await service.update_ticket(offered_ticket.id, add_reports(reports))
    await redraw.complete()
    await redraw_cards(service, offered_ticket)

    [card] = bob.messages
    assert "5 people report this" in card.visible_text


async def test_card_with_unknown_content_is_redrawn_to_the_old_state(
    service: TicketService, slack: Workspace, bob: Person
) -> None:
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    draft = Draft(key="view:2", team_id=TEAM, requester=ada.id, title="VPN is down")
    ticket = await service.open_ticket(draft)
    await service.move(ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn"))
    await service.move(ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id)
    await attempt_step(StepContext(service, None), Step.DM_REQUESTER, dm_requester, ticket.id)
    [card] = ada.messages
    before = card.visible_text
    await service.move(
        ticket.id, Verb.DECLINE, actor=await service.members.get_or_create_member(TEAM, bob.id)
    )
    redraw = InterruptedStep(service, ticket, Step.REFRESH_CARDS, refresh_cards)

    await redraw.run()
    await redraw.lose_outcome()
    [card] = ada.messages
    assert card.visible_text != before
    await service.move(ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id)
    await redraw_cards(service, ticket)

    [card] = ada.messages
    assert card.visible_text == before


async def run_steps(service: TicketService, ticket: Ticket) -> Ticket:
    """The ticket after all its card steps have run, as two wake-ups run them."""
    steps: dict[Step, StepFunction] = {
        Step.DM_REQUESTER: dm_requester,
        Step.DM_ASSIGNEE: dm_assignee,
        Step.REFRESH_CARDS: refresh_cards,
    }
    context = StepContext(service, None)
    for _ in range(2):
        await run_due_steps(context, steps, ticket.id, is_stopping=lambda: False)
    return (await service.tickets.get_ticket(ticket.id))[0]


async def test_a_card_that_looks_the_same_is_not_sent_again(
    service: TicketService, slack: Workspace, bob: Person, offered_ticket: Ticket
) -> None:
    await run_steps(service, offered_ticket)

    await service.update_ticket(
        offered_ticket.id,
        lambda ticket, now: ticket.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now),
    )
    await run_steps(service, offered_ticket)

    assert len(bob.messages) == 1
    assert slack.traffic_log.api_calls("chat.update") == []


async def test_the_card_of_a_person_without_a_part_is_updated_once_more(
    service: TicketService, slack: Workspace, bob: Person, offered_ticket: Ticket
) -> None:
    await run_steps(service, offered_ticket)
    member = await service.members.get_or_create_member(TEAM, bob.id)

    await service.move(offered_ticket.id, Verb.DECLINE, actor=member)
    declined = await run_steps(service, offered_ticket)
    updates = len(slack.traffic_log.api_calls("chat.update"))
    await service.move(offered_ticket.id, Verb.OFFER, actor=None, assignee="UEVE", offered_to=None)
    await run_steps(service, offered_ticket)

    [card] = bob.messages
    assert (card.visible_text, card.buttons) == (f"You don't have {declined.id} any more.", [])
    assert [one.to for one in declined.cards] == []
    assert len(slack.traffic_log.api_calls("chat.update")) == updates


@pytest.mark.fault("F37")
@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message"])
async def test_a_card_that_slack_has_lost_is_sent_again(
    service: TicketService, slack: Workspace, bob: Person, offered_ticket: Ticket, error: str
) -> None:
    await run_steps(service, offered_ticket)
    member = await service.members.get_or_create_member(TEAM, bob.id)
    slack.faults.add("chat.update", Fault(error=error), times=1)

    await service.move(offered_ticket.id, Verb.CLAIM, actor=member)
    claimed = await run_steps(service, offered_ticket)

    old, new = bob.messages
    assert "Resolve" not in old.buttons
    assert "Resolve" in new.buttons
    assert [(card.to, card.ts) for card in claimed.cards] == [(bob.id, new.ts)]


async def test_a_person_who_claims_without_an_offer_gets_a_card(
    service: TicketService, slack: Workspace, bob: Person, offered_ticket: Ticket
) -> None:
    eve = slack.add_person("eve", real_name="Eve", email="eve@acme.example")
    member = await service.members.set_role(TEAM, eve.id, role=Role.MODERATOR)
    await run_steps(service, offered_ticket)

    await service.move(offered_ticket.id, Verb.CLAIM, actor=member)
    claimed = await run_steps(service, offered_ticket)

    [card] = eve.messages
    assert "Resolve" in card.buttons
    assert [one.buttons for one in bob.messages] == [[]]
    assert [one.to for one in claimed.cards] == [eve.id]


async def test_a_ticket_of_an_earlier_release_gets_its_lost_cards(
    service: TicketService, bob: Person, offered_ticket: Ticket
) -> None:
    await run_steps(service, offered_ticket)
    await service.update_ticket(
        offered_ticket.id, lambda ticket, _: ticket.model_copy(update={"cards": (), "pending": ()})
    )

    await send_lost_cards({"context": StepContext(service, None)})
    repaired = await run_steps(service, offered_ticket)

    assert len(bob.messages) == 2
    assert [card.to for card in repaired.cards] == [bob.id]
    assert await service.tickets.tickets_with_lost_card(limit=9) == []


async def test_a_card_of_a_kind_of_a_newer_release_is_left_alone(
    service: TicketService, slack: Workspace, offered_ticket: Ticket
) -> None:
    ticket = await run_steps(service, offered_ticket)
    newer_card = ticket.cards[0].model_copy(
        update={"kind": CardKind("desk"), "notice": "desk", "ts": "1.1", "version": 0}
    )
    await service.update_ticket(
        ticket.id,
        lambda current, now: current.with_card(newer_card, now=now).with_step(
            Step.REFRESH_CARDS, due=now
        ),
    )

    after = await run_steps(service, ticket)

    assert newer_card in after.cards
    assert [call.request["ts"] for call in slack.traffic_log.api_calls("chat.update")] == []
