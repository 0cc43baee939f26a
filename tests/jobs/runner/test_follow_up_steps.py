"""Who is at a ticket does what follows, too, and hands back what they are made to leave."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from uuid import uuid4

import pytest
from arq.constants import default_queue_name
from redis.asyncio import Redis

from jobs.runner.step_context import StepContext, StepFunction, no_change
from jobs.runner.step_runner import run_due_steps
from models.ticket_service import TicketService
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Draft, Ticket, TicketUpdate
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_service

TRIAGE, ASSIGN, REFRESH, EMAIL = (
    Step.TRIAGE,
    Step.ASSIGN,
    Step.REFRESH_CARDS,
    Step.EMAIL_ASSIGNEE,
)


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A desk of its own on the real servers."""
    async with run_service(servers) as service:
        yield service


async def opened(service: TicketService) -> Ticket:
    """A ticket of which the triage alone is still to be done."""
    draft = Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="VPN")
    ticket = await service.open_ticket(draft)
    pending = tuple(entry for entry in ticket.pending if entry.step is TRIAGE)
    return await service.update_ticket(
        ticket.id, lambda t, _: t.model_copy(update={"pending": pending})
    )


class Worker:
    """Does steps of tickets, each by noting it and asking for those that follow.

    Attributes:
        did: the steps, in their order.
    """

    def __init__(self, service: TicketService, follows: Mapping[Step, tuple[Step, ...]]) -> None:
        self.service = service
        self.did: list[Step] = []
        self.ending = False
        self.works = {step: self._work(then) for step, then in follows.items()}

    def _work(self, then: tuple[Step, ...]) -> StepFunction:
        async def work(_tools: StepContext, _ticket: Ticket, leased: PendingStep) -> TicketUpdate:
            self.did.append(leased.step)
            return asking(*then)

        return work

    async def does(self, ticket: Ticket) -> None:
        tools = StepContext(self.service, None)
        await run_due_steps(tools, self.works, ticket.id, is_stopping=lambda: self.ending)


def asking(*steps: Step) -> TicketUpdate:
    def asked(ticket: Ticket, now: datetime) -> Ticket:
        for step in steps:
            ticket = ticket.with_step(step, due=now)
        return ticket

    return asked


async def rung(service: TicketService, ticket: Ticket) -> list[str]:
    """The steps of a ticket that Redis holds a ring for."""
    async with Redis.from_url(service.settings.redis_url.get_secret_value()) as redis:
        jobs = [job.decode() for job in await redis.zrange(default_queue_name, 0, -1)]
    return [job.split(":")[1] for job in jobs if job.startswith(f"{ticket.id}:")]


async def left(service: TicketService, ticket: Ticket) -> dict[Step, PendingStep]:
    return {entry.step: entry for entry in (await service.tickets.get_ticket(ticket.id))[0].pending}


async def test_what_follows_is_done_in_the_same_job_and_not_rung_for(
    service: TicketService,
) -> None:
    worker = Worker(service, {TRIAGE: (ASSIGN, REFRESH), ASSIGN: (EMAIL,), REFRESH: (), EMAIL: ()})
    ticket = await opened(service)

    await worker.does(ticket)

    assert worker.did[0] is TRIAGE
    assert sorted(worker.did) == sorted([TRIAGE, ASSIGN, REFRESH, EMAIL])
    assert await left(service, ticket) == {}
    assert await rung(service, ticket) == [TRIAGE]  # when it was opened


async def test_who_is_told_to_end_begins_nothing_more_and_rings_for_it(
    service: TicketService,
) -> None:
    worker = Worker(service, {TRIAGE: (ASSIGN, REFRESH), ASSIGN: (), REFRESH: ()})
    worker.ending = True
    ticket = await opened(service)

    await worker.does(ticket)

    assert worker.did == [TRIAGE]
    pending = await left(service, ticket)
    assert set(pending) == {ASSIGN, REFRESH}
    assert not any(entry.is_leased for entry in pending.values())
    # One ring is for all that is due.
    assert len(await rung(service, ticket)) == 2


async def test_who_is_made_to_leave_hands_the_step_back(service: TicketService) -> None:
    at_it = asyncio.Event()

    async def endless(_tools: StepContext, _ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        at_it.set()
        await asyncio.Event().wait()
        return no_change

    ticket = await opened(service)
    before = (await left(service, ticket))[TRIAGE]
    tools = StepContext(service, None)
    job = asyncio.create_task(
        run_due_steps(tools, {TRIAGE: endless}, ticket.id, is_stopping=lambda: False)
    )
    await at_it.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job

    handed_back = (await left(service, ticket))[TRIAGE]
    _, now = await service.tickets.get_ticket(ticket.id)
    assert handed_back.due
    assert handed_back.due <= now
    assert not handed_back.is_leased
    assert (handed_back.attempts, handed_back.error) == (before.attempts, "")
    another = Worker(service, {TRIAGE: ()})
    await another.does(ticket)
    assert another.did == [TRIAGE]


async def test_steps_that_end_at_the_same_time_are_all_noted(service: TicketService) -> None:
    together = asyncio.Barrier(2)

    async def work(_tools: StepContext, _ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        await together.wait()
        return lambda ticket, _: ticket.model_copy(update={"title": f"{ticket.title}!"})

    ticket = await service.update_ticket((await opened(service)).id, asking(ASSIGN))
    works = {TRIAGE: work, ASSIGN: work}
    await run_due_steps(StepContext(service, None), works, ticket.id, is_stopping=lambda: True)

    after, _ = await service.tickets.get_ticket(ticket.id)
    assert after.pending == ()
    assert after.title == "VPN!!"


async def test_what_others_write_meanwhile_is_read_and_kept(service: TicketService) -> None:
    async def overtaken(_tools: StepContext, ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        await service.update_ticket(
            ticket.id, lambda t, _: t.model_copy(update={"watchers": ("UEVE",)})
        )
        return lambda t, _: t.model_copy(update={"title": "Done"})

    ticket = await opened(service)
    await run_due_steps(
        StepContext(service, None), {TRIAGE: overtaken}, ticket.id, is_stopping=lambda: True
    )

    after, _ = await service.tickets.get_ticket(ticket.id)
    assert (after.title, after.watchers, after.pending) == ("Done", ("UEVE",), ())
