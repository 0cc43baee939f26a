"""How many tickets a second walk the whole way, how long one takes, and what it needs of memory.

Each is held against the calls themselves (`replay.py`): what a ticket asks of MongoDB, Slack and
the mail server, made by a script that does nothing else.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles

from tests.bench import memory
from tests.bench.memory import A_FEW, MOST_MB, MOST_WITH_ENGINE_MB, WARM
from tests.bench.recording import Call, Recorded, record
from tests.bench.report import Row
from tests.bench.stage import Stage
from tests.bench.walking import Walking

AT_ONCE = 20
TICKETS, ROUNDS = 150, 3
SLOWLY = 120
IDLE, IDLE_EVERY_SECONDS = 30, 0.4
# What Slack, and a mail server, take when they are not on this machine.
AWAY = {"slack": 0.12, "smtp": 0.3}
# Each worker then has all the tickets it may have at once, and MongoDB has time.
SLOW = {"slack": 3.0, "smtp": 3.0}
# The same counted three times (81, 90, 94), when a worker was rung for each step (at 2d5250a).
CALLS_BEFORE = 90


async def measure(stage: Stage, tell: Callable[[str], None], *, tickets: int) -> list[Row]:
    """The rows about the walk; after so many tickets memory is looked at again."""
    tell("a ticket's calls are written down")
    recorded = await record(stage)
    rows = await memory.with_gemini(stage, tell)
    walking = await Walking.begin(stage, GEMINI_API_KEY="")
    processes = {"bot": walking.bot, "worker": walking.workers[0]}
    idle = memory.held(processes, tickets=0)
    tell("the first tickets")
    await walking.goes_on_until(A_FEW)
    rows += await _rates(walking, recorded, tell)
    rows += await _idle(walking, recorded, tell)
    tell(f"memory after {tickets:,} tickets")
    warm = memory.held(processes, tickets=await walking.goes_on_until(WARM))
    last = memory.held(processes, tickets=await walking.goes_on_until(tickets))
    rows += memory.rows(idle, MOST_MB, how="without an engine")
    rows += memory.rows(last, MOST_WITH_ENGINE_MB, how="with the built-in engine")
    rows += memory.growth(warm, last)
    return rows + await _several(walking, tell)


async def _rates(walking: Walking, recorded: Recorded, tell: Callable[[str], None]) -> list[Row]:
    desk, bare = [], []
    for number in range(ROUNDS):
        tell(f"tickets a second, round {number + 1} of {ROUNDS}")
        desk.append(await walking.walked(TICKETS))
        calls = recorded.working
        ran = await walking.bare(recorded, calls, tickets=TICKETS, at_once=AT_ONCE, stored=True)
        bare.append(float(ran["rate"]))
    counted = recorded.counted()
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
            other=str(CALLS_BEFORE),
            ratio=counted.total() / CALLS_BEFORE,
        ),
    ]


async def _idle(walking: Walking, recorded: Recorded, tell: Callable[[str], None]) -> list[Row]:
    """From the form being sent to the moderator's message, at a desk with nothing else to do."""
    rows = []
    for name, waits in (("all at once answered", {}), ("Slack 120 ms away", AWAY)):
        tell(f"from submission to message, {name}")
        await walking.stage.waits(**waits)
        took = await _until_told(walking)
        calls = recorded.until_told()
        ran = await walking.bare(recorded, calls, tickets=IDLE, at_once=1, stored=False)
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
    # Who stood still while the calls were made bare has to find their feet first.
    await walking.submit(1)
    await walking.settles()
    await walking.stage.kept()
    sent = []
    for _ in range(IDLE):
        sent.append(time.time())
        await walking.submit(1)
        await walking.settles()
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


async def _several(walking: Walking, tell: Callable[[str], None]) -> list[Row]:
    """Two and four workers against one, where Slack is so slow that one has its hands full."""
    rates = {}
    for many in (1, 2, 4):
        tell(f"{many} workers")
        await walking.hire(many)
        # Each has loaded all it needs before it is measured.
        await walking.stage.waits()
        await walking.walked(AT_ONCE * many)
        await walking.stage.waits(**SLOW)
        rates[many] = await walking.walked(SLOWLY)
    await walking.stage.waits()
    return [
        Row(
            what=f"{many} workers, tickets a second (Slack takes 3 s)",
            desk=f"{rates[many]:.1f}",
            against="one worker",
            other=f"{rates[1]:.1f}",
            ratio=rates[many] / rates[1],
            least=1.7 if many == 2 else None,
        )
        for many in (2, 4)
    ]


def _quantile(seconds: Sequence[float], percent: int) -> float:
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]
