"""A worker also runs the steps that follow, and releases its step when it is cancelled."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from uuid import uuid4

import pytest
from arq.constants import default_queue_name
from redis.asyncio import Redis

from jobs.runner.step_function import StepFunction, no_change
from models.services import Services
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Draft, Ticket, TicketUpdate
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_as_worker, run_services, worker_services

TRIAGE, ASSIGN, REFRESH, EMAIL = (
    Step.TRIAGE,
    Step.ASSIGN,
    Step.REFRESH_CARDS,
    Step.EMAIL_ASSIGNEE,
)


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_services(servers) as services:
        yield services


async def open_ticket(services: Services) -> Ticket:
    """A ticket with the triage as its only pending step."""
    draft = Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title="VPN")
    ticket = await services.ticket_service.open_ticket(draft)
    pending = tuple(step for step in ticket.pending if step.step is TRIAGE)
    return await services.ticket_service.update_ticket(
        ticket.id, lambda t, _: t.model_copy(update={"pending": pending})
    )


class Worker:
    """Runs steps of tickets: each is recorded, and requests the steps that follow.

    Attributes:
        completed: the completed steps, in their order.
    """

    def __init__(self, services: Services, next_steps: Mapping[Step, tuple[Step, ...]]) -> None:
        self.services = services
        self.completed: list[Step] = []
        self.is_stopping = False
        self.step_functions = {
            step: self._step_function(following) for step, following in next_steps.items()
        }

    def _step_function(self, following: tuple[Step, ...]) -> StepFunction:
        async def work(_ticket: Ticket, leased: PendingStep) -> TicketUpdate:
            self.completed.append(leased.step)
            return request_steps(*following)

        return work

    async def run_steps(self, ticket: Ticket) -> None:
        worker = worker_services(self.services)
        await run_as_worker(
            worker, self.step_functions, ticket.id, is_stopping=lambda: self.is_stopping
        )


def request_steps(*steps: Step) -> TicketUpdate:
    def request(ticket: Ticket, now: datetime) -> Ticket:
        for step in steps:
            ticket = ticket.with_step(step, due=now)
        return ticket

    return request


async def queued_steps(services: Services, ticket: Ticket) -> list[str]:
    """The steps of a ticket with a wake-up in Redis."""
    async with Redis.from_url(services.settings.redis_url.get_secret_value()) as redis:
        jobs = [job.decode() for job in await redis.zrange(default_queue_name, 0, -1)]
    return [job.split(":")[1] for job in jobs if job.startswith(f"{ticket.id}:")]


async def pending_steps(services: Services, ticket: Ticket) -> dict[Step, PendingStep]:
    current, _ = await services.tickets.get_ticket(ticket.id)
    return {pending.step: pending for pending in current.pending}


async def test_next_steps_run_in_the_same_job_without_wakeup(services: Services) -> None:
    worker = Worker(services, {TRIAGE: (ASSIGN, REFRESH), ASSIGN: (EMAIL,), REFRESH: (), EMAIL: ()})
    ticket = await open_ticket(services)

    await worker.run_steps(ticket)

    assert worker.completed[0] is TRIAGE
    assert sorted(worker.completed) == sorted([TRIAGE, ASSIGN, REFRESH, EMAIL])
    assert await pending_steps(services, ticket) == {}
    assert await queued_steps(services, ticket) == [TRIAGE]  # from the opening


async def test_stopping_worker_leaves_next_steps_to_a_wakeup(services: Services) -> None:
    worker = Worker(services, {TRIAGE: (ASSIGN, REFRESH), ASSIGN: (), REFRESH: ()})
    worker.is_stopping = True
    ticket = await open_ticket(services)

    await worker.run_steps(ticket)

    assert worker.completed == [TRIAGE]
    pending = await pending_steps(services, ticket)
    assert set(pending) == {ASSIGN, REFRESH}
    assert not any(step.is_leased for step in pending.values())
    # One wake-up from the opening, one for both due steps.
    assert len(await queued_steps(services, ticket)) == 2


async def test_cancelled_worker_releases_its_step(services: Services) -> None:
    started = asyncio.Event()

    async def wait_forever(_ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        started.set()
        await asyncio.Event().wait()
        return no_change

    ticket = await open_ticket(services)
    before = (await pending_steps(services, ticket))[TRIAGE]
    worker = worker_services(services)
    job = asyncio.create_task(
        run_as_worker(worker, {TRIAGE: wait_forever}, ticket.id, is_stopping=lambda: False)
    )
    await started.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job

    released = (await pending_steps(services, ticket))[TRIAGE]
    _, now = await services.tickets.get_ticket(ticket.id)
    assert released.due
    assert released.due <= now
    assert not released.is_leased
    assert (released.attempts, released.error) == (before.attempts, "")
    other_worker = Worker(services, {TRIAGE: ()})
    await other_worker.run_steps(ticket)
    assert other_worker.completed == [TRIAGE]


async def test_steps_that_end_together_are_all_stored(services: Services) -> None:
    barrier = asyncio.Barrier(2)

    async def work(_ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        await barrier.wait()
        return lambda ticket, _: ticket.model_copy(update={"title": f"{ticket.title}!"})

    ticket = await services.ticket_service.update_ticket(
        (await open_ticket(services)).id, request_steps(ASSIGN)
    )
    step_functions = {TRIAGE: work, ASSIGN: work}
    worker = worker_services(services)
    await run_as_worker(worker, step_functions, ticket.id, is_stopping=lambda: True)

    after, _ = await services.tickets.get_ticket(ticket.id)
    assert after.pending == ()
    assert after.title == "VPN!!"


async def test_change_during_a_step_is_kept(services: Services) -> None:
    async def change_ticket_meanwhile(ticket: Ticket, _leased: PendingStep) -> TicketUpdate:
        await services.ticket_service.update_ticket(
            ticket.id, lambda t, _: t.model_copy(update={"watchers": ("UEVE",)})
        )
        return lambda t, _: t.model_copy(update={"title": "Done"})

    ticket = await open_ticket(services)
    await run_as_worker(
        services,
        {TRIAGE: change_ticket_meanwhile},
        ticket.id,
        is_stopping=lambda: True,
    )

    after, _ = await services.tickets.get_ticket(ticket.id)
    assert (after.title, after.watchers, after.pending) == ("Done", ("UEVE",), ())
