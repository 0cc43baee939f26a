"""Guests whom the guest policy excludes by now get no message about any ticket."""

from collections.abc import AsyncIterator

import pytest

from jobs.runner.step_function import StepFunction
from jobs.steps.email_assignee import email_assignee
from jobs.steps.refresh_cards import refresh_cards
from jobs.steps.send_cards import ask_requester, dm_requester, dm_watchers
from models.people.member import Role
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.mail_server import MailServer
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_services

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
async def services(
    servers: DatabaseServers, slack: Workspace, mail: MailServer
) -> AsyncIterator[Services]:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": mail.port, "smtp_starttls": False}
    async with run_services(servers, **settings, **smtp) as services:
        yield services


@pytest.fixture
async def bob(slack: Workspace, services: Services) -> Person:
    """A moderator."""
    bob = slack.add_person("bob", real_name="Bob", email="bob@acme.example")
    await services.directory.member_with_profile(TEAM, bob.id)
    await services.members.set_role(TEAM, bob.id, role=Role.MODERATOR)
    return bob


@pytest.fixture
async def gus(slack: Workspace, services: Services) -> Person:
    """A guest."""
    gus = slack.add_person("gus", real_name="Gus", email="gus@acme.example", guest=True)
    await services.directory.member_with_profile(TEAM, gus.id)
    return gus


async def open_ticket(services: Services, requester: str, bob: Person) -> Ticket:
    """A ticket that is offered to Bob."""
    draft = Draft(key=f"view:{requester}", team_id=TEAM, requester=requester, title="VPN is down")
    ticket = await services.ticket_service.open_ticket(draft)
    await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    return await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id
    )


async def run_step(services: Services, ticket: Ticket, step: Step) -> Ticket:
    """Run a step as a worker does; it must be due."""
    before, _ = await services.tickets.get_ticket(ticket.id)
    assert before.find_step(step)
    await attempt_step(services, step, STEP_FUNCTIONS[step], ticket.id)
    after, _ = await services.tickets.get_ticket(ticket.id)
    assert after.find_step(step) is None
    return after


async def exclude_guests(services: Services) -> None:
    await services.workspace_settings.update(TEAM, {"guests": False})


async def test_requester_gets_no_card_at_all(services: Services, gus: Person, bob: Person) -> None:
    ticket = await open_ticket(services, gus.id, bob)
    await exclude_guests(services)

    after = await run_step(services, ticket, Step.DM_REQUESTER)

    assert (gus.messages, after.cards) == ([], ())


async def test_card_of_a_requester_stays_as_it_was(
    services: Services, gus: Person, bob: Person
) -> None:
    ticket = await open_ticket(services, gus.id, bob)
    await run_step(services, ticket, Step.DM_REQUESTER)
    [before] = gus.messages
    await exclude_guests(services)
    actor = await services.members.get_or_create_member(TEAM, bob.id)
    await services.ticket_service.move(ticket.id, Verb.CLAIM, actor=actor)
    await services.ticket_service.move(ticket.id, Verb.RESOLVE, actor=actor)

    await run_step(services, ticket, Step.REFRESH_CARDS)
    await run_step(services, ticket, Step.ASK_REQUESTER)

    [after] = gus.messages
    assert after.text == before.text


async def test_watcher_who_is_excluded_before_the_card_is_sent_gets_none(
    services: Services, gus: Person, bob: Person
) -> None:
    ticket = await open_ticket(services, "UADA", bob)
    actor = await services.members.get_or_create_member(TEAM, bob.id)
    await services.watcher_admin.set_watching(
        ticket.id, actor=actor, watcher_id=gus.id, watching=True
    )
    await exclude_guests(services)

    after = await run_step(services, ticket, Step.DM_WATCHERS)

    assert (gus.messages, after.cards) == ([], ())


async def test_assignee_who_becomes_a_guest_gets_no_e_mail(
    slack: Workspace, services: Services, bob: Person, mail: MailServer
) -> None:
    """Their role is lost at once; their tickets are taken back a moment later."""
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    ticket = await open_ticket(services, ada.id, bob)
    await services.members.update_member(TEAM, bob.id, guest=True, role=Role.USER.value)
    await exclude_guests(services)

    await run_step(services, ticket, Step.EMAIL_ASSIGNEE)

    assert mail.inbox == []


async def test_list_of_moderators_says_who_is_excluded(
    services: Services, gus: Person, bob: Person
) -> None:
    """A guest is always a user, but their document may say otherwise."""
    await services.members.update_member(TEAM, gus.id, role=Role.MODERATOR.value)
    await exclude_guests(services)

    moderators = await services.members.moderators(TEAM)

    assert {member.slack_id: bool(member.refusal) for member in moderators} == {
        gus.id: True,
        bob.id: False,
    }
