"""Repeated wake-ups: a step that is running is not run by another worker."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from arq.connections import ArqRedis
from arq.constants import default_queue_name
from arq.jobs import Job, ResultNotFound
from pydantic import SecretStr

from models.job_queue.step_queue import StepQueue
from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket
from sandbox.slack.state.faults import Fault
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.faults.probes import is_offer, posts_of_notice
from tests.faults.ticket_lifecycle import ProxiedWorld, submit_ticket

OFFER = "T-1.offer.1"
_POLL_SECONDS = 0.02


@pytest.mark.fault("F25")
async def test_step_woken_again_while_it_runs_is_run_once(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    # Slack holds the first attempt back until all wake-ups are handled.
    release = asyncio.Event()
    world.slack.faults.add(
        "chat.postMessage", Fault(release_event=release), request_filter=is_offer
    )
    try:
        await submit_ticket(proxied_world)
        await world.slack.wait_until(lambda: posts_of_notice(world, OFFER))
        await enqueue_repeatedly(world, Step.DM_ASSIGNEE, times=5)
        # A wake-up that runs the step posts a second message. A useless one ends at once.
        second_post = world.slack.wait_until(lambda: posts_of_notice(world, OFFER)[1:])
        await wait_for_first(
            asyncio.create_task(second_post), asyncio.create_task(wait_for_wakeup_jobs(world))
        )
    finally:
        release.set()
    await proxied_world.wait_until_no_pending_steps()

    assert len(posts_of_notice(world, OFFER)) == 1
    # A second run would also have searched for the message.
    assert world.slack.traffic_log.api_calls("conversations.history") == []
    await check_invariants(world)


async def enqueue_repeatedly(world: World, step: Step, *, times: int) -> None:
    """Enqueue wake-ups for a step as if it had been due at different times."""
    [document] = await world.find_documents("tickets")
    ticket = Ticket.model_validate({**document, "id": document["_id"]})
    pending_step = next(pending for pending in ticket.pending if pending.step is step)
    now = ticket.opened_at
    due_steps = [
        pending_step.model_copy(update={"due": now - timedelta(seconds=number)})
        for number in range(times)
    ]
    queue = StepQueue.from_url(SecretStr(world.environment["REDIS_URL"]))
    await queue.enqueue(ticket.id, due_steps, now=now)
    await queue.close()


async def wait_for_wakeup_jobs(world: World) -> None:
    """Wait until no job of the ticket runs or waits, except the job that runs the step."""
    async with ArqRedis.from_url(world.environment["REDIS_URL"]) as redis:
        for job_id in await redis.zrange(default_queue_name, 0, -1):
            if Step.TRIAGE.encode() not in job_id:
                with suppress(ResultNotFound):
                    await Job(job_id.decode(), redis).result(poll_delay=_POLL_SECONDS)


async def wait_for_first(*tasks: asyncio.Task[object]) -> None:
    """Wait for the first of these tasks, and cancel the others."""
    _, unfinished = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in unfinished:
        task.cancel()
    await asyncio.gather(*unfinished, return_exceptions=True)
