"""How many tickets a second walk the whole way, how long one takes, and what it needs of memory.

Each is held against the calls themselves (`replay.py`): what a ticket asks of MongoDB, Slack and
the mail server, made by a script that does nothing else.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles

from tests.bench import memory_use
from tests.bench.bench_service import BenchService
from tests.bench.call_recording import Call, CallRecording, record_ticket
from tests.bench.environment import BenchEnvironment
from tests.bench.memory_use import (
    INITIAL_TICKET_COUNT,
    MAX_MB,
    MAX_MB_WITH_ENGINE,
    WARM_TICKET_COUNT,
)
from tests.bench.report import ComparisonRow

CONCURRENT_TICKETS = 20
TICKETS_PER_ROUND, ROUNDS = 150, 3
SLOW_TICKET_COUNT = 120
IDLE_TICKET_COUNT, IDLE_PAUSE_SECONDS = 30, 0.4
# What Slack, and a mail server, take when they are not on this machine.
NETWORK_DELAY_SECONDS = {"slack": 0.12, "smtp": 0.3}
# Each worker then has all the tickets it may have at once, and MongoDB has time.
SLOW_DELAY_SECONDS = {"slack": 3.0, "smtp": 3.0}
# The same counted three times (81, 90, 94), when a worker was rung for each step (at 2d5250a).
FIRST_MEASURED_CALLS = 90


async def measure(
    stage: BenchEnvironment, report_progress: Callable[[str], None], *, tickets: int
) -> list[ComparisonRow]:
    """The rows about the walk; after so many tickets memory is looked at again."""
    report_progress("a ticket's calls are written down")
    recorded = await record_ticket(stage)
    rows = await memory_use.measure_with_gemini(stage, report_progress)
    walking = await BenchService.start(stage, GEMINI_API_KEY="")
    processes = {"bot": walking.bot, "worker": walking.workers[0]}
    idle = memory_use.measure_memory(processes, tickets=0)
    report_progress("the first tickets")
    await walking.fill_up_to(INITIAL_TICKET_COUNT)
    rows += await _throughput_rows(walking, recorded, report_progress)
    rows += await _latency_rows(walking, recorded, report_progress)
    report_progress(f"memory after {tickets:,} tickets")
    warm = memory_use.measure_memory(processes, tickets=await walking.fill_up_to(WARM_TICKET_COUNT))
    last = memory_use.measure_memory(processes, tickets=await walking.fill_up_to(tickets))
    rows += memory_use.memory_rows(idle, MAX_MB, worker_mode="without an engine")
    rows += memory_use.memory_rows(last, MAX_MB_WITH_ENGINE, worker_mode="with the built-in engine")
    rows += memory_use.growth_rows(warm, last)
    return rows + await _worker_scaling_rows(walking, report_progress)


async def _throughput_rows(
    walking: BenchService, recorded: CallRecording, tell: Callable[[str], None]
) -> list[ComparisonRow]:
    service, bare = [], []
    for number in range(ROUNDS):
        tell(f"tickets a second, round {number + 1} of {ROUNDS}")
        service.append(await walking.tickets_per_second(TICKETS_PER_ROUND))
        calls = recorded.worker_calls
        ran = await walking.replay_calls(
            recorded, calls, tickets=TICKETS_PER_ROUND, concurrency=CONCURRENT_TICKETS, stored=True
        )
        bare.append(float(ran["rate"]))
    counted = recorded.count_mongo_commands()
    asked = ", ".join(f"{times} × {name}" for name, times in counted.most_common())
    return [
        ComparisonRow(
            label="tickets through triage, assignment, message and letter, a second",
            own_value=f"{median(service):.1f}",
            baseline=f"their calls alone, {CONCURRENT_TICKETS} tickets at once",
            baseline_value=f"{median(bare):.1f}",
            ratio=median(a / b for a, b in zip(service, bare, strict=True)),
            min_ratio=0.5,
        ),
        ComparisonRow(
            label="calls of MongoDB for one ticket",
            own_value=f"{counted.total()} ({asked})",
            baseline="before this was measured",
            baseline_value=str(FIRST_MEASURED_CALLS),
            ratio=counted.total() / FIRST_MEASURED_CALLS,
        ),
    ]


async def _latency_rows(
    walking: BenchService, recorded: CallRecording, tell: Callable[[str], None]
) -> list[ComparisonRow]:
    """From the form being sent to the moderator's message, at a desk with nothing else to do."""
    rows = []
    for name, waits in (("all at once answered", {}), ("Slack 120 ms away", NETWORK_DELAY_SECONDS)):
        tell(f"from submission to message, {name}")
        await walking.environment.set_delays(**waits)
        took = await _seconds_until_offer(walking)
        calls = recorded.calls_until_offer()
        ran = await walking.replay_calls(
            recorded, calls, tickets=IDLE_TICKET_COUNT, concurrency=1, stored=False
        )
        alone = [float(one) for one in ran["seconds"]]
        for percent in (50, 99):
            mine, other = (_percentile(some, percent) for some in (took, alone))
            judged = percent == 50 and bool(waits)
            rows.append(
                ComparisonRow(
                    label=f"submission to message, idle, p{percent} ({name})",
                    own_value=f"{1000 * mine:.0f} ms",
                    baseline="its calls, one after the other",
                    baseline_value=f"{1000 * other:.0f} ms",
                    ratio=mine / other,
                    max_ratio=2.0 if judged else None,
                )
            )
    await walking.environment.set_delays()
    return rows


async def _seconds_until_offer(walking: BenchService) -> list[float]:
    # Who stood still while the calls were made bare has to find their feet first.
    await walking.submit_tickets(1)
    await walking.wait_until_idle()
    await walking.environment.take_request_log()
    sent = []
    for _ in range(IDLE_TICKET_COUNT):
        sent.append(time.time())
        await walking.submit_tickets(1)
        await walking.wait_until_idle()
        await asyncio.sleep(IDLE_PAUSE_SECONDS)
    kept = await walking.environment.take_request_log()
    told_at = [
        float(one["at"])
        for one in kept
        if one["kind"] == "slack" and one["method"] == "chat.postMessage" and _is_offer(one)
    ]
    return [until - since for since, until in zip(sent, told_at, strict=True)]


def _is_offer(one: Call) -> bool:
    return ".offer." in json.dumps(one["sent"])


async def _worker_scaling_rows(
    walking: BenchService, tell: Callable[[str], None]
) -> list[ComparisonRow]:
    """Two and four workers against one, where Slack is so slow that one has its hands full."""
    rates = {}
    for many in (1, 2, 4):
        tell(f"{many} workers")
        await walking.start_workers(many)
        # Each has loaded all it needs before it is measured.
        await walking.environment.set_delays()
        await walking.tickets_per_second(CONCURRENT_TICKETS * many)
        await walking.environment.set_delays(**SLOW_DELAY_SECONDS)
        rates[many] = await walking.tickets_per_second(SLOW_TICKET_COUNT)
    await walking.environment.set_delays()
    return [
        ComparisonRow(
            label=f"{many} workers, tickets a second (Slack takes 3 s)",
            own_value=f"{rates[many]:.1f}",
            baseline="one worker",
            baseline_value=f"{rates[1]:.1f}",
            ratio=rates[many] / rates[1],
            min_ratio=1.7 if many == 2 else None,
        )
        for many in (2, 4)
    ]


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]
