"""How long it takes from nothing to the bot's first answer, beside loading what it stands on."""

import asyncio
import sys
import time
from collections.abc import Callable
from statistics import median

from aiohttp import ClientError

from tests.bench import slack_requests
from tests.bench.environment import BenchEnvironment, Deployment
from tests.bench.report import ComparisonRow

ROUNDS = 5
_POLL_SECONDS = 0.005
_BASELINE_IMPORTS = "import slack_bolt.async_app, motor.motor_asyncio"


async def measure(
    stage: BenchEnvironment, report_progress: Callable[[str], None]
) -> list[ComparisonRow]:
    """The row about starting."""
    report_progress("cold start")
    place = stage.new_deployment()
    service, alone = [], []
    for _ in range(ROUNDS + 1):
        alone.append(await _import_seconds())
        service.append(await _first_answer_seconds(stage, place))
    # The first time, indexes were made, and files were read from the disk.
    pairs = list(zip(service[1:], alone[1:], strict=True))
    return [
        ComparisonRow(
            label="from nothing to the bot's first answer",
            own_value=f"{median(service[1:]):.2f} s",
            baseline="loading slack-bolt and motor",
            baseline_value=f"{median(alone[1:]):.2f} s",
            ratio=median(a / b for a, b in pairs),
            max_ratio=1.5,
        )
    ]


async def _import_seconds() -> float:
    began = time.perf_counter()
    loading = await asyncio.create_subprocess_exec(sys.executable, "-c", _BASELINE_IMPORTS)
    await loading.wait()
    return time.perf_counter() - began


async def _first_answer_seconds(stage: BenchEnvironment, place: Deployment) -> float:
    async def at_once() -> bool:
        return True

    bot = stage.make_process("cold", "-m", "bot", env=place.environment, ready=at_once)
    began = time.perf_counter()
    await bot.start()
    try:
        while not await _bot_answers(stage, place):  # noqa: ASYNC110  # there is nobody to tell
            await asyncio.sleep(_POLL_SECONDS)
        return time.perf_counter() - began
    finally:
        await bot.kill()


async def _bot_answers(stage: BenchEnvironment, place: Deployment) -> bool:
    headers, body = slack_requests.ticket_command()
    url = f"{place.url}/slack/events"
    try:
        async with stage.http.post(url, data=body, headers=headers) as answer:
            return answer.ok
    except ClientError:
        return False
