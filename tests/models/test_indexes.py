"""What is asked of MongoDB again and again must not cost more with every document there is."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from jobs.learn_from_ticket import learn_from_ticket
from jobs.retrying import Tools
from models.account import Scope
from models.clock import now
from models.desk import Desk
from models.feed import Place
from models.flow import Move
from models.member import Member, Profile, Role
from models.similar import ALIKE
from models.step import Step
from models.ticket import Draft, Ticket
from sandbox.servers import Servers
from tests.desks import desk_on, do_step
from tests.models.desk_words import triage
from tests.models.overhearing import Overheard

DRAFT = Draft(key="view:V1", team_id="T1", requester="UADA", title="VPN is down")
GRACE = Member(team_id="T1", slack_id="UGRACE", role=Role.ADMIN, trusted=True)
# What names the _id is found by it on every server, though not every one's `explain` says so.
# Of webhooks a workspace may have ten.
FEW = {"webhooks", "deliveries"}
ASKED = {
    ("tickets", "due"),
    ("tickets", "dead"),
    ("tickets", "set_aside.at"),
    ("tickets", "key"),
    ("tickets", "team_id status"),
    ("tickets", "team_id number"),
    ("tickets", "team_id people number"),
    ("tickets", "team_id status number"),
    ("tickets", "team_id words number"),
    ("tickets", "team_id history"),
    ("lessons", "team_id at"),
    ("members", "team_id role"),
    ("members", "team_id email"),
    ("tokens", "team_id slack_id revoked_at"),
    ("configurations", "welcome"),
    ("audit", "team_id"),
    ("audit", "team_id at"),
}


@pytest.fixture(scope="module")
def overheard() -> Overheard:
    return Overheard("indexes")


@pytest.fixture
async def desk(servers: Servers, overheard: Overheard) -> AsyncIterator[Desk]:
    """A desk of its own on the real servers."""
    async with desk_on(servers, mongodb_database=overheard.database) as desk:
        overheard.searches.clear()
        yield desk


async def test_every_search_uses_an_index(
    servers: Servers, desk: Desk, overheard: Overheard
) -> None:
    ticket = await _resolved(desk)
    await _looks_for_work(desk)
    await _looks_for_tickets(desk, ticket)
    await _looks_for_people(desk)

    searches = {
        (one.collection, one.fields): one
        for one in overheard.searches
        if not one.names("_id") and one.collection not in FEW
    }
    assert set(searches) == ASKED
    for search in searches.values():
        plan = str((await search.plan(servers.mongodb_uri, overheard.database))["queryPlanner"])
        assert "IXSCAN" in plan, search
        assert "COLLSCAN" not in plan, search


async def _resolved(desk: Desk) -> Ticket:
    """A ticket that something is learnt from."""
    bob = await desk.store.set_role("T1", "UBOB", role=Role.MODERATOR)
    ticket = await desk.open_ticket(DRAFT)
    assert (await desk.open_ticket(DRAFT)).id == ticket.id
    await desk.move(ticket.id, Move.TRIAGE, by=None, triage=triage("vpn"))
    await desk.move(ticket.id, Move.OFFER, by=None, assignee="UBOB", offered_to="UBOB", offers=1)
    await desk.move(ticket.id, Move.CLAIM, by=bob)
    ticket = await desk.move(ticket.id, Move.RESOLVE, by=bob, solution="Turned it on.")
    await do_step(Tools(desk, None), Step.LEARN, learn_from_ticket, ticket.id)
    return ticket


async def _looks_for_work(desk: Desk) -> None:
    await desk.store.due_tickets(limit=5)
    await desk.store.dead_tickets(limit=5)
    await desk.store.set_aside(limit=5)
    await desk.store.waiting("T1")
    await desk.workload.of("T1")


async def _looks_for_tickets(desk: Desk, ticket: Ticket) -> None:
    new = await desk.open_ticket(DRAFT.model_copy(update={"key": "view:V2"}))
    assert await desk.search.solved_like(new, at_least=ALIKE)
    another = await desk.open_ticket(DRAFT.model_copy(update={"key": "view:V3"}))
    assert await desk.search.open_like(another)
    ada = Member(team_id="T1", slack_id="UADA")
    for member, terms, status in (
        (GRACE, "", ""),
        (GRACE, "vpn", ""),
        (GRACE, "", "new"),
        (ada, "vpn", ""),
    ):
        wanted = {"status": status}
        assert await desk.search.tickets_for(member, before="", limit=5, terms=terms, wanted=wanted)
    for place in (None, Place(ticket.opened_at - timedelta(hours=1))):
        await desk.feed.after(place, GRACE, limit=5)
    assert await desk.lessons.latest("T1", limit=5)
    assert await desk.lessons.version("T1")
    assert await desk.lessons.since("T1", ticket.opened_at - timedelta(hours=1), limit=5)
    assert await desk.lessons.judged("T1", limit=5)


async def _looks_for_people(desk: Desk) -> None:
    assert await desk.store.moderators("T1")
    await desk.store.gone_with("T1", "ada@acme.example")
    token, _ = await desk.accounts.issue(
        GRACE, name="Mine", scopes=[Scope.READ], life=timedelta(days=1)
    )
    profile = Profile(name="Grace", email=None, tz="UTC", owner=True, active=True)
    fresh = await desk.store.member("T1", "UGRACE")
    await desk.store.set_profile(fresh, profile, at=now())
    assert await desk.accounts.caller(token)
    assert await desk.accounts.issued_to("T1", "UGRACE")
    await desk.accounts.revoke_all(GRACE)
    await desk.accounts.note(GRACE, "looked at", "T-1")
    await desk.accounts.note(GRACE, "looked at", "T-2")
    [last, *_] = await desk.accounts.acts("T1")
    await desk.accounts.acts("T1", before=last.id)
