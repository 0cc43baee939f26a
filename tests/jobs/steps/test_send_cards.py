"""A card that becomes stale while Slack draws it is redrawn, also without a move."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from jobs.runner.step_function import StepFunction
from jobs.runner.sweep import send_lost_cards
from jobs.steps.refresh_cards import refresh_cards
from jobs.steps.send_cards import dm_assignee, dm_requester
from models.people.member import Role
from models.services import Services, bind
from models.ticket_store.lease import TicketLease
from models.tickets.actions import Verb
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
from tests.service_factory import attempt_step, run_as_worker, run_services, worker_services

TEAM = "T0FRONT01"


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def bob(slack: Workspace) -> Person:
    return slack.add_person("bob", real_name="Bob", email="bob@acme.example")


@pytest.fixture
async def services(
    servers: DatabaseServers, slack: Workspace, bob: Person
) -> AsyncIterator[Services]:
    """A service for that workspace, with Bob as a moderator."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_services(servers, **settings) as services:
        await services.members.set_role(TEAM, bob.id, role=Role.MODERATOR)
        yield services


@pytest.fixture
async def offered_ticket(services: Services, bob: Person) -> Ticket:
    """A ticket offered to Bob, who has no card yet."""
    draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
    ticket = await services.ticket_service.open_ticket(draft)
    await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    return await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id
    )


class InterruptedStep:
    """A step that has run and whose result is not stored yet."""

    def __init__(
        self, services: Services, ticket: Ticket, step: Step, step_function: StepFunction
    ) -> None:
        self._ticket_service = services.ticket_service
        self._step_function = bind(step_function, worker_services(services))
        self._lease = TicketLease(ticket.id, frozenset({step}), lambda: False)

    async def run(self) -> None:
        leased_steps = await self._ticket_service.lease_due_steps(self._lease)
        [self._leased] = leased_steps.steps
        self._update = await self._step_function(leased_steps.ticket, self._leased)

    async def complete(self) -> None:
        await self._ticket_service.complete_step(self._lease, self._leased, self._update)

    async def lose_outcome(self) -> None:
        """Act as if Slack had done it without an answer."""
        failure: dict[str, Any] = {
            "delay": timedelta(),
            "error": "no answer",
            "failed_attempts": 1,
        }
        await self._ticket_service.retry_later(
            self._lease, self._leased, run_count=self._leased.tries, **failure
        )


async def redraw_cards(services: Services, ticket: Ticket) -> None:
    await attempt_step(services, Step.REFRESH_CARDS, refresh_cards, ticket.id)


async def test_incident_that_joins_while_a_card_is_sent_is_shown(
    services: Services, bob: Person, offered_ticket: Ticket
) -> None:
    sending = InterruptedStep(services, offered_ticket, Step.DM_ASSIGNEE, dm_assignee)

    await sending.run()
    await services.ticket_service.update_ticket(offered_ticket.id, with_incident("T-7"))
    # This redraw sees no card yet.
    await redraw_cards(services, offered_ticket)
    await sending.complete()
    await redraw_cards(services, offered_ticket)

    [card] = bob.messages
    assert "T-7 reports the same" in card.visible_text


async def test_report_that_arrives_during_a_redraw_is_shown(
    services: Services, bob: Person, offered_ticket: Ticket
) -> None:
    await attempt_step(services, Step.DM_ASSIGNEE, dm_assignee, offered_ticket.id)
    reports = [IncidentReport(ticket_id=f"T-{number}", by=f"U{number}") for number in range(2, 6)]
    await services.ticket_service.update_ticket(offered_ticket.id, add_reports(reports[:2]))
    redraw = InterruptedStep(services, offered_ticket, Step.REFRESH_CARDS, refresh_cards)

    await redraw.run()
    await services.ticket_service.update_ticket(offered_ticket.id, add_reports(reports))
    await redraw.complete()
    await redraw_cards(services, offered_ticket)

    [card] = bob.messages
    assert "5 people report this" in card.visible_text


async def test_card_with_unknown_content_is_redrawn_to_the_old_state(
    services: Services, slack: Workspace, bob: Person
) -> None:
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    draft = Draft(key="view:2", team_id=TEAM, requester=ada.id, title="VPN is down")
    ticket = await services.ticket_service.open_ticket(draft)
    await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id
    )
    await attempt_step(services, Step.DM_REQUESTER, dm_requester, ticket.id)
    [card] = ada.messages
    before = card.visible_text
    await services.ticket_service.move(
        ticket.id, Verb.DECLINE, actor=await services.members.get_or_create_member(TEAM, bob.id)
    )
    redraw = InterruptedStep(services, ticket, Step.REFRESH_CARDS, refresh_cards)

    await redraw.run()
    await redraw.lose_outcome()
    [card] = ada.messages
    assert card.visible_text != before
    await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id
    )
    await redraw_cards(services, ticket)

    [card] = ada.messages
    assert card.visible_text == before


async def run_steps(services: Services, ticket: Ticket) -> Ticket:
    """The ticket after all its card steps have run, as two wake-ups run them."""
    steps: dict[Step, StepFunction] = {
        Step.DM_REQUESTER: dm_requester,
        Step.DM_ASSIGNEE: dm_assignee,
        Step.REFRESH_CARDS: refresh_cards,
    }
    worker = worker_services(services)
    for _ in range(2):
        await run_as_worker(worker, steps, ticket.id, is_stopping=lambda: False)
    return (await services.tickets.get_ticket(ticket.id))[0]


