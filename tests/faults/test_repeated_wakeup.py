"""A bell may ring again and again: a step that somebody is doing is done by nobody else."""

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
_LOOK_AGAIN_SECONDS = 0.02


@pytest.mark.fault("F25")
async def test_a_step_that_is_rung_for_while_it_is_done_is_done_once(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    # The first try stands at Slack until all the rings have been heard.
    heard = asyncio.Event()
    world.slack.faults.add("chat.postMessage", Fault(release_event=heard), request_filter=is_offer)
    try:
        await submit_ticket(proxied_world)
        await world.slack.wait_until(lambda: posts_of_notice(world, OFFER))
        await rings_again(world, Step.DM_ASSIGNEE, times=5)
        # One that is heeded ends at Slack, beside the first; one in vain is over at once.
        heeded = world.slack.wait_until(lambda: posts_of_notice(world, OFFER)[1:])
        await first_of(asyncio.create_task(heeded), asyncio.create_task(rings_are_over(world)))
    finally:
        heard.set()
    await proxied_world.wait_until_no_pending_steps()

    assert len(posts_of_notice(world, OFFER)) == 1
    # Nor has anybody looked whether it was sent, who would have been the second to be at it.
    assert world.slack.traffic_log.api_calls("conversations.history") == []
    await check_invariants(world)


async def rings_again(world: World, step: Step, *, times: int) -> None:
    """Ring for a step as if it had been due at so many moments."""
    [document] = await world.find_documents("tickets")
    ticket = Ticket.model_validate({**document, "id": document["_id"]})
    entry = next(entry for entry in ticket.pending if entry.step is step)
    now = ticket.opened_at
    rings = [
        entry.model_copy(update={"due": now - timedelta(seconds=number)}) for number in range(times)
    ]
    queue = StepQueue.from_url(SecretStr(world.environment["REDIS_URL"]))
    await queue.enqueue(ticket.id, rings, now=now)
    await queue.close()


async def rings_are_over(world: World) -> None:
    """Wait until no worker is at any of them, nor will be, but for the job that does the step."""
    async with ArqRedis.from_url(world.environment["REDIS_URL"]) as redis:
        for job_id in await redis.zrange(default_queue_name, 0, -1):
            if Step.TRIAGE.encode() not in job_id:
                with suppress(ResultNotFound):
                    await Job(job_id.decode(), redis).result(poll_delay=_LOOK_AGAIN_SECONDS)


async def first_of(*tasks: asyncio.Task[object]) -> None:
    """Wait for one of them."""
    _, late = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
