"""Guests whom the guest policy excludes by now get no message about any ticket."""

from collections.abc import AsyncIterator

import pytest

from jobs.runner.step_context import StepContext, StepFunction
from jobs.steps.email_assignee import email_assignee
from jobs.steps.refresh_cards import refresh_cards
from jobs.steps.send_cards import ask_requester, dm_requester, dm_watchers
from models.admin.watch_ticket import set_watching
from models.people.member import Role
from models.ticket_service import TicketService
from models.tickets.action import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.mail_server import MailServer
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_service

TEAM = "T0FRONT01"
STEP_FUNCTIONS: dict[Step, StepFunction] = {
    Step.DM_REQUESTER: dm_requester,
    Step.REFRESH_CARDS: refresh_cards,
    Step.ASK_REQUESTER: ask_requester,
    Step.DM_WATCHERS: dm_watchers,
    Step.EMAIL_ASSIGNEE: email_assignee,
}


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with MailServer() as mail:
        yield mail


@pytest.fixture
async def service(
    servers: DatabaseServers, slack: Workspace, mail: MailServer
) -> AsyncIterator[TicketService]:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": mail.port, "smtp_starttls": False}
    async with run_service(servers, **settings, **smtp) as service:
        yield service


@pytest.fixture
async def bob(slack: Workspace, service: TicketService) -> Person:
    """A moderator."""
    bob = slack.add_person("bob", real_name="Bob", email="bob@acme.example")
    await service.member_with_profile(TEAM, bob.id)
    await service.members.set_role(TEAM, bob.id, role=Role.MODERATOR)
    return bob


@pytest.fixture
async def gus(slack: Workspace, service: TicketService) -> Person:
    """A guest."""
    gus = slack.add_person("gus", real_name="Gus", email="gus@acme.example", guest=True)
    await service.member_with_profile(TEAM, gus.id)
    return gus


async def open_ticket(service: TicketService, requester: str, bob: Person) -> Ticket:
    """A ticket that is offered to Bob."""
    draft = Draft(key=f"view:{requester}", team_id=TEAM, requester=requester, title="VPN is down")
    ticket = await service.open_ticket(draft)
    await service.move(ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn"))
    return await service.move(ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id)


async def run_step(service: TicketService, ticket: Ticket, step: Step) -> Ticket:
    """Run a step as a worker does; it must be due."""
    before, _ = await service.tickets.get_ticket(ticket.id)
    assert before.find_step(step)
    await attempt_step(StepContext(service, None), step, STEP_FUNCTIONS[step], ticket.id)
    after, _ = await service.tickets.get_ticket(ticket.id)
    assert after.find_step(step) is None
    return after


async def exclude_guests(service: TicketService) -> None:
    await service.workspace_settings.update(TEAM, {"guests": False})


async def test_requester_gets_no_card_at_all(
    service: TicketService, gus: Person, bob: Person
) -> None:
    ticket = await open_ticket(service, gus.id, bob)
    await exclude_guests(service)

    after = await run_step(service, ticket, Step.DM_REQUESTER)

    assert (gus.messages, after.cards) == ([], ())


async def test_card_of_a_requester_stays_as_it_was(
    service: TicketService, gus: Person, bob: Person
) -> None:
    ticket = await open_ticket(service, gus.id, bob)
    await run_step(service, ticket, Step.DM_REQUESTER)
    [before] = gus.messages
    await exclude_guests(service)
    actor = await service.members.get_or_create_member(TEAM, bob.id)
    await service.move(ticket.id, Verb.CLAIM, actor=actor)
    await service.move(ticket.id, Verb.RESOLVE, actor=actor)

    await run_step(service, ticket, Step.REFRESH_CARDS)
    await run_step(service, ticket, Step.ASK_REQUESTER)

    [after] = gus.messages
    assert after.text == before.text


async def test_watcher_who_is_excluded_before_the_card_is_sent_gets_none(
    service: TicketService, gus: Person, bob: Person
) -> None:
    ticket = await open_ticket(service, "UADA", bob)
    actor = await service.members.get_or_create_member(TEAM, bob.id)
    await set_watching(service, ticket.id, actor=actor, watcher_id=gus.id, watching=True)
    await exclude_guests(service)

    after = await run_step(service, ticket, Step.DM_WATCHERS)

    assert (gus.messages, after.cards) == ([], ())


async def test_assignee_who_becomes_a_guest_gets_no_e_mail(
    slack: Workspace, service: TicketService, bob: Person, mail: MailServer
) -> None:
    """Their role is lost at once; their tickets are taken back a moment later."""
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    ticket = await open_ticket(service, ada.id, bob)
    await service.members.update_member(TEAM, bob.id, guest=True, role=Role.USER.value)
    await exclude_guests(service)

    await run_step(service, ticket, Step.EMAIL_ASSIGNEE)

    assert mail.inbox == []


async def test_list_of_moderators_says_who_is_excluded(
    service: TicketService, gus: Person, bob: Person
) -> None:
    """A guest is always a user, but their document may say otherwise."""
    await service.members.update_member(TEAM, gus.id, role=Role.MODERATOR.value)
    await exclude_guests(service)

    moderators = await service.members.moderators(TEAM)

    assert {member.slack_id: bool(member.refusal) for member in moderators} == {
        gus.id: True,
        bob.id: False,
    }
