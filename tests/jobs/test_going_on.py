"""Who is at a ticket does what follows, too, and hands back what they are made to leave."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from uuid import uuid4

import pytest
from arq.constants import default_queue_name
from redis.asyncio import Redis

from jobs.retrying import Tools, Work, do_steps, nothing
from models.desk import Change, Desk
from models.step import Pending, Step
from models.ticket import Draft, Ticket
from sandbox.servers import Servers
from tests.desks import desk_on

TRIAGE, ASSIGN, REFRESH, EMAIL = (
    Step.TRIAGE,
    Step.ASSIGN,
    Step.REFRESH_CARDS,
    Step.EMAIL_ASSIGNEE,
)


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    """A desk of its own on the real servers."""
    async with desk_on(servers) as desk:
        yield desk


async def opened(desk: Desk) -> Ticket:
    """A ticket of which the triage alone is still to be done."""
    draft = Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="VPN")
    ticket = await desk.open_ticket(draft)
    pending = tuple(entry for entry in ticket.pending if entry.step is TRIAGE)
    return await desk.amend(ticket.id, lambda t, _: t.model_copy(update={"pending": pending}))


class Worker:
    """Does steps of tickets, each by noting it and asking for those that follow.

    Attributes:
        did: the steps, in their order.
    """

    def __init__(self, desk: Desk, follows: Mapping[Step, tuple[Step, ...]]) -> None:
        self.desk = desk
        self.did: list[Step] = []
        self.ending = False
        self.works = {step: self._work(then) for step, then in follows.items()}

    def _work(self, then: tuple[Step, ...]) -> Work:
        async def work(_tools: Tools, _ticket: Ticket, leased: Pending) -> Change:
            self.did.append(leased.step)
            return asking(*then)

        return work

    async def does(self, ticket: Ticket) -> None:
        tools = Tools(self.desk, None)
        await do_steps(tools, self.works, ticket.id, ending=lambda: self.ending)


def asking(*steps: Step) -> Change:
    def asked(ticket: Ticket, now: datetime) -> Ticket:
        for step in steps:
            ticket = ticket.asking(step, due=now)
        return ticket

    return asked


async def rung(desk: Desk, ticket: Ticket) -> list[str]:
    """The steps of a ticket that Redis holds a ring for."""
    async with Redis.from_url(desk.settings.redis_url.get_secret_value()) as redis:
        jobs = [job.decode() for job in await redis.zrange(default_queue_name, 0, -1)]
    return [job.split(":")[1] for job in jobs if job.startswith(f"{ticket.id}:")]


async def left(desk: Desk, ticket: Ticket) -> dict[Step, Pending]:
    return {entry.step: entry for entry in (await desk.store.ticket(ticket.id))[0].pending}


async def test_what_follows_is_done_in_the_same_job_and_not_rung_for(desk: Desk) -> None:
    worker = Worker(desk, {TRIAGE: (ASSIGN, REFRESH), ASSIGN: (EMAIL,), REFRESH: (), EMAIL: ()})
    ticket = await opened(desk)

    await worker.does(ticket)

    assert worker.did[0] is TRIAGE
    assert sorted(worker.did) == sorted([TRIAGE, ASSIGN, REFRESH, EMAIL])
    assert await left(desk, ticket) == {}
    assert await rung(desk, ticket) == [TRIAGE]  # when it was opened


async def test_who_is_told_to_end_begins_nothing_more_and_rings_for_it(desk: Desk) -> None:
    worker = Worker(desk, {TRIAGE: (ASSIGN, REFRESH), ASSIGN: (), REFRESH: ()})
    worker.ending = True
    ticket = await opened(desk)

    await worker.does(ticket)

    assert worker.did == [TRIAGE]
    pending = await left(desk, ticket)
    assert set(pending) == {ASSIGN, REFRESH}
    assert not any(entry.held for entry in pending.values())
    # One ring is for all that is due.
    assert len(await rung(desk, ticket)) == 2


async def test_who_is_made_to_leave_hands_the_step_back(desk: Desk) -> None:
    at_it = asyncio.Event()

    async def endless(_tools: Tools, _ticket: Ticket, _leased: Pending) -> Change:
        at_it.set()
        await asyncio.Event().wait()
        return nothing

    ticket = await opened(desk)
    before = (await left(desk, ticket))[TRIAGE]
    tools = Tools(desk, None)
    job = asyncio.create_task(do_steps(tools, {TRIAGE: endless}, ticket.id, ending=lambda: False))
    await at_it.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job

    handed_back = (await left(desk, ticket))[TRIAGE]
    _, now = await desk.store.ticket(ticket.id)
    assert handed_back.due
    assert handed_back.due <= now
    assert not handed_back.held
    assert (handed_back.attempts, handed_back.error) == (before.attempts, "")
    another = Worker(desk, {TRIAGE: ()})
    await another.does(ticket)
    assert another.did == [TRIAGE]


async def test_steps_that_end_at_the_same_time_are_all_noted(desk: Desk) -> None:
    together = asyncio.Barrier(2)

    async def work(_tools: Tools, _ticket: Ticket, _leased: Pending) -> Change:
        await together.wait()
        return lambda ticket, _: ticket.model_copy(update={"title": f"{ticket.title}!"})

    ticket = await desk.amend((await opened(desk)).id, asking(ASSIGN))
    works = {TRIAGE: work, ASSIGN: work}
    await do_steps(Tools(desk, None), works, ticket.id, ending=lambda: True)

    after, _ = await desk.store.ticket(ticket.id)
    assert after.pending == ()
    assert after.title == "VPN!!"


async def test_what_others_write_meanwhile_is_read_and_kept(desk: Desk) -> None:
    async def overtaken(_tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
        await desk.amend(ticket.id, lambda t, _: t.model_copy(update={"watchers": ("UEVE",)}))
        return lambda t, _: t.model_copy(update={"title": "Done"})

    ticket = await opened(desk)
    await do_steps(Tools(desk, None), {TRIAGE: overtaken}, ticket.id, ending=lambda: True)

    after, _ = await desk.store.ticket(ticket.id)
    assert (after.title, after.watchers, after.pending) == ("Done", ("UEVE",), ())
