"""Tickets that were triaged while Gemini was away are triaged again, if nobody has touched them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from jobs.gemini import Gemini, GeminiFailed, NoAnswer
from jobs.policies import POLICIES
from jobs.retrying import Tools
from jobs.triage_again import triage_again
from jobs.triage_ticket import triage_ticket
from models import arranging
from models.clock import now
from models.correction import Correction, correcting
from models.desk import Desk
from models.flow import Move
from models.gate import THRESHOLD
from models.member import Role
from models.step import Step
from models.ticket import Draft, Status, Ticket
from models.triage import Category, Engine, Priority, Triage
from sandbox.servers import Servers
from tests.desks import desk_on, do_step
from tests.models.desk_words import BOB, GRACE, triage

DUE = timedelta(minutes=1)


@dataclass
class Away:
    """What stands where Gemini is: it fails so, until it is back."""

    failure: Exception | None = field(default_factory=lambda: GeminiFailed("out of order (503)"))
    asked: int = 0
    model: str = "gemini-of-the-test"
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def answer(self, _question: Any, _read: Callable[[str], Triage]) -> Triage:
        self.asked += 1
        if self.meanwhile:
            await self.meanwhile()
        if self.failure:
            raise self.failure
        return triage("okta", category="Access", priority=Priority.LOW, engine=Engine.GEMINI)


@dataclass(frozen=True)
class Scene:
    """A desk, and a Gemini that is away."""

    desk: Desk
    gemini: Away

    @property
    def tools(self) -> Tools:
        return Tools(desk=self.desk, gemini=cast(Gemini, self.gemini))

    async def offered(self, **more: Any) -> Ticket:
        """A ticket that is triaged, and offered to Bob."""
        draft = Draft(
            key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="My VPN drops", **more
        )
        ticket = await self.desk.open_ticket(draft)
        await do_step(self.tools, Step.TRIAGE, triage_ticket, ticket.id)
        offer: dict[str, Any] = {"assignee": "UBOB", "offered_to": "UBOB", "offers": 1}
        return await self.desk.move(ticket.id, Move.OFFER, by=None, **offer)

    async def asks_again(self, ticket: Ticket) -> Ticket:
        """The ticket after one more try, as if its time had come."""
        away = {"pending.$[again].due": now() - DUE}
        await self.desk.database.tickets.update_one(
            {"_id": ticket.id},
            {"$set": away, "$inc": {"rev": 1}},
            array_filters=[{"again.step": "triage_again"}],
        )
        await do_step(self.tools, Step.TRIAGE_AGAIN, triage_again, ticket.id)
        return (await self.desk.store.ticket(ticket.id))[0]


@pytest.fixture
async def scene(servers: Servers) -> AsyncIterator[Scene]:
    """A desk of its own, since what Gemini did is remembered."""
    async with desk_on(servers) as desk:
        yield Scene(desk, Away())


async def test_when_gemini_is_back_it_says_once_what_the_ticket_is(scene: Scene) -> None:
    ticket = await scene.offered()
    assert ticket.triage
    assert (ticket.triage.engine, ticket.triage.stopgap) == (Engine.BUILTIN, True)
    assert (await scene.asks_again(ticket)).triage == ticket.triage
    scene.gemini.failure = None

    again = await scene.asks_again(ticket)

    assert again.triage
    assert (again.triage.engine, again.triage.category) == (Engine.GEMINI, "Access")
    assert (again.status, again.assignee, again.offers) == (Status.OFFERED, "UBOB", 1)
    assert again.history[-1].what == "triaged again"
    assert {e.step for e in again.pending} & {Step.DM_ASSIGNEE} == {
        e.step for e in ticket.pending
    } & {Step.DM_ASSIGNEE}
    assert again.step(Step.REFRESH_CARDS)
    assert again.step(Step.TRIAGE_AGAIN) is None
    asked = scene.gemini.asked
    assert (await scene.asks_again(again)).version == again.version
    assert scene.gemini.asked == asked


async def test_what_somebody_works_at_or_has_corrected_stays_as_it_is(scene: Scene) -> None:
    await scene.desk.store.set_role("T1", "UBOB", role=Role.MODERATOR)
    bob = BOB.model_copy(update={"team_id": "T1"})
    claimed, corrected = await scene.offered(), await scene.offered()
    await scene.desk.move(claimed.id, Move.CLAIM, by=bob)
    change = correcting(Correction(category="Software"), by=bob, seen=None)
    await scene.desk.amend(corrected.id, change)
    asked = scene.gemini.asked
    scene.gemini.failure = None

    after = [await scene.asks_again(ticket) for ticket in (claimed, corrected)]

    assert [one.triage and one.triage.category for one in after] == ["Network", "Software"]
    assert [one.step(Step.TRIAGE_AGAIN) for one in after] == [None, None]
    assert scene.gemini.asked == asked


async def test_what_gemini_will_never_answer_or_may_not_see_is_not_asked_again(
    scene: Scene,
) -> None:
    scene.gemini.failure = NoAnswer("Gemini gave no answer to this text")
    refused = await scene.offered()
    secret = await scene.offered(confidential=True)
    scene.gemini.failure = GeminiFailed("out of order (503)")
    private = await scene.offered()
    network = Category(name="Network", keywords=("vpn",), private=True)
    await arranging.save_category(scene.desk, GRACE, "Network", network)
    asked = scene.gemini.asked

    assert [one.step(Step.TRIAGE_AGAIN) for one in (refused, secret)] == [None, None]
    assert (await scene.asks_again(private)).step(Step.TRIAGE_AGAIN) is None
    assert scene.gemini.asked == asked


async def test_while_gemini_is_let_rest_the_step_waits_longer_each_time_and_ends_in_silence(
    scene: Scene,
) -> None:
    ticket = await scene.offered()
    for _ in range(THRESHOLD):
        ticket = await scene.asks_again(ticket)
    asked = scene.gemini.asked

    resting = await scene.asks_again(ticket)

    assert scene.gemini.asked == asked
    step = resting.step(Step.TRIAGE_AGAIN)
    assert step
    assert step.due
    assert step.due > now() + timedelta(minutes=5)
    last = {"pending.$[again].attempts": POLICIES[Step.TRIAGE_AGAIN].attempts - 1}
    await scene.desk.database.tickets.update_one(
        {"_id": ticket.id}, {"$set": last}, array_filters=[{"again.step": "triage_again"}]
    )
    over = await scene.asks_again(resting)
    assert (over.step(Step.TRIAGE_AGAIN), over.step(Step.TELL_ADMINS)) == (None, None)


@pytest.mark.fault("F56")
async def test_a_skill_that_is_removed_while_gemini_thinks_is_none_of_the_tickets(
    scene: Scene,
) -> None:
    ticket = await scene.offered()
    admin = await scene.desk.store.set_role("T1", "UGRACE", role=Role.ADMIN)
    scene.gemini.failure = None
    scene.gemini.meanwhile = lambda: arranging.remove_skill(scene.desk, admin, "okta")

    after = await scene.asks_again(ticket)

    assert after.triage
    assert (after.triage.engine, after.triage.skills) == (Engine.GEMINI, ())


async def test_what_is_corrected_while_gemini_thinks_stays_corrected(scene: Scene) -> None:
    ticket = await scene.offered()
    bob = await scene.desk.store.set_role("T1", "UBOB", role=Role.MODERATOR)
    change = correcting(Correction(category="Software"), by=bob, seen=None)
    scene.gemini.failure = None
    scene.gemini.meanwhile = lambda: scene.desk.amend(ticket.id, change)

    after = await scene.asks_again(ticket)

    assert after.triage
    assert after.triage.category == "Software"
    assert after.history[-1].what == "corrected"
