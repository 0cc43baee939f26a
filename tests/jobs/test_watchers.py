"""Who watches a ticket is told once, by a card that follows it for as long as they watch."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from jobs.notify import dm_watchers
from jobs.refresh_cards import refresh_cards
from jobs.retrying import Tools, Work
from models.clock import now
from models.desk import Desk
from models.errors import InvalidDraft, NoSuchTicket, NotAllowed
from models.flow import Move
from models.member import Member, Role
from models.step import Step
from models.ticket import Draft, Ticket
from models.watching import MOST, watch
from sandbox.servers import Servers
from sandbox.slack.faults import Fault
from sandbox.slack.manifest import load_manifest
from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace
from tests.desks import desk_on, do_step
from tests.models.desk_words import triage

TEAM = "T0FRONT01"
MANIFEST = Path(__file__).parents[2] / "manifest.yml"
WORK: dict[Step, Work] = {Step.DM_WATCHERS: dm_watchers, Step.REFRESH_CARDS: refresh_cards}


class Hall:
    """A desk, and the workspace it serves."""

    def __init__(self, slack: Workspace, desk: Desk) -> None:
        self.slack, self.desk = slack, desk
        self.ada, self.bob, self.eve, self.ned = (
            slack.add_person(name, real_name=name, email=f"{name}@acme.example")
            for name in ("ada", "bob", "eve", "ned")
        )
        self.opened = 0

    async def member(self, person: Person) -> Member:
        return await self.desk.store.member(TEAM, person.id)

    async def ticket(self, **fields: Any) -> Ticket:
        """One of Ada's, offered to Bob."""
        self.opened += 1
        said = {"title": "VPN is down", "requester": self.ada.id, "key": f"view:{self.opened}"}
        ticket = await self.desk.open_ticket(Draft(team_id=TEAM, **said | fields))
        await self.desk.move(ticket.id, Move.TRIAGE, by=None, triage=triage("vpn"))
        return await self.desk.move(ticket.id, Move.OFFER, by=None, assignee=self.bob.id)

    async def watches(self, ticket: Ticket, by: Person, who: Person, *, on: bool = True) -> Ticket:
        """What comes of it, once the worker has done its part."""
        member = await self.member(by)
        await watch(self.desk, ticket.id, by=member, who=who.id, watches=on)
        return await self.works(ticket)

    async def works(self, ticket: Ticket) -> Ticket:
        """The ticket, once watchers are told and cards drawn anew."""
        while True:
            ticket, _ = await self.desk.store.ticket(ticket.id)
            left = [one.step for one in ticket.pending if one.step in WORK]
            if not left:
                return ticket
            await do_step(Tools(self.desk, None), left[0], WORK[left[0]], ticket.id)

    def told(self, person: Person, ticket: Ticket) -> list[str]:
        """What stands of a ticket in the person's messages with the app."""
        return [one.text for one in person.messages if ticket.id in one.text]


