"""A watcher gets one card, which follows the ticket as long as they watch it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jobs.runner.step_function import StepFunction
from jobs.steps.refresh_cards import refresh_cards
from jobs.steps.send_cards import dm_watchers
from models.clock import utc_now
from models.errors import InvalidInput, NoSuchTicket, NotAllowed
from models.people.member import Member, Role
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.tickets.watchers import MAX_WATCHERS
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.state.faults import Fault
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_services, worker_services

TEAM = "T0FRONT01"
STEP_FUNCTIONS: dict[Step, StepFunction] = {
    Step.DM_WATCHERS: dm_watchers,
    Step.REFRESH_CARDS: refresh_cards,
}


class WatcherScenario:
    """A service and its workspace, with some people."""

    def __init__(self, slack: Workspace, services: Services) -> None:
        self.slack, self.services = slack, services
        self.ada, self.bob, self.eve, self.ned = (
            slack.add_person(name, real_name=name, email=f"{name}@acme.example")
            for name in ("ada", "bob", "eve", "ned")
        )
        self.ticket_count = 0

    async def member(self, person: Person) -> Member:
        return await self.services.members.get_or_create_member(TEAM, person.id)

    async def ticket(self, **fields: Any) -> Ticket:
        """A ticket of Ada's, offered to Bob."""
        self.ticket_count += 1
        defaults = {
            "title": "VPN is down",
            "requester": self.ada.id,
            "key": f"view:{self.ticket_count}",
        }
        ticket = await self.services.ticket_service.open_ticket(
            Draft(team_id=TEAM, **defaults | fields)
        )
        await self.services.ticket_service.move(
            ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
        )
        return await self.services.ticket_service.move(
            ticket.id, Verb.OFFER, actor=None, assignee=self.bob.id
        )

    async def set_watching(
        self, ticket: Ticket, actor: Person, watcher: Person, *, on: bool = True
    ) -> Ticket:
        """Change who watches, and return the ticket after the worker has updated the cards."""
        member = await self.member(actor)
        await self.services.watcher_admin.set_watching(
            ticket.id, actor=member, watcher_id=watcher.id, watching=on
        )
        return await self.run_card_steps(ticket)

    async def run_card_steps(self, ticket: Ticket) -> Ticket:
        """Run the card steps, and return the ticket after them."""
        while True:
            ticket, _ = await self.services.tickets.get_ticket(ticket.id)
            due_steps = [step.step for step in ticket.pending if step.step in STEP_FUNCTIONS]
            if not due_steps:
                return ticket
            step = due_steps[0]
            worker = worker_services(self.services)
            await attempt_step(worker, step, STEP_FUNCTIONS[step], ticket.id)

    def card_texts(self, person: Person, ticket: Ticket) -> list[str]:
        """The texts about a ticket in the person's direct messages with Frontdesk."""
        return [message.text for message in person.messages if ticket.id in message.text]


