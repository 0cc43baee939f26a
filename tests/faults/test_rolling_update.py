"""A rolling update to a newer release, and a rollback, while people work."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from models.errors import NewerDocument
from models.tickets.actions import Button
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.services.processes import Process
from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Message
from sandbox.world.world import World
from tests.faults.forged_requests import (
    interactive_body,
    post_to_bot,
    signed_headers,
)
from tests.faults.invariants import check_invariants
from tests.faults.newer_release import copy_newer_release
from tests.sabotage.sitecustomize import FOLDER, SABOTAGE_VARIABLE, hook_environment
from tests.stories.user_actions import open_ticket, set_role_and_skills, wait_until_no_pending_steps

pytestmark = pytest.mark.long
_MAX_WAIT_SECONDS = 30
# In each stage of the update people open some more tickets, and all but a few reach their end.
_TICKETS_PER_STAGE, _RESOLVED_PER_STAGE = 8, 4
_EVENTS = ["opened", "triaged", "offered", "claimed", "resolved"]
_EVENTS_WITH_PAUSE = [*_EVENTS[:-1], "paused", "resumed", "resolved"]
_OLDER, _NEWER = "older", "newer"


@dataclass(slots=True)
class _Releases:
    """Both releases, on the same MongoDB and Redis, and a load balancer before their bots.

    Attributes:
        bots: the release of each bot that gets requests from Slack.
        claims: by ticket id: the release whose bot has made the claim.
        resolved: the tickets that people have opened, claimed and resolved.
        tickets_to_open: how many tickets people may open; thousands would be slow to check.
    """

    world: World
    newer_bot: Process
    newer_worker: Process
    url_by_release: dict[str, str]
    bots: list[str] = field(default_factory=lambda: [_OLDER])
    claims: dict[str, str] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)
    tickets_to_open: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _request_numbers: Callable[[], int] = field(default_factory=lambda: count().__next__)

    async def start_newer(self) -> None:
        await asyncio.gather(self.newer_worker.start(), self.newer_bot.start())
        self.bots.append(_NEWER)

    @asynccontextmanager
    async def next_bot(self, release: str = "") -> AsyncIterator[str]:
        """Let the next bot, or that of this release, get the requests in this block."""
        async with self._lock:
            chosen = release or self.bots[self._request_numbers() % len(self.bots)]
            self.world.slack.request_url = f"{self.url_by_release[chosen]}/slack/events"
            yield chosen

    async def stop_newer_bot(self) -> None:
        """Take the bot from the load balancer, and stop it after its last request."""
        async with self._lock:
            self.bots.remove(_NEWER)
        await self.newer_bot.stop()

    async def open_and_claim(self, requester: Person, title: str, *, release: str = "") -> str:
        """The id of a new ticket that its assignee has claimed."""
        async with self.next_bot(release):
            ticket_id = await open_ticket(requester, title)
        await self.press_on_card(ticket_id, "Claim", release=release)
        return ticket_id

    async def resolve(self, ticket_id: str) -> None:
        await self.press_on_card(ticket_id, "Resolve")
        self.resolved.append(ticket_id)

    async def press_on_card(self, ticket_id: str, label: str, *, release: str = "") -> None:
        """Its moderator presses a button as soon as their card shows it."""
        world = self.world
        moderators = (world.personas.bob, world.personas.eve)

        def find_card() -> tuple[Person, Message] | None:
            return next(
                (
                    (person, message)
                    for person in moderators
                    for message in person.messages
                    if message.text.startswith(f"{ticket_id} ") and label in message.buttons
                ),
                None,
            )

        await world.slack.wait_until(find_card, timeout_seconds=_MAX_WAIT_SECONDS)
        async with self.next_bot(release) as chosen:
            found = find_card()
            assert found, f"{ticket_id} has no {label}"
            person, card = found
            await person.click(card, label)
        assert not person.alerts
        if label == "Claim":
            self.claims[ticket_id] = chosen

    async def press(self, ticket_id: str, action_id: str, *, release: str) -> None:
        """Bob presses a button that may be on his card of this ticket, drawn by any release."""
        world, bob, ticket = self.world, self.world.personas.bob, await self.ticket(ticket_id)
        [card] = (card for card in ticket["cards"] if card["to"] == bob.id)
        clicks = world.slack.traffic_log.deliveries("block_actions")
        last_click = [click for click in clicks if click.person == bob.id][-1]
        payload = json.loads(json.dumps(world.slack.entry_payload(last_click)))
        value = f"{ticket_id}:{ticket['version']}"
        payload["actions"][0] |= {"action_id": action_id, "value": value}
        payload["container"] |= {"channel_id": card["channel"], "message_ts": card["ts"]}
        body = interactive_body(payload)
        answer = await post_to_bot(
            world, body, signed_headers(world, body), url=self.url_by_release[release]
        )
        assert answer.status == 200

    async def ticket(self, ticket_id: str) -> dict[str, Any]:
        """The stored document."""
        ticket = await self.world.database.tickets.find_one({"_id": ticket_id})
        assert ticket, f"{ticket_id} is lost"
        return ticket

    async def wait_for_pending(self, ticket_id: str, *steps: str) -> None:
        """Wait until the ticket has exactly these pending steps."""
        tickets = self.world.database.tickets
        async with asyncio.timeout(_MAX_WAIT_SECONDS), await tickets.watch() as changes:
            while {step["step"] for step in (await self.ticket(ticket_id))["pending"]} != {*steps}:
                await changes.next()

    def allow_more_tickets(self) -> None:
        """Let people open the tickets of another stage."""
        for _ in range(_TICKETS_PER_STAGE):
            self.tickets_to_open.release()

    async def wait_for_more_tickets(self) -> None:
        """Wait until people have resolved some more tickets."""
        self.allow_more_tickets()
        expected = len(self.resolved) + _RESOLVED_PER_STAGE
        await self.world.slack.wait_until(
            lambda: len(self.resolved) >= expected, timeout_seconds=_MAX_WAIT_SECONDS
        )


@pytest.fixture
async def releases(servers: DatabaseServers, tmp_path: Path) -> AsyncIterator[_Releases]:
    """This release, which runs, and the newer one, which does not run yet."""
    copy_newer_release(tmp_path)
    # People are faster here than Slack's and the mail server's limits allow.
    fast = hook_environment(**{SABOTAGE_VARIABLE: "no rate limits"})
    names = ("newer-bot", "newer-worker")
    newer = {name: {"PYTHONPATH": f"{FOLDER}{os.pathsep}{tmp_path}"} for name in names}
    async with AsyncExitStack() as stack:
        world = World(servers=servers, env_by_process=newer, extra_env=fast)
        await stack.enter_async_context(world)
        port = find_free_port()
        bot, worker = world.new_bot(names[0], port=port), world.new_worker(names[1])
        for process in (bot, worker):
            stack.push_async_callback(process.stop)
        world.slack.has_rate_limits = False
        grace, bob, eve = world.personas.grace, world.personas.bob, world.personas.eve
        await set_role_and_skills(world.slack, grace, bob, role="Moderator", skills=["vpn", "okta"])
        await set_role_and_skills(world.slack, grace, eve, role="Moderator", skills=["vpn"])
        yield _Releases(
            world,
            newer_bot=bot,
            newer_worker=worker,
            url_by_release={_OLDER: world.bot_url, _NEWER: f"http://127.0.0.1:{port}"},
        )


@pytest.mark.fault("F35")
async def test_rolling_update_and_rollback_under_load_lose_nothing(releases: _Releases) -> None:
    world, is_over = releases.world, asyncio.Event()

    async def work(requester: Person, title: str) -> None:
        while await releases.tickets_to_open.acquire() and not is_over.is_set():
            ticket_id = await releases.open_and_claim(requester, title)
            await releases.resolve(ticket_id)
            await requester.wait_for_message(f"resolved {ticket_id}.", timeout_seconds=30)

    async with asyncio.TaskGroup() as people:
        people.create_task(work(world.personas.ada, "VPN is down"))
        people.create_task(work(world.personas.mo, "Okta rejects my password"))
        await releases.wait_for_more_tickets()
        paused_ids = await _update_and_roll_back(releases)
        is_over.set()
        releases.allow_more_tickets()
    async with asyncio.timeout(_MAX_WAIT_SECONDS):
        await wait_until_no_pending_steps(world)
    await world.worker.start()

    await _check_that_nothing_is_lost_or_doubled(releases, paused_ids)
    await check_invariants(
        world,
        more_processes=[releases.newer_bot, releases.newer_worker],
        ids_with_newer_moves=paused_ids,
    )


async def _update_and_roll_back(releases: _Releases) -> list[str]:
    """Update, roll back and update again; returns the tickets that were paused meanwhile."""
    older_worker = releases.world.worker
    await releases.start_newer()
    paused_ids = [await _open_okta_ticket(releases) for _ in range(3)]
    waiting, resumed, unfinished = paused_ids
    for ticket_id in (waiting, resumed):
        await releases.press(ticket_id, "pause_ticket", release=_NEWER)
    await releases.wait_for_more_tickets()
    # It may take wake-ups for steps that it does not know; the newer worker finds the steps later.
    await older_worker.stop()
    for ticket_id in (waiting, resumed):
        await releases.wait_for_pending(ticket_id)
    await _check_older_bot_refuses(releases, waiting)
    await releases.wait_for_more_tickets()

    await older_worker.start()
    await releases.newer_worker.stop()
    await releases.press(unfinished, "pause_ticket", release=_NEWER)
    await releases.press(resumed, "resume_ticket", release=_NEWER)
    await releases.stop_newer_bot()
    before = [await releases.ticket(ticket_id) for ticket_id in (waiting, unfinished)]
    # The older worker runs the steps that it knows, and leaves the other one.
    await releases.wait_for_pending(resumed, "send_reminder")
    await releases.resolve(resumed)
    await releases.wait_for_pending(resumed, "send_reminder")
    await releases.wait_for_more_tickets()
    assert [await releases.ticket(ticket_id) for ticket_id in (waiting, unfinished)] == before

    await releases.start_newer()
    await older_worker.stop()
    for ticket_id in (waiting, unfinished):
        await releases.wait_for_pending(ticket_id)
        await releases.press(ticket_id, "resume_ticket", release=_NEWER)
        await releases.resolve(ticket_id)
    await releases.wait_for_more_tickets()
    return paused_ids


async def _open_okta_ticket(releases: _Releases) -> str:
    """A ticket that Bob has claimed at the newer bot, without pending steps."""
    ada = releases.world.personas.ada
    ticket_id = await releases.open_and_claim(ada, "Okta is slow", release=_NEWER)
    await releases.wait_for_pending(ticket_id)
    return ticket_id


async def _check_older_bot_refuses(releases: _Releases, ticket_id: str) -> None:
    """Each button of the older release on a ticket of the newer one gets the same answer."""
    bob, before = releases.world.personas.bob, await releases.ticket(ticket_id)
    buttons = (Button.RESOLVE, Button.RELEASE, Button.CORRECT)
    for button in buttons:
        await releases.press(ticket_id, button.value, release=_OLDER)
    await releases.world.slack.wait_until(lambda: len(_refusals(bob)) == len(buttons))
    assert await releases.ticket(ticket_id) == before


def _refusals(person: Person) -> list[Message]:
    return [one for one in person.ephemeral_messages if one.text == str(NewerDocument())]


async def _check_that_nothing_is_lost_or_doubled(
    releases: _Releases, paused_ids: list[str]
) -> None:
    world = releases.world
    stored = {ticket["_id"]: ticket for ticket in await world.find_documents("tickets")}
    assert sorted(releases.resolved) == sorted(stored)
    assert set(releases.claims.values()) == {_OLDER, _NEWER}
    for ticket_id, ticket in stored.items():
        is_paused = ticket_id in paused_ids
        events = [event["what"] for event in ticket["history"]]
        assert events == (_EVENTS_WITH_PAUSE if is_paused else _EVENTS), ticket_id
        claimed_with = _NEWER if releases.claims[ticket_id] == _NEWER else ""
        assert ticket.get("claimed_with", "") == claimed_with, ticket_id
        assert "dead" not in ticket, ticket_id
    reminders = [one["ticket_id"] for one in await world.find_documents("reminders")]
    assert Counter(reminders) == dict.fromkeys(paused_ids, 2)
    assert await world.find_documents("unreadable") == []
