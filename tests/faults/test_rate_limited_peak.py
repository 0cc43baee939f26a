"""Five hundred tickets in a minute, at a Slack that counts calls."""

import asyncio
import statistics
import time

import pytest

from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json, get_path
from sandbox.slack.state.traffic_log import TrafficEntry
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.faults.probes import is_offer, notice_id
from tests.stories.user_actions import open_ticket, set_role_and_skills

pytestmark = [pytest.mark.long, pytest.mark.beside, pytest.mark.timeout(900)]

TICKETS = 500
MINUTE = 60
# How much longer people may wait while one machine does all that.
TIMES_LONGER = 10


@pytest.mark.fault("F46")
async def test_slack_never_asks_us_to_wait_and_nobody_is_held_up(servers: DatabaseServers) -> None:
    """It opens a hundred forms a minute itself: these have been opened before."""
    # Of what the driver may repeat, the embedded MongoDB keeps account as slowly as of all else.
    uri = {"MONGODB_URI": f"{servers.mongodb_uri}/?retryWrites=false"}
    async with World(servers=servers, extra_env=uri) as world:
        await _comes(world)
        await check_invariants(world)


async def _comes(world: World) -> None:
    slack, cast = world.slack, world.personas
    people = [
        slack.add_person(f"p{n}", real_name=f"P {n}", email=f"p{n}@acme.example") for n in range(50)
    ]
    # A message a second is all that each of them may get.
    for person in (cast.bob, cast.eve, cast.mo, *people[:5]):
        await set_role_and_skills(slack, cast.grace, person, role="Moderator", skills=["vpn"])
    slack.has_rate_limits = True
    quiet = await times_to_a_form(world.personas.ada, calls=20, pause=0)
    await open_ticket(world.personas.ada, "VPN is down")
    *_, sent = slack.traffic_log.deliveries("view_submission")
    form = slack.entry_payload(sent)

    async with asyncio.TaskGroup() as tasks:
        for number in range(TICKETS):
            tasks.create_task(submits(people[number % 50], form, number))
        loaded = await times_to_a_form(world.personas.ada, calls=20, pause=MINUTE / 25)

    def offers() -> list[str]:
        posts = slack.traffic_log.api_calls("chat.postMessage")
        return [notice_id(post.request) for post in posts if is_offer(post.request)]

    await slack.wait_until(
        lambda: len(offers()) > TICKETS, timeout_seconds=540, waiting_for="all the offers"
    )
    assert [entry.name for entry in slack.traffic_log.api_calls() if _was_too_much(entry)] == []
    assert len(set(offers())) == len(offers())
    assert p95(loaded) < TIMES_LONGER * p95(quiet)


async def submits(person: Person, form: Json, number: int) -> None:
    """Send a form of one's own, at some moment of the minute."""
    await asyncio.sleep(MINUTE * number / TICKETS)
    view = form["view"] | {"id": f"V{number:010}"}
    user = form["user"] | {"id": person.id}
    assert (await person.actor.send_interaction(form | {"view": view, "user": user})).ok


async def times_to_a_form(person: Person, *, calls: int, pause: float) -> list[float]:
    """Seconds until the form is there."""
    times = []
    for _ in range(calls):
        began = time.monotonic()
        await person.type_text("/ticket VPN is down")
        times.append(time.monotonic() - began)
        assert person.modal
        await person.close_modal()
        await asyncio.sleep(pause)
    return times


def p95(times: list[float]) -> float:
    """What 19 of 20 are not longer than."""
    return statistics.quantiles(times, n=20)[-1]


def _was_too_much(entry: TrafficEntry) -> bool:
    return isinstance(entry.response, dict) and get_path(entry.response, "error") == "ratelimited"
