"""A ticket with 5,000 events and 40 hand-overs, compared with a fresh one."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median

from bson import encode

from jobs.steps.archive_events import MAX_EVENTS_PER_RUN
from jobs.worker import STEP_FUNCTIONS
from models.people.member import Member, Role
from models.services import Services
from models.ticket_store.event_log import NumberedEvent
from models.tickets.actions import Verb
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Draft, Event, Ticket
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.bench.report import ComparisonRow
from tests.project import MANIFEST
from tests.sample_tickets import make_triage
from tests.service_factory import run_as_worker, run_services

EVENT_COUNT, HAND_OVER_COUNT = 5_000, 40
MAX_DOCUMENT_BYTES, MAX_UPDATES_PER_MOVE = 100_000, 4
_REPETITIONS, _MAX_RATIO = 25, 1.3
_TEAM = "T0FRONT01"
_CARD_STEPS = (Step.DM_REQUESTER, Step.DM_ASSIGNEE, Step.REFRESH_CARDS, Step.ARCHIVE_EVENTS)


@dataclass(frozen=True, slots=True)
class Desk:
    """A service with a requester, two moderators and a simulated Slack."""

    services: Services
    slack: Workspace
    requester: str
    moderators: tuple[Member, Member]

    @property
    def update_count(self) -> int:
        return len(self.slack.traffic_log.api_calls("chat.update"))

    async def open_ticket(self, key: str) -> Ticket:
        draft = Draft(key=key, team_id=_TEAM, requester=self.requester, title="My VPN is down")
        ticket = await self.services.ticket_service.open_ticket(draft)
        await self.services.ticket_service.move(
            ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
        )
        await self.services.ticket_service.update_ticket(
            ticket.id,
            lambda current, _: current.model_copy(update={"pending": _card_steps(current)}),
        )
        return await self.run_steps(ticket)

    async def run_steps(self, ticket: Ticket) -> Ticket:
        """The ticket after its card steps and the move of old events."""
        steps = {step: STEP_FUNCTIONS[step] for step in _CARD_STEPS}
        for _ in range(2):
            await run_as_worker(self.services, steps, ticket.id)
        return (await self.services.tickets.get_ticket(ticket.id))[0]

    async def offer(self, ticket: Ticket, moderator: Member) -> None:
        slack_id = moderator.slack_id
        await self.services.ticket_service.move(
            ticket.id,
            Verb.OFFER,
            actor=None,
            assignee=slack_id,
            offered_to=slack_id,
            offers=ticket.offers + 1,
        )

    async def hand_over(self, ticket: Ticket, moderator: Member) -> tuple[Ticket, int]:
        """Offer, claim and release; returns the ticket and the most card updates of a move."""
        counts = []
        before = self.update_count
        await self.offer(ticket, moderator)
        for verb in (Verb.CLAIM, Verb.RELEASE):
            ticket = await self.run_steps(ticket)
            counts.append(self.update_count - before)
            before = self.update_count
            await self.services.ticket_service.move(ticket.id, verb, actor=moderator)
        ticket = await self.run_steps(ticket)
        return ticket, max(*counts, self.update_count - before)

    async def claim_seconds(self, ticket: Ticket) -> float:
        """The duration of one claim; the ticket is triaged before and after."""
        moderator = self.moderators[0]
        await self.offer(ticket, moderator)
        started = time.perf_counter()
        await self.services.ticket_service.move(ticket.id, Verb.CLAIM, actor=moderator)
        seconds = time.perf_counter() - started
        await self.services.ticket_service.move(ticket.id, Verb.RELEASE, actor=moderator)
        return seconds


def _card_steps(ticket: Ticket) -> tuple[PendingStep, ...]:
    """The pending steps without triage and assignment, which the measurement makes itself."""
    return tuple(step for step in ticket.pending if step.step in _CARD_STEPS)


@asynccontextmanager
async def open_desk(servers: DatabaseServers) -> AsyncIterator[Desk]:
    """A desk on a database of its own."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        slack.has_rate_limits = False
        people = [
            slack.add_person(name, real_name=name.title(), email=f"{name}@acme.example")
            for name in ("ada", "bob", "eve")
        ]
        settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
        async with run_services(servers, interactive=True, **settings) as services:
            ada, *others = (person.id for person in people)
            bob, eve = [
                await services.members.set_role(_TEAM, slack_id, role=Role.MODERATOR)
                for slack_id in others
            ]
            yield Desk(services, slack, ada, (bob, eve))


async def make_long_ticket(desk: Desk) -> tuple[Ticket, int]:
    """A ticket after all hand-overs and events, and the most card updates of one move."""
    ticket, max_updates = await desk.open_ticket("view:long"), 0
    for number in range(HAND_OVER_COUNT):
        ticket, updates = await desk.hand_over(ticket, desk.moderators[number % 2])
        max_updates = max(max_updates, updates)
    filler = Event(at=ticket.opened_at, what="corrected", who="UBOB", why="category: A → B")
    numbers = range(ticket.archived_event_count + 1, EVENT_COUNT - len(ticket.history) + 1)
    for first in range(0, len(numbers), MAX_EVENTS_PER_RUN):
        batch = numbers[first : first + MAX_EVENTS_PER_RUN]
        await desk.services.event_log.archive(ticket, [NumberedEvent(one, filler) for one in batch])
    archived = {"archived_event_count": numbers[-1]}
    ticket = await desk.services.ticket_service.update_ticket(
        ticket.id, lambda current, _: current.model_copy(update=archived)
    )
    return ticket, max_updates


async def document_size(desk: Desk, ticket: Ticket) -> int:
    """The size of the stored ticket in bytes."""
    document = await desk.services.database.tickets.find_one({"_id": ticket.id})
    return len(encode(document or {}))


async def measure(
    servers: DatabaseServers, report_progress: Callable[[str], None]
) -> list[ComparisonRow]:
    """Measure the long ticket's document, its claims and the card updates of its moves."""
    report_progress(f"a ticket with {EVENT_COUNT:,} events")
    label = f"ticket with {EVENT_COUNT:,} events and {HAND_OVER_COUNT} hand-overs"
    async with open_desk(servers) as desk:
        fresh = await desk.open_ticket("view:fresh")
        long, max_updates = await make_long_ticket(desk)
        size = await document_size(desk, long)
        seconds: dict[str, list[float]] = {fresh.id: [], long.id: []}
        for _ in range(_REPETITIONS):
            for ticket in (fresh, long):
                seconds[ticket.id].append(await desk.claim_seconds(ticket))
    slow, fast = median(seconds[long.id]), median(seconds[fresh.id])
    return [
        ComparisonRow(
            label=f"claim of a {label}",
            own_value=f"{1000 * slow:.1f} ms",
            baseline="fresh ticket",
            baseline_value=f"{1000 * fast:.1f} ms",
            ratio=slow / fast,
            max_ratio=_MAX_RATIO,
        ),
        ComparisonRow(
            label=f"document of a {label}",
            own_value=f"{size / 1000:.1f} kB",
            baseline="limit",
            baseline_value=f"{MAX_DOCUMENT_BYTES / 1000:.0f} kB",
            ratio=size / MAX_DOCUMENT_BYTES,
            max_ratio=1,
        ),
        ComparisonRow(
            label=f"card updates after one move of a {label}",
            own_value=str(max_updates),
            baseline="limit",
            baseline_value=str(MAX_UPDATES_PER_MOVE),
            ratio=max_updates / MAX_UPDATES_PER_MOVE,
            max_ratio=1,
        ),
    ]
