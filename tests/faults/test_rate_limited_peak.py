"""Five hundred tickets in a minute, with Slack's rate limits."""

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
# How many times longer people may wait for a form during the peak.
MAX_SLOWDOWN = 10


@pytest.mark.fault("F46")
async def test_peak_meets_no_rate_limit_and_delays_nobody(servers: DatabaseServers) -> None:
    """Slack itself opens only a hundred forms a minute, so these forms are built by hand."""
    # The embedded MongoDB is slow at retryable writes, so they are off.
    environment = {"MONGODB_URI": f"{servers.mongodb_uri}/?retryWrites=false"}
    async with World(servers=servers, extra_env=environment) as world:
        await _run_peak(world)
        await check_invariants(world)


async def _run_peak(world: World) -> None:
    slack, cast = world.slack, world.personas
    people = [
        slack.add_person(f"p{n}", real_name=f"P {n}", email=f"p{n}@acme.example") for n in range(50)
    ]
    # Slack allows one message per second and person, so there are eight moderators.
    for person in (cast.bob, cast.eve, cast.mo, *people[:5]):
        await set_role_and_skills(slack, cast.grace, person, role="Moderator", skills=["vpn"])
    slack.has_rate_limits = True
    quiet_times = await form_times(world.personas.ada, calls=20, pause=0)
    await open_ticket(world.personas.ada, "VPN is down")
    *_, submission = slack.traffic_log.deliveries("view_submission")
    form = slack.entry_payload(submission)

    async with asyncio.TaskGroup() as tasks:
        for number in range(TICKETS):
            tasks.create_task(submit_form_copy(people[number % 50], form, number))
        peak_times = await form_times(world.personas.ada, calls=20, pause=MINUTE / 25)

    def offers() -> list[str]:
        posts = slack.traffic_log.api_calls("chat.postMessage")
        return [notice_id(post.request) for post in posts if is_offer(post.request)]

    await slack.wait_until(
        lambda: len(offers()) > TICKETS, timeout_seconds=540, waiting_for="all the offers"
    )
    assert [entry.name for entry in slack.traffic_log.api_calls() if _is_rate_limited(entry)] == []
    assert len(set(offers())) == len(offers())
    assert p95(peak_times) < MAX_SLOWDOWN * p95(quiet_times)


async def submit_form_copy(person: Person, form: Json, number: int) -> None:
    """Submit the form with another id and person, at its time within the minute."""
    await asyncio.sleep(MINUTE * number / TICKETS)
    view = form["view"] | {"id": f"V{number:010}"}
    user = form["user"] | {"id": person.id}
    assert (await person.actor.send_interaction(form | {"view": view, "user": user})).ok


async def form_times(person: Person, *, calls: int, pause: float) -> list[float]:
    """The seconds until the form is open, for each call."""
    times = []
    for _ in range(calls):
        started = time.monotonic()
        await person.type_text("/ticket VPN is down")
        times.append(time.monotonic() - started)
        assert person.modal
        await person.close_modal()
        await asyncio.sleep(pause)
    return times


def p95(times: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(times, n=20)[-1]


def _is_rate_limited(entry: TrafficEntry) -> bool:
    return isinstance(entry.response, dict) and get_path(entry.response, "error") == "ratelimited"
