"""Queries in a database with 100,000 tickets, compared with one of 1,000 tickets.

Both databases have the same number of open tickets and of due steps.
"""

import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median
from typing import Any

from models.assignment.matching import choose_assignee
from models.assignment.workload import Workload
from models.clock import utc_now
from models.people.member import Member, Role
from models.services import Services
from models.ticket_store.documents import ticket_to_document
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Status, Ticket
from models.triage.result import Engine, Priority, Triage
from models.triage.similarity import MIN_SIMILARITY
from sandbox.services.database_servers import DatabaseServers
from tests.bench.report import ComparisonRow
from tests.service_factory import run_services

SMALL_TICKET_COUNT = 1_000
OPEN_TICKET_COUNT, DUE_STEP_COUNT, REQUESTERS_PER_TICKET, REPETITIONS, INSERT_BATCH = (
    40,
    20,
    0.02,
    15,
    500,
)
TEAM = "T1"
_COMMON_WORD, _RARE_WORD = "printer", "zeppelin"
_TRIAGE = Triage(
    category="Network",
    priority=Priority.NORMAL,
    skills=("vpn",),
    summary="It drops.",
    engine=Engine.BUILTIN,
    confidence=0.9,
)
RunQuery = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class FilledService:
    """A service whose database has this number of tickets."""

    services: Services
    ticket_count: int

    def queries(self) -> dict[str, RunQuery]:
        """The measured queries by name."""
        services, bob, ada = (
            self.services,
            _make_member("UBOB", Role.MODERATOR),
            _make_member("U1", Role.USER),
        )

        def page(member: Member = bob, **changes: Any) -> RunQuery:
            defaults: dict[str, Any] = {"before_id": "", "limit": 20, "terms": "", "filters": {}}
            return lambda: services.search.visible_tickets(member, **defaults | changes)

        return {
            "newest page": page(),
            "page in the middle": page(before_id=f"T-{self.ticket_count // 2}"),
            "page of claimed tickets": page(filters={"status": "claimed"}),
            "own tickets": page(ada),
            "search for a rare word": page(terms=_RARE_WORD),
            "search for a common word": page(terms=_COMMON_WORD),
            "similar solved tickets": self._find_similar,
            "sweep": lambda: services.tickets.due_tickets(limit=500),
            "assignment": self._choose_assignee,
        }

    async def _find_similar(self) -> object:
        return await self.services.search.similar_solved_tickets(
            _make_ticket(self.ticket_count + 1, _COMMON_WORD), min_score=MIN_SIMILARITY
        )

    async def _choose_assignee(self) -> object:
        # A new workload, which has not counted the open tickets yet.
        candidate_list = replace(
            self.services.candidate_list, workload=Workload(self.services.tickets)
        )
        candidates, _ = await candidate_list.load(TEAM)
        return choose_assignee(
            _make_ticket(self.ticket_count + 1, _COMMON_WORD), candidates, now=utc_now()
        )


async def measure(
    servers: DatabaseServers, report_progress: Callable[[str], None], *, large_ticket_count: int
) -> list[ComparisonRow]:
    """Measure each query in a small and in a large database."""
    async with AsyncExitStack() as stack:
        queries_by_size = []
        for tickets in (SMALL_TICKET_COUNT, large_ticket_count):
            report_progress(f"database with {tickets:,} tickets")
            uri = f"{servers.mongodb_uri}/?retryWrites=false"
            services = await stack.enter_async_context(run_services(servers, mongodb_uri=uri))
            await _insert_tickets(services, tickets)
            queries_by_size.append(FilledService(services, tickets).queries())
        rows = []
        small_queries, large_queries = queries_by_size
        for name in small_queries:
            report_progress(f"{name}, {large_ticket_count:,} tickets")
            small, large = await _median_seconds(small_queries[name], large_queries[name])
            rows.append(
                ComparisonRow(
                    label=f"{name}, {large_ticket_count:,} tickets",
                    own_value=f"{1000 * large:.1f} ms",
                    baseline=f"{SMALL_TICKET_COUNT:,} tickets",
                    baseline_value=f"{1000 * small:.1f} ms",
                    ratio=large / small,
                    max_ratio=1.5,
                )
            )
    return rows


async def _median_seconds(first: RunQuery, second: RunQuery) -> tuple[float, float]:
    """The median duration of each query. The queries run in turn."""
    durations: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPETITIONS):
        for run_query, seconds in zip((first, second), durations, strict=True):
            started = time.perf_counter()
            await run_query()
            seconds.append(time.perf_counter() - started)
    return median(durations[0]), median(durations[1])


async def _insert_tickets(services: Services, tickets: int) -> None:
    for number in range(8):
        await services.members.set_role(TEAM, f"UMOD{number}", role=Role.MODERATOR, skills=["vpn"])
    dice = random.Random(1)  # noqa: S311  # a seed makes the run repeatable
    for start in range(1, tickets + 1, INSERT_BATCH):
        batch = [
            _make_past_ticket(number, tickets, dice)
            for number in range(start, start + INSERT_BATCH)
        ]
        await services.database.tickets.insert_many(
            [ticket_to_document(ticket) for ticket in batch]
        )
    for number in range(
        tickets - DUE_STEP_COUNT - OPEN_TICKET_COUNT - INSERT_BATCH,
        tickets - DUE_STEP_COUNT - OPEN_TICKET_COUNT,
    ):
        await services.solution_index.add(_make_past_ticket(number, tickets, dice))
    count = {"$set": {"last": tickets}}
    await services.database.upsert("counters", "tickets", count)


def _make_past_ticket(number: int, tickets: int, dice: random.Random) -> Ticket:
    """A stored ticket: the newest have a due step, the next are claimed, the others resolved."""
    requester_count = max(1, int(SMALL_TICKET_COUNT * REQUESTERS_PER_TICKET))
    # A person has the same number of tickets in both databases.
    requester = (
        f"U{number % requester_count}"
        if number > tickets - SMALL_TICKET_COUNT
        else f"U{requester_count + number % 5000}"
    )
    words = [_random_word(dice) for _ in range(6)] + ([_COMMON_WORD] if number % 5 == 0 else [])
    words += [_RARE_WORD] if number > tickets - SMALL_TICKET_COUNT and number % 200 == 0 else []
    ticket = _make_ticket(number, " ".join(words), requester=requester)
    if number > tickets - DUE_STEP_COUNT:
        pending = (
            PendingStep(
                step=Step.ASSIGN, requested_rev=0, lease=0, due=utc_now() - timedelta(days=1)
            ),
        )
        return ticket.model_copy(update={"pending": pending, "status": Status.TRIAGED})
    if number > tickets - DUE_STEP_COUNT - OPEN_TICKET_COUNT:
        claimed = {"status": Status.CLAIMED, "assignee": f"UMOD{number % 8}"}
        return ticket.model_copy(update=claimed)
    return ticket.model_copy(update={"status": Status.RESOLVED, "solution": "Turn it off and on."})


def _random_word(dice: random.Random) -> str:
    return "".join(dice.choices("bdfgklmnprstv", k=3)) + dice.choice("aeiou")


def _make_ticket(number: int, title: str, *, requester: str = "UADA") -> Ticket:
    return Ticket(
        id=f"T-{number}",
        key=f"view:{number}",
        team_id=TEAM,
        requester=requester,
        title=title,
        description="",
        urgency=None,
        confidential=False,
        opened_at=utc_now(),
        triage=_TRIAGE,
    )


def _make_member(slack_id: str, role: Role) -> Member:
    return Member(team_id=TEAM, slack_id=slack_id, role=role)