async def test_a_card_that_looks_the_same_is_not_sent_again(
    services: Services, slack: Workspace, bob: Person, offered_ticket: Ticket
) -> None:
    await run_steps(services, offered_ticket)

    await services.ticket_service.update_ticket(
        offered_ticket.id,
        lambda ticket, now: ticket.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now),
    )
    await run_steps(services, offered_ticket)

    assert len(bob.messages) == 1
    assert slack.traffic_log.api_calls("chat.update") == []


async def test_a_card_with_unknown_content_is_sent_again_though_it_looks_the_same(
    services: Services, slack: Workspace, bob: Person, offered_ticket: Ticket
) -> None:
    """A late update of the bot may stand there, whose outcome Slack did not confirm."""
    await run_steps(services, offered_ticket)
    [card] = bob.messages

    await services.ticket_service.update_ticket(
        offered_ticket.id,
        lambda ticket, now: ticket.with_unknown_card(card.ts).with_step(
            Step.REFRESH_CARDS, due=now
        ),
    )
    await run_steps(services, offered_ticket)

    assert [call.request["ts"] for call in slack.traffic_log.api_calls("chat.update")] == [card.ts]


async def test_the_card_of_a_person_without_a_part_is_updated_once_more(
    services: Services, slack: Workspace, bob: Person, offered_ticket: Ticket
) -> None:
    await run_steps(services, offered_ticket)
    member = await services.members.get_or_create_member(TEAM, bob.id)

    await services.ticket_service.move(offered_ticket.id, Verb.DECLINE, actor=member)
    declined = await run_steps(services, offered_ticket)
    updates = len(slack.traffic_log.api_calls("chat.update"))
    await services.ticket_service.move(
        offered_ticket.id, Verb.OFFER, actor=None, assignee="UEVE", offered_to=None
    )
    await run_steps(services, offered_ticket)

    [card] = bob.messages
    assert (card.visible_text, card.buttons) == (f"You don't have {declined.id} any more.", [])
    assert [one.to for one in declined.cards] == []
    assert len(slack.traffic_log.api_calls("chat.update")) == updates


@pytest.mark.fault("F37")
@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message"])
async def test_a_card_that_slack_has_lost_is_sent_again(
    services: Services, slack: Workspace, bob: Person, offered_ticket: Ticket, error: str
) -> None:
    await run_steps(services, offered_ticket)
    member = await services.members.get_or_create_member(TEAM, bob.id)
    slack.faults.add("chat.update", Fault(error=error), times=1)

    await services.ticket_service.move(offered_ticket.id, Verb.CLAIM, actor=member)
    claimed = await run_steps(services, offered_ticket)

    old, new = bob.messages
    assert "Resolve" not in old.buttons
    assert "Resolve" in new.buttons
    assert [(card.to, card.ts) for card in claimed.cards] == [(bob.id, new.ts)]


async def test_a_person_who_claims_without_an_offer_gets_a_card(
    services: Services, slack: Workspace, bob: Person, offered_ticket: Ticket
) -> None:
    eve = slack.add_person("eve", real_name="Eve", email="eve@acme.example")
    member = await services.members.set_role(TEAM, eve.id, role=Role.MODERATOR)
    await run_steps(services, offered_ticket)

    await services.ticket_service.move(offered_ticket.id, Verb.CLAIM, actor=member)
    claimed = await run_steps(services, offered_ticket)

    [card] = eve.messages
    assert "Resolve" in card.buttons
    assert [one.buttons for one in bob.messages] == [[]]
    assert [one.to for one in claimed.cards] == [eve.id]


async def test_a_ticket_of_an_earlier_release_gets_its_lost_cards(
    services: Services, bob: Person, offered_ticket: Ticket
) -> None:
    await run_steps(services, offered_ticket)
    await services.ticket_service.update_ticket(
        offered_ticket.id, lambda ticket, _: ticket.model_copy(update={"cards": (), "pending": ()})
    )

    await bind(send_lost_cards, services)()
    repaired = await run_steps(services, offered_ticket)

    assert len(bob.messages) == 2
    assert [card.to for card in repaired.cards] == [bob.id]
    assert await services.tickets.tickets_with_lost_card(limit=9) == []


async def test_a_card_of_a_kind_of_a_newer_release_is_left_alone(
    services: Services, slack: Workspace, offered_ticket: Ticket
) -> None:
    ticket = await run_steps(services, offered_ticket)
    newer_card = ticket.cards[0].model_copy(
        update={"kind": CardKind("desk"), "notice": "desk", "ts": "1.1", "version": 0}
    )
    await services.ticket_service.update_ticket(
        ticket.id,
        lambda current, now: current.with_card(newer_card, now=now).with_step(
            Step.REFRESH_CARDS, due=now
        ),
    )

    after = await run_steps(services, ticket)

    assert newer_card in after.cards
    assert [call.request["ts"] for call in slack.traffic_log.api_calls("chat.update")] == []
