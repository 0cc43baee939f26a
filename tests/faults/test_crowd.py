"""Five hundred tickets in a minute, at a Slack that counts calls."""

import asyncio
import statistics
import time

import pytest

from sandbox.servers import Servers
from sandbox.slack.journal import Entry
from sandbox.slack.person import Person
from sandbox.slack.shapes import Json, dug
from sandbox.world import World
from tests.faults.acts import is_an_offer, notice_in
from tests.faults.invariants import check_invariants
from tests.stories.acts import gives, opens_ticket

pytestmark = [pytest.mark.long, pytest.mark.beside, pytest.mark.timeout(900)]

TICKETS = 500
MINUTE = 60
# How much longer people may wait while one machine does all that.
TIMES_LONGER = 10


@pytest.mark.fault("F46")
async def test_slack_never_asks_us_to_wait_and_nobody_is_held_up(servers: Servers) -> None:
    """It opens a hundred forms a minute itself: these have been opened before."""
    # Of what the driver may repeat, the embedded MongoDB keeps account as slowly as of all else.
    uri = {"MONGODB_URI": f"{servers.mongodb_uri}/?retryWrites=false"}
    async with World(servers=servers, told_all=uri) as world:
        await _comes(world)
        await check_invariants(world)


async def _comes(world: World) -> None:
    slack, cast = world.slack, world.cast
    people = [
        slack.add_person(f"p{n}", real_name=f"P {n}", email=f"p{n}@acme.example") for n in range(50)
    ]
    # A message a second is all that each of them may get.
    for person in (cast.bob, cast.eve, cast.mo, *people[:5]):
        await gives(slack, cast.grace, person, role="Moderator", skills=["vpn"])
    slack.rate_limits = True
    quiet = await times_to_a_form(world.cast.ada, calls=20, pause=0)
    await opens_ticket(world.cast.ada, "VPN is down")
    *_, sent = slack.journal.deliveries("view_submission")
    form = slack.payload_of(sent)

    async with asyncio.TaskGroup() as tasks:
        for number in range(TICKETS):
            tasks.create_task(submits(people[number % 50], form, number))
        loaded = await times_to_a_form(world.cast.ada, calls=20, pause=MINUTE / 25)

    def offers() -> list[str]:
        posts = slack.journal.calls("chat.postMessage")
        return [notice_in(post.request) for post in posts if is_an_offer(post.request)]

    await slack.until(lambda: len(offers()) > TICKETS, timeout=540, waiting_for="all the offers")
    assert [entry.name for entry in slack.journal.calls() if _was_too_much(entry)] == []
    assert len(set(offers())) == len(offers())
    assert p95(loaded) < TIMES_LONGER * p95(quiet)


async def submits(person: Person, form: Json, number: int) -> None:
    """Send a form of one's own, at some moment of the minute."""
    await asyncio.sleep(MINUTE * number / TICKETS)
    view = form["view"] | {"id": f"V{number:010}"}
    user = form["user"] | {"id": person.id}
    assert (await person.hand.interact(form | {"view": view, "user": user})).ok


async def times_to_a_form(person: Person, *, calls: int, pause: float) -> list[float]:
    """Seconds until the form is there."""
    times = []
    for _ in range(calls):
        began = time.monotonic()
        await person.types("/ticket VPN is down")
        times.append(time.monotonic() - began)
        assert person.modal
        await person.closes()
        await asyncio.sleep(pause)
    return times


def p95(times: list[float]) -> float:
    """What 19 of 20 are not longer than."""
    return statistics.quantiles(times, n=20)[-1]


def _was_too_much(entry: Entry) -> bool:
    return isinstance(entry.response, dict) and dug(entry.response, "error") == "ratelimited"
