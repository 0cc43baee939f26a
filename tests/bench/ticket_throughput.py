"""Tickets per second, the time until an offer, and memory, for whole tickets.

The baseline is a replay of the calls of a ticket (`call_replay.py`) without any other work.
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
# Realistic answer times of Slack and of a mail server.
NETWORK_DELAY_SECONDS = {"slack": 0.12, "smtp": 0.3}
# So slow that each worker has its maximum of concurrent tickets, and MongoDB is not the limit.
SLOW_DELAY_SECONDS = {"slack": 3.0, "smtp": 3.0}
# The median of three counts (81, 90, 94) when each step needed its own wake-up (at 2d5250a).
FIRST_MEASURED_CALLS = 90


async def measure(
    environment: BenchEnvironment, report_progress: Callable[[str], None], *, tickets: int
) -> list[ComparisonRow]:
    """Measure throughput, latency, and the memory after this number of tickets."""
    report_progress("recording of one ticket's calls")
    recording = await record_ticket(environment)
    rows = await memory_use.measure_with_gemini(environment, report_progress)
    service = await BenchService.start(environment, GEMINI_API_KEY="")
    processes = {"bot": service.bot, "worker": service.workers[0]}
    idle = memory_use.measure_memory(processes, tickets=0)
    report_progress("the first tickets")
    await service.fill_up_to(INITIAL_TICKET_COUNT)
    rows += await _throughput_rows(service, recording, report_progress)
    rows += await _latency_rows(service, recording, report_progress)
    report_progress(f"memory after {tickets:,} tickets")
    warm = memory_use.measure_memory(processes, tickets=await service.fill_up_to(WARM_TICKET_COUNT))
    last = memory_use.measure_memory(processes, tickets=await service.fill_up_to(tickets))
    rows += memory_use.memory_rows(idle, MAX_MB, worker_mode="without an engine")
    rows += memory_use.memory_rows(last, MAX_MB_WITH_ENGINE, worker_mode="with the built-in engine")
    rows += memory_use.growth_rows(warm, last)
    return rows + await _worker_scaling_rows(service, report_progress)


async def _throughput_rows(
    service: BenchService, recording: CallRecording, report_progress: Callable[[str], None]
) -> list[ComparisonRow]:
    own_rates, replay_rates = [], []
    for number in range(ROUNDS):
        report_progress(f"tickets per second, round {number + 1} of {ROUNDS}")
        own_rates.append(await service.tickets_per_second(TICKETS_PER_ROUND))
        calls = recording.worker_calls
        replay = await service.replay_calls(
            recording, calls, tickets=TICKETS_PER_ROUND, concurrency=CONCURRENT_TICKETS, stored=True
        )
        replay_rates.append(float(replay["rate"]))
    counts = recording.count_mongo_commands()
    command_list = ", ".join(f"{count} × {name}" for name, count in counts.most_common())
    return [
        ComparisonRow(
            label="tickets per second: triage, assignment, message and e-mail",
            own_value=f"{median(own_rates):.1f}",
            baseline=f"replay of their calls, {CONCURRENT_TICKETS} tickets at a time",
            baseline_value=f"{median(replay_rates):.1f}",
            ratio=median(
                own / replayed for own, replayed in zip(own_rates, replay_rates, strict=True)
            ),
            min_ratio=0.5,
        ),
        ComparisonRow(
            label="MongoDB commands for one ticket",
            own_value=f"{counts.total()} ({command_list})",
            baseline="first measurement",
            baseline_value=str(FIRST_MEASURED_CALLS),
            ratio=counts.total() / FIRST_MEASURED_CALLS,
        ),
    ]


async def _latency_rows(
    service: BenchService, recording: CallRecording, report_progress: Callable[[str], None]
) -> list[ComparisonRow]:
    """The time from submission to the moderator's message, while nothing else happens."""
    rows = []
    for name, delays in (("no delay", {}), ("Slack takes 120 ms", NETWORK_DELAY_SECONDS)):
        report_progress(f"from submission to message, {name}")
        await service.environment.set_delays(**delays)
        own_seconds = await _seconds_until_offer(service)
        calls = recording.calls_until_offer()
        replay = await service.replay_calls(
            recording, calls, tickets=IDLE_TICKET_COUNT, concurrency=1, stored=False
        )
        replay_seconds = [float(seconds) for seconds in replay["seconds"]]
        for percent in (50, 99):
            own = _percentile(own_seconds, percent)
            replayed = _percentile(replay_seconds, percent)
            has_limit = percent == 50 and bool(delays)
            rows.append(
                ComparisonRow(
                    label=f"submission to message, idle, p{percent} ({name})",
                    own_value=f"{1000 * own:.0f} ms",
                    baseline="replay of its calls",
                    baseline_value=f"{1000 * replayed:.0f} ms",
                    ratio=own / replayed,
                    max_ratio=2.0 if has_limit else None,
                )
            )
    await service.environment.set_delays()
    return rows


async def _seconds_until_offer(service: BenchService) -> list[float]:
    # The worker was suspended during the replay. The first ticket after that is slower.
    await service.submit_tickets(1)
    await service.wait_until_idle()
    await service.environment.take_request_log()
    submission_times = []
    for _ in range(IDLE_TICKET_COUNT):
        submission_times.append(time.time())
        await service.submit_tickets(1)
        await service.wait_until_idle()
        await asyncio.sleep(IDLE_PAUSE_SECONDS)
    requests = await service.environment.take_request_log()
    offer_times = [
        float(call["at"])
        for call in requests
        if call["kind"] == "slack" and call["method"] == "chat.postMessage" and _is_offer(call)
    ]
    return [
        offered_at - submitted_at
        for submitted_at, offered_at in zip(submission_times, offer_times, strict=True)
    ]


def _is_offer(call: Call) -> bool:
    return ".offer." in json.dumps(call["fields"])


async def _worker_scaling_rows(
    service: BenchService, report_progress: Callable[[str], None]
) -> list[ComparisonRow]:
    """Two and four workers compared with one, with a Slack so slow that one worker is full."""
    rates = {}
    for worker_count in (1, 2, 4):
        report_progress(f"{worker_count} workers")
        await service.start_workers(worker_count)
        # A warm-up, so that each worker has loaded all its modules.
        await service.environment.set_delays()
        await service.tickets_per_second(CONCURRENT_TICKETS * worker_count)
        await service.environment.set_delays(**SLOW_DELAY_SECONDS)
        rates[worker_count] = await service.tickets_per_second(SLOW_TICKET_COUNT)
    await service.environment.set_delays()
    return [
        ComparisonRow(
            label=f"tickets per second with {worker_count} workers (Slack takes 3 s)",
            own_value=f"{rates[worker_count]:.1f}",
            baseline="one worker",
            baseline_value=f"{rates[1]:.1f}",
            ratio=rates[worker_count] / rates[1],
            min_ratio=1.7 if worker_count == 2 else None,
        )
        for worker_count in (2, 4)
    ]


def _percentile(seconds: Sequence[float], percent: int) -> float:
    return quantiles(seconds, n=100, method="inclusive")[percent - 1]
