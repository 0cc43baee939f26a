"""A bell may ring again and again: a step that somebody is doing is done by nobody else."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from models.queue import Queue
from models.step import Step
from models.ticket import Ticket
from sandbox.slack.faults import Fault
from sandbox.slack.shapes import Json, dug
from tests.faults.invariants import check_invariants
from tests.faults.walking import Stage, submits

OFFER = "T-1.offer.1"


def is_the_offer(request: Json) -> bool:
    """Whether this is the message with which the ticket is offered."""
    return bool(dug(request, "metadata", "event_payload", "notice") == OFFER)


@pytest.mark.fault("F25")
async def test_a_step_that_is_rung_for_while_it_is_done_is_done_once(stage: Stage) -> None:
    world = stage.world
    # Slack takes its time, so that all the rings are heard while the first try is at it.
    world.slack.faults.add("chat.postMessage", Fault(delay=1), when=is_the_offer)

    def offers() -> list[Json]:
        posts = world.slack.journal.calls("chat.postMessage")
        return [post.request for post in posts if is_the_offer(post.request)]

    await submits(stage)
    await world.slack.until(offers)
    await rings_again(stage, Step.DM_ASSIGNEE, times=5)
    await stage.settles()

    assert len(offers()) == 1
    await check_invariants(world)


async def rings_again(stage: Stage, step: Step, *, times: int) -> None:
    """Ring for a step as if it had been due at so many moments."""
    [document] = await stage.world.documents("tickets")
    ticket = Ticket.model_validate({**document, "id": document["_id"]})
    entry = next(entry for entry in ticket.pending if entry.step is step)
    now = ticket.opened_at
    rings = [
        entry.model_copy(update={"due": now - timedelta(seconds=number)}) for number in range(times)
    ]
    queue = Queue.at(SecretStr(stage.world.environment["REDIS_URL"]))
    await queue.ring(ticket.id, rings, now=now)
    await queue.close()