@pytest.fixture(scope="module")
async def scenario(servers: DatabaseServers) -> AsyncIterator[WatcherScenario]:
    """Bob and Eve are moderators. Ada and Ned are not."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
        async with run_services(servers, **settings) as services:
            scenario = WatcherScenario(slack, services)
            for person in (scenario.bob, scenario.eve):
                await services.members.set_role(TEAM, person.id, role=Role.MODERATOR)
            yield scenario


async def test_watcher_has_one_card_that_follows_the_ticket(scenario: WatcherScenario) -> None:
    ticket = await scenario.ticket()
    await scenario.set_watching(ticket, scenario.eve, scenario.eve)
    again = await scenario.set_watching(ticket, scenario.eve, scenario.eve)
    assert again.watchers == (scenario.eve.id,)
    [before] = scenario.card_texts(scenario.eve, ticket)
    assert "Waiting for" in before

    await scenario.services.ticket_service.move(
        ticket.id, Verb.CLAIM, actor=await scenario.member(scenario.bob)
    )
    await scenario.run_card_steps(ticket)
    [after] = scenario.card_texts(scenario.eve, ticket)
    assert after != before

    await scenario.set_watching(ticket, scenario.eve, scenario.eve, on=False)
    assert scenario.card_texts(scenario.eve, ticket) == [f"You don't watch {ticket.id} any more."]
    await scenario.set_watching(ticket, scenario.eve, scenario.eve)
    assert scenario.card_texts(scenario.eve, ticket) == [
        f"You don't watch {ticket.id} any more.",
        after,
    ]


async def test_person_added_by_the_assignee_sees_the_ticket(scenario: WatcherScenario) -> None:
    ticket = await scenario.ticket()
    ned = await scenario.member(scenario.ned)
    search = scenario.services.search.visible_tickets
    query: dict[str, Any] = {"before_id": "", "limit": 100, "filters": {}, "terms": ""}
    assert ticket.id not in {found.id for found in await search(ned, **query)}

    shared = await scenario.set_watching(ticket, scenario.bob, scenario.ned)
    both = await scenario.set_watching(ticket, scenario.eve, scenario.eve)

    assert (shared.watchers, both.watchers) == (
        (scenario.ned.id,),
        (scenario.ned.id, scenario.eve.id),
    )
    assert ticket.id in {found.id for found in await search(ned, **query)}
    assert (
        len(scenario.card_texts(scenario.ned, ticket))
        == len(scenario.card_texts(scenario.eve, ticket))
        == 1
    )
    after_leaving = await scenario.set_watching(ticket, scenario.ned, scenario.ned, on=False)
    assert after_leaving.watchers == (scenario.eve.id,)
    assert ticket.id not in {found.id for found in await search(ned, **query)}


async def test_sharing_or_watching_without_permission_is_refused(scenario: WatcherScenario) -> None:
    ticket = await scenario.ticket()

    with pytest.raises(NotAllowed):
        await scenario.set_watching(ticket, scenario.eve, scenario.ned)
    with pytest.raises(NotAllowed):
        await scenario.set_watching(ticket, scenario.ada, scenario.ned)
    with pytest.raises(NoSuchTicket):
        await scenario.set_watching(ticket, scenario.ned, scenario.ned)
    bob = await scenario.member(scenario.bob)
    with pytest.raises(InvalidInput):
        await scenario.services.watcher_admin.set_watching(
            ticket.id, actor=bob, watcher_id="UNOBODY", watching=True
        )

    assert (await scenario.services.tickets.get_ticket(ticket.id))[0].watchers == ()


@pytest.mark.fault("F86")
async def test_watching_shows_no_confidential_ticket(scenario: WatcherScenario) -> None:
    ticket = await scenario.ticket(title="Harassment by X", confidential=True)
    with pytest.raises(NoSuchTicket):
        await scenario.set_watching(ticket, scenario.eve, scenario.eve)
    with pytest.raises(InvalidInput):
        await scenario.set_watching(ticket, scenario.bob, scenario.eve)

    await scenario.services.members.update_member(TEAM, scenario.eve.id, trusted=True)
    await scenario.set_watching(ticket, scenario.eve, scenario.eve)
    await scenario.services.members.update_member(TEAM, scenario.eve.id, trusted=False)

    assert len(scenario.card_texts(scenario.eve, ticket)) == 1
    assert "Harassment" not in str([message.blocks for message in scenario.eve.messages])
    eve = await scenario.member(scenario.eve)
    query: dict[str, Any] = {"before_id": "", "limit": 100, "filters": {}, "terms": "harassment"}
    assert await scenario.services.search.visible_tickets(eve, **query) == []


async def test_deactivated_watcher_delays_no_other_watcher(scenario: WatcherScenario) -> None:
    ticket = await scenario.ticket()
    zoe = scenario.slack.add_person("zoe", real_name="zoe", email="zoe@acme.example")
    await scenario.member(zoe)
    bob = await scenario.member(scenario.bob)
    for watcher in (zoe, scenario.ned):
        await scenario.services.watcher_admin.set_watching(
            ticket.id, actor=bob, watcher_id=watcher.id, watching=True
        )
    scenario.slack.deactivate(zoe)

    after = await scenario.run_card_steps(ticket)

    assert after.watchers == (scenario.ned.id,)
    assert len(scenario.card_texts(scenario.ned, ticket)) == 1


async def test_watcher_limit_is_enforced(scenario: WatcherScenario) -> None:
    ticket = await scenario.ticket()
    watcher_ids = tuple(f"U{n}" for n in range(MAX_WATCHERS))
    await scenario.services.ticket_service.update_ticket(
        ticket.id, lambda t, _: t.model_copy(update={"watchers": watcher_ids})
    )

    with pytest.raises(NotAllowed, match="watch"):
        await scenario.services.watcher_admin.set_watching(
            ticket.id,
            actor=await scenario.member(scenario.eve),
            watcher_id=scenario.eve.id,
            watching=True,
        )


async def test_card_with_unknown_outcome_is_not_sent_twice(scenario: WatcherScenario) -> None:
    ticket = await scenario.ticket()
    scenario.slack.faults.add("chat.postMessage", Fault(resets_connection=True), times=1)
    await scenario.services.watcher_admin.set_watching(
        ticket.id,
        actor=await scenario.member(scenario.eve),
        watcher_id=scenario.eve.id,
        watching=True,
    )
    await attempt_step(scenario.services, Step.DM_WATCHERS, dm_watchers, ticket.id)
    unknown, _ = await scenario.services.tickets.get_ticket(ticket.id)
    assert unknown.find_step(Step.DM_WATCHERS)
    assert unknown.cards == ()

    await scenario.services.database.tickets.update_one(
        {"_id": ticket.id},
        {"$set": {"pending.$[one].due": utc_now()}, "$inc": {"rev": 1}},
        array_filters=[{"one.step": Step.DM_WATCHERS.value}],
    )
    retried = await scenario.run_card_steps(ticket)

    assert [card.to for card in retried.cards] == [scenario.eve.id]
    assert len(scenario.card_texts(scenario.eve, ticket)) == 1