@pytest.fixture(scope="module")
async def hall(servers: Servers) -> AsyncIterator[Hall]:
    """Bob and Eve moderate; Ada and Ned do not."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
        async with desk_on(servers, **settings) as desk:
            hall = Hall(slack, desk)
            for person in (hall.bob, hall.eve):
                await desk.store.set_role(TEAM, person.id, role=Role.MODERATOR)
            yield hall


async def test_one_card_follows_the_ticket_for_who_watches(hall: Hall) -> None:
    ticket = await hall.ticket()
    await hall.watches(ticket, hall.eve, hall.eve)
    again = await hall.watches(ticket, hall.eve, hall.eve)
    assert again.watchers == (hall.eve.id,)
    [before] = hall.told(hall.eve, ticket)
    assert "Offered to" in before

    await hall.desk.move(ticket.id, Move.CLAIM, by=await hall.member(hall.bob))
    await hall.works(ticket)
    [after] = hall.told(hall.eve, ticket)
    assert after != before

    await hall.watches(ticket, hall.eve, hall.eve, on=False)
    assert hall.told(hall.eve, ticket) == [f"You don't watch {ticket.id} any more."]
    await hall.watches(ticket, hall.eve, hall.eve)
    assert hall.told(hall.eve, ticket) == [after]


async def test_whom_the_assignee_shares_it_with_sees_it(hall: Hall) -> None:
    ticket = await hall.ticket()
    ned = await hall.member(hall.ned)
    found = hall.desk.search.tickets_for
    look: dict[str, Any] = {"before": "", "limit": 100, "wanted": {}, "terms": ""}
    assert ticket.id not in {one.id for one in await found(ned, **look)}

    shared = await hall.watches(ticket, hall.bob, hall.ned)
    both = await hall.watches(ticket, hall.eve, hall.eve)

    assert (shared.watchers, both.watchers) == ((hall.ned.id,), (hall.ned.id, hall.eve.id))
    assert ticket.id in {one.id for one in await found(ned, **look)}
    assert len(hall.told(hall.ned, ticket)) == len(hall.told(hall.eve, ticket)) == 1
    gone = await hall.watches(ticket, hall.ned, hall.ned, on=False)
    assert gone.watchers == (hall.eve.id,)
    assert ticket.id not in {one.id for one in await found(ned, **look)}


async def test_who_may_not_share_or_watch_is_refused(hall: Hall) -> None:
    ticket = await hall.ticket()

    with pytest.raises(NotAllowed):
        await hall.watches(ticket, hall.eve, hall.ned)
    with pytest.raises(NotAllowed):
        await hall.watches(ticket, hall.ada, hall.ned)
    with pytest.raises(NoSuchTicket):
        await hall.watches(ticket, hall.ned, hall.ned)
    bob = await hall.member(hall.bob)
    with pytest.raises(InvalidDraft):
        await watch(hall.desk, ticket.id, by=bob, who="UNOBODY", watches=True)

    assert (await hall.desk.store.ticket(ticket.id))[0].watchers == ()


@pytest.mark.fault("F86")
async def test_nobody_sees_a_confidential_ticket_by_watching_it(hall: Hall) -> None:
    ticket = await hall.ticket(title="Harassment by X", confidential=True)
    with pytest.raises(NoSuchTicket):
        await hall.watches(ticket, hall.eve, hall.eve)
    with pytest.raises(InvalidDraft):
        await hall.watches(ticket, hall.bob, hall.eve)

    await hall.desk.store.note(TEAM, hall.eve.id, trusted=True)
    await hall.watches(ticket, hall.eve, hall.eve)
    await hall.desk.store.note(TEAM, hall.eve.id, trusted=False)

    assert len(hall.told(hall.eve, ticket)) == 1
    assert "Harassment" not in str([message.blocks for message in hall.eve.messages])
    eve = await hall.member(hall.eve)
    look: dict[str, Any] = {"before": "", "limit": 100, "wanted": {}, "terms": "harassment"}
    assert await hall.desk.search.tickets_for(eve, **look) == []


async def test_who_is_lost_to_slack_holds_up_no_other_watcher(hall: Hall) -> None:
    ticket = await hall.ticket()
    zoe = hall.slack.add_person("zoe", real_name="zoe", email="zoe@acme.example")
    await hall.member(zoe)
    for who in (zoe, hall.ned):
        bob = await hall.member(hall.bob)
        await watch(hall.desk, ticket.id, by=bob, who=who.id, watches=True)
    hall.slack.deactivate(zoe)

    worked = await hall.works(ticket)

    assert worked.watchers == (hall.ned.id,)
    assert len(hall.told(hall.ned, ticket)) == 1


async def test_no_more_watch_than_the_worker_can_tell(hall: Hall) -> None:
    ticket = await hall.ticket()
    crowd = tuple(f"U{n}" for n in range(MOST))
    await hall.desk.amend(ticket.id, lambda t, _: t.model_copy(update={"watchers": crowd}))

    with pytest.raises(NotAllowed, match="watch"):
        await watch(
            hall.desk, ticket.id, by=await hall.member(hall.eve), who=hall.eve.id, watches=True
        )


async def test_a_card_of_unknown_fate_is_not_sent_twice(hall: Hall) -> None:
    ticket = await hall.ticket()
    hall.slack.faults.add("chat.postMessage", Fault(accept_then_reset=True), times=1)
    await watch(hall.desk, ticket.id, by=await hall.member(hall.eve), who=hall.eve.id, watches=True)
    await do_step(Tools(hall.desk, None), Step.DM_WATCHERS, dm_watchers, ticket.id)
    unsure, _ = await hall.desk.store.ticket(ticket.id)
    assert unsure.step(Step.DM_WATCHERS)
    assert unsure.cards == ()

    await hall.desk.database.tickets.update_one(
        {"_id": ticket.id},
        {"$set": {"pending.$[one].due": now()}, "$inc": {"rev": 1}},
        array_filters=[{"one.step": Step.DM_WATCHERS.value}],
    )
    sure = await hall.works(ticket)

    assert [card.to for card in sure.cards] == [hall.eve.id]
    assert len(hall.told(hall.eve, ticket)) == 1
