"""How many tickets a second walk the whole way, how long one takes, and what it needs of memory.

Each is held against the calls themselves (`replay.py`): what a ticket asks of MongoDB, Slack and
the mail server, made by a script that does nothing else.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from sandbox.processes import Process
from tests.bench import requests
from tests.bench.load import Target, put_on
from tests.bench.recording import Call, Recorded, record
from tests.bench.report import Row
from tests.bench.settling import settles
from tests.bench.stage import Place, Stage
from tests.sabotage.sitecustomize import SABOTAGE, told

AT_ONCE = 20
TICKETS, ROUNDS, WARM = 150, 3, 40
IDLE, IDLE_EVERY_SECONDS = 30, 0.4
# What Slack, and a mail server, take when they are not on this machine.
AWAY = {"slack": 0.12, "smtp": 0.3}
_MEGABYTE = 1_000_000
# Counted in the same way, when a worker was rung for each step (Frontdesk at 2d5250a).
_CALLS_BEFORE = 84
_MOST_MB = {"bot": 120, "worker": 160}


@dataclass(frozen=True, slots=True)
class Walking:
    """A desk, the form that is sent to it, and what one of its tickets asks."""

    stage: Stage
    place: Place
    form: dict[str, Any]
    recorded: Recorded

    async def submit(self, tickets: int) -> None:
        """So many people send the form."""
        sent = [requests.submission(self.form, requests.title()) for _ in range(tickets)]
        await put_on(Target(f"{self.place.url}/slack/events"), sent, people=requests.PEOPLE)

    async def walked(self, workers: Sequence[Process], tickets: int) -> float:
        """Tickets a second, when so many wait and then workers begin."""
        for worker in workers:
            worker.freeze()
        await self.submit(tickets)
        began = time.perf_counter()
        for worker in workers:
            worker.thaw()
        await settles(self.stage, self.place)
        return tickets / (time.perf_counter() - began)

    async def bare(self, calls: Iterable[Call], *, tickets: int, at_once: int, stored: bool) -> Any:
        """The same calls, made by a script."""
        path = self.stage.folder / "calls.json"
        settings = {
            "mongodb_uri": self.place.environment["MONGODB_URI"],
            "database": self.place.environment["MONGODB_DATABASE"],
            "slack_url": self.place.environment["SLACK_API_URL"],
            "smtp_port": int(self.place.environment["SMTP_PORT"]),
            "stored": stored,
        }
        self.recorded.save(path, calls=calls, settings=settings)
        many = ("--tickets", str(tickets), "--at-once", str(at_once))
        command = (sys.executable, "-m", "tests.bench.replay", str(path), *many)
        ran = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        said, _ = await ran.communicate()
        database = self.stage.database(self.place)
        await database.tickets.delete_many({"_id": {"$regex": "^T-1[0-9]{6}$"}})
        return json.loads(said)


async def measure(stage: Stage, tell: Callable[[str], None], *, tickets: int) -> list[Row]:
    """The rows about the walk; after so many tickets memory is looked at again."""
    tell("a ticket's calls are written down")
    recorded, _ = await record(stage)
    place = stage.new_place(GEMINI_API_KEY="", **told(**{SABOTAGE: "a generous Slack"}))
    bot = await stage.bot(place)
    await stage.hire(place)
    worker = await stage.worker(place)
    await put_on(Target(f"{place.url}/slack/events"), [requests.command()], people=1)
    walking = Walking(stage, place, await stage.last_form(), recorded)
    await walking.submit(WARM)
    await settles(stage, place)
    warm = {"bot": bot.memory, "worker": worker.memory}
    rows = await _rates(walking, worker, tell)
    rows += await _idle(walking, tell)
    tell(f"memory after {tickets:,} tickets")
    done = await stage.database(place).tickets.count_documents({})
    if done < tickets:
        await walking.submit(tickets - done)
        await settles(stage, place)
    rows += _memory(warm, {"bot": bot.memory, "worker": worker.memory}, max(done, tickets))
    return rows + await _several(walking, worker, tell)


async def _rates(walking: Walking, worker: Process, tell: Callable[[str], None]) -> list[Row]:
    desk, bare = [], []
    for number in range(ROUNDS):
        tell(f"tickets a second, round {number + 1} of {ROUNDS}")
        desk.append(await walking.walked([worker], TICKETS))
        calls = walking.recorded.working
        ran = await walking.bare(calls, tickets=TICKETS, at_once=AT_ONCE, stored=True)
        bare.append(float(ran["rate"]))
    counted = walking.recorded.counted()
    asked = ", ".join(f"{times} × {name}" for name, times in counted.most_common())
    return [
        Row(
            what="tickets through triage, assignment, message and letter, a second",
            desk=f"{median(desk):.1f}",
            against=f"their calls alone, {AT_ONCE} tickets at once",
            other=f"{median(bare):.1f}",
            ratio=median(a / b for a, b in zip(desk, bare, strict=True)),
            least=0.5,
        ),
        Row(
            what="calls of MongoDB for one ticket",
            desk=f"{counted.total()} ({asked})",
            against="before this was measured",
            other=str(_CALLS_BEFORE),
            ratio=counted.total() / _CALLS_BEFORE,
        ),
    ]


async def _idle(walking: Walking, tell: Callable[[str], None]) -> list[Row]:
    """From the form being sent to the moderator's message, at a desk with nothing else to do."""
    rows = []
    for name, waits in (("all at once answered", {}), ("Slack 120 ms away", AWAY)):
        tell(f"from submission to message, {name}")
        await walking.stage.waits(**waits)
        took = await _until_told(walking)
        calls = walking.recorded.until_told()
        ran = await walking.bare(calls, tickets=IDLE, at_once=1, stored=False)
        alone = [float(one) for one in ran["seconds"]]
        for percent in (50, 99):
            mine, other = (_quantile(some, percent) for some in (took, alone))
            judged = percent == 50 and bool(waits)
            rows.append(
                Row(
                    what=f"submission to message, idle, p{percent} ({name})",
                    desk=f"{1000 * mine:.0f} ms",
                    against="its calls, one after the other",
                    other=f"{1000 * other:.0f} ms",
                    ratio=mine / other,
                    most=2.0 if judged else None,
                )
            )
    await walking.stage.waits()
    return rows


