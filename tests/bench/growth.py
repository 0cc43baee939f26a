"""What lists, searches, the sweep and assignment cost when the desk is old, beside when it is new.

The same questions are asked of a desk with 1,000 tickets and of one with a hundred times as many;
as many tickets are open in both, and as many steps due.
"""

import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from statistics import median
from typing import Any

from models.arranging import candidates
from models.assignment import choose
from models.clock import now
from models.desk import Desk
from models.documents import document_of
from models.member import Member, Role
from models.similar import ALIKE
from models.step import Pending, Step
from models.ticket import Status, Ticket
from models.triage import Engine, Priority, Triage
from models.workload import Workload
from sandbox.servers import Servers
from tests.bench.report import Row
from tests.desks import desk_on

SMALL = 1_000
OPEN, DUE, REQUESTERS, ASKED, BATCH = 40, 20, 0.02, 15, 500
TEAM = "T1"
_COMMON, _RARE = "printer", "zeppelin"
_TRIAGE = Triage(
    category="Network",
    priority=Priority.NORMAL,
    skills=("vpn",),
    summary="It drops.",
    engine=Engine.BUILTIN,
    confidence=0.9,
)
Ask = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Old:
    """A desk with so many tickets."""

    desk: Desk
    tickets: int

    def questions(self) -> dict[str, Ask]:
        """What is asked of it, by name."""
        desk, bob, ada = self.desk, _member("UBOB", Role.MODERATOR), _member("U1", Role.USER)

        def page(member: Member = bob, **more: Any) -> Ask:
            asked: dict[str, Any] = {"before": "", "limit": 20, "terms": "", "wanted": {}} | more
            return lambda: desk.search.tickets_for(member, **asked)

        return {
            "newest page": page(),
            "page in the middle": page(before=f"T-{self.tickets // 2}"),
            "page of what is claimed": page(wanted={"status": "claimed"}),
            "somebody's own": page(ada),
            "search for a rare word": page(terms=_RARE),
            "search for a common word": page(terms=_COMMON),
            "solved tickets alike": self._alike,
            "sweep": lambda: desk.store.due_tickets(limit=500),
            "assignment": self._assigned,
        }

    async def _alike(self) -> object:
        return await self.desk.search.solved_like(
            _ticket(self.tickets + 1, _COMMON), at_least=ALIKE
        )

    async def _assigned(self) -> object:
        # One that has not counted yet who has how much.
        desk = replace(self.desk, workload=Workload(self.desk.store))
        people, _ = await candidates(desk, TEAM)
        return choose(_ticket(self.tickets + 1, _COMMON), people, now=now())


async def measure(servers: Servers, tell: Callable[[str], None], *, large: int) -> list[Row]:
    """The rows about growing old."""
    async with AsyncExitStack() as stack:
        desks = []
        for tickets in (SMALL, large):
            tell(f"a desk with {tickets:,} tickets")
            uri = f"{servers.mongodb_uri}/?retryWrites=false"
            desk = await stack.enter_async_context(desk_on(servers, mongodb_uri=uri))
            await _fill(desk, tickets)
            desks.append(Old(desk, tickets).questions())
        rows = []
        for name in desks[0]:
            tell(f"{name}, of {large:,}")
            young, old = await _asked(desks[0][name], desks[1][name])
            rows.append(
                Row(
                    what=f"{name}, of {large:,} tickets",
                    desk=f"{1000 * old:.1f} ms",
                    against=f"of {SMALL:,}",
                    other=f"{1000 * young:.1f} ms",
                    ratio=old / young,
                    most=1.5,
                )
            )
    return rows


async def _asked(young: Ask, old: Ask) -> tuple[float, float]:
    """What each takes, asked in turn."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(ASKED):
        for ask, seconds in zip((young, old), took, strict=True):
            began = time.perf_counter()
            await ask()
            seconds.append(time.perf_counter() - began)
    return median(took[0]), median(took[1])


async def _fill(desk: Desk, tickets: int) -> None:
    for number in range(8):
        await desk.store.set_role(TEAM, f"UMOD{number}", role=Role.MODERATOR, skills=["vpn"])
    dice = random.Random(1)  # noqa: S311  # chance that can be had again
    for start in range(1, tickets + 1, BATCH):
        some = [_past(number, tickets, dice) for number in range(start, start + BATCH)]
        await desk.database.tickets.insert_many([document_of(one) for one in some])
    for number in range(tickets - DUE - OPEN - BATCH, tickets - DUE - OPEN):
        await desk.solutions.keep(_past(number, tickets, dice))
    count = {"$set": {"last": tickets}}
    await desk.database.upsert("counters", "tickets", count)


def _past(number: int, tickets: int, dice: random.Random) -> Ticket:
    """One of them: the newest have something due, those before are claimed, all others solved."""
    people = max(1, int(SMALL * REQUESTERS))
    # Somebody has asked as often at the old desk as at the new one.
    by = f"U{number % people}" if number > tickets - SMALL else f"U{people + number % 5000}"
    words = [_word(dice) for _ in range(6)] + ([_COMMON] if number % 5 == 0 else [])
    words += [_RARE] if number > tickets - SMALL and number % 200 == 0 else []
    ticket = _ticket(number, " ".join(words), requester=by)
    if number > tickets - DUE:
        due = (Pending(step=Step.ASSIGN, asked=0, lease=0, due=now() - timedelta(days=1)),)
        return ticket.model_copy(update={"pending": due, "status": Status.TRIAGED})
    if number > tickets - DUE - OPEN:
        held = {"status": Status.CLAIMED, "assignee": f"UMOD{number % 8}"}
        return ticket.model_copy(update=held)
    return ticket.model_copy(update={"status": Status.RESOLVED, "solution": "Turn it off and on."})


def _word(dice: random.Random) -> str:
    return "".join(dice.choices("bdfgklmnprstv", k=3)) + dice.choice("aeiou")


def _ticket(number: int, title: str, *, requester: str = "UADA") -> Ticket:
    return Ticket(
        id=f"T-{number}",
        key=f"view:{number}",
        team_id=TEAM,
        requester=requester,
        title=title,
        description="",
        urgency=None,
        confidential=False,
        opened_at=now(),
        triage=_TRIAGE,
    )


def _member(slack_id: str, role: Role) -> Member:
    return Member(team_id=TEAM, slack_id=slack_id, role=role)
