"""A card whose message is deleted in Slack is sent again, on Slack's word alone."""

from collections.abc import AsyncIterator

import pytest

from jobs.steps.send_cards import dm_assignee
from models.people.member import Role
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.bot.events.test_directory_changes import TEAM, BotUnderTest
from tests.project import MANIFEST
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_services, worker_services


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def bob(slack: Workspace) -> Person:
    return slack.add_person("bob", real_name="Bob", email="bob@acme.example")


@pytest.fixture
async def bot(servers: DatabaseServers, slack: Workspace) -> AsyncIterator[BotUnderTest]:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_services(servers, **settings) as services:
        yield BotUnderTest(services)


@pytest.fixture
async def offered_ticket(bot: BotUnderTest, bob: Person) -> Ticket:
    """A ticket that is offered to Bob, who has its card."""
    services = bot.services
    await services.members.set_role(TEAM, bob.id, role=Role.MODERATOR)
    draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
    ticket = await services.ticket_service.open_ticket(draft)
    await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id
    )
    return await send_card(services, ticket)


async def send_card(services: Services, ticket: Ticket) -> Ticket:
    worker = worker_services(services)
    await attempt_step(worker, Step.DM_ASSIGNEE, dm_assignee, ticket.id)
    return (await services.tickets.get_ticket(ticket.id))[0]


@pytest.mark.fault("F37")
async def test_a_deleted_card_is_sent_again(
    bot: BotUnderTest, bob: Person, offered_ticket: Ticket
) -> None:
    [card] = bob.messages
    await bot.dispatch(_deletion(card.channel, card.ts, text=card.text))
    sent_again = await send_card(bot.services, offered_ticket)

    assert len(bob.messages) == 2
    assert [one.ts for one in sent_again.cards] == [bob.messages[-1].ts]


@pytest.mark.parametrize("ts", ["1.0", ""])
async def test_the_deletion_of_another_message_changes_nothing(
    bot: BotUnderTest, bob: Person, offered_ticket: Ticket, ts: str
) -> None:
    [card] = bob.messages

    await bot.dispatch(_deletion(card.channel, ts, text=f"about {offered_ticket.id} and T-99"))
    await bot.dispatch(_deletion("D999", card.ts, text=card.text))
    await bot.dispatch(_deletion(card.channel, card.ts, text="hello"))

    ticket, _ = await bot.services.tickets.get_ticket(offered_ticket.id)
    assert ticket == offered_ticket


def _deletion(channel: str, ts: str, *, text: str) -> dict[str, object]:
    """The event of a deleted message of the app."""
    event = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": channel,
        "deleted_ts": ts,
        "previous_message": {"user": "U0", "bot_id": "B1", "ts": ts, "text": text},
    }
    return {"type": "event_callback", "event": event}