async def _until_told(walking: Walking) -> list[float]:
    await walking.stage.kept()
    sent = []
    for _ in range(IDLE):
        sent.append(time.time())
        await walking.submit(1)
        await settles(walking.stage, walking.place)
        await asyncio.sleep(IDLE_EVERY_SECONDS)
    kept = await walking.stage.kept()
    told_at = [
        float(one["at"])
        for one in kept
        if one["kind"] == "slack" and one["method"] == "chat.postMessage" and _is_offer(one)
    ]
    return [until - since for since, until in zip(sent, told_at, strict=True)]


def _is_offer(one: Call) -> bool:
    return ".offer." in json.dumps(one["sent"])


def _memory(warm: dict[str, int], now: dict[str, int], tickets: int) -> list[Row]:
    rows = []
    for name, most in _MOST_MB.items():
        rows.append(
            Row(
                what=f"memory of the {name} after {tickets:,} tickets",
                desk=f"{now[name] / _MEGABYTE:.0f} MB",
                against="what it may have",
                other=f"{most} MB",
                ratio=now[name] / _MEGABYTE / most,
                most=1.0,
            )
        )
        rows.append(
            Row(
                what=f"growth of the {name}",
                desk=f"{now[name] / _MEGABYTE:.0f} MB",
                against=f"itself after {WARM} tickets",
                other=f"{warm[name] / _MEGABYTE:.0f} MB",
                ratio=now[name] / warm[name],
                most=1.05,
            )
        )
    return rows


async def _several(walking: Walking, worker: Process, tell: Callable[[str], None]) -> list[Row]:
    """Two and four workers against one, where what they wait for is away."""
    await walking.stage.waits(**AWAY)
    workers, rates = [worker], {}
    for many in (1, 2, 4):
        tell(f"{many} workers")
        while len(workers) < many:
            workers.append(await walking.stage.worker(walking.place, f"worker{len(workers) + 1}"))
        # Each has loaded all it needs before it is measured.
        await walking.walked(workers, WARM)
        rates[many] = median([await walking.walked(workers, TICKETS) for _ in range(2)])
    await walking.stage.waits()
    return [
        Row(
            what=f"{many} workers, tickets a second (Slack 120 ms away)",
            desk=f"{rates[many]:.1f}",
            against="one worker",
            other=f"{rates[1]:.1f}",
            ratio=rates[many] / rates[1],
            least=1.7 if many == 2 else None,
        )
        for many in (2, 4)
    ]


def _quantile(seconds: Sequence[float], percent: int) -> float:
    return quantiles(seconds, n=100)[percent - 1]
