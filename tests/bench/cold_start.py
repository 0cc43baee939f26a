"""The time from the bot's start to its first answer, compared with importing its libraries."""

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
    environment: BenchEnvironment, report_progress: Callable[[str], None]
) -> list[ComparisonRow]:
    """Measure the start of the bot."""
    report_progress("cold start")
    deployment = environment.new_deployment()
    bot_seconds, import_seconds = [], []
    for _ in range(ROUNDS + 1):
        import_seconds.append(await _import_seconds())
        bot_seconds.append(await _first_answer_seconds(environment, deployment))
    # The first round also creates indexes and reads files from the disk.
    pairs = list(zip(bot_seconds[1:], import_seconds[1:], strict=True))
    return [
        ComparisonRow(
            label="bot start to first answer",
            own_value=f"{median(bot_seconds[1:]):.2f} s",
            baseline="import of slack-bolt and motor",
            baseline_value=f"{median(import_seconds[1:]):.2f} s",
            ratio=median(bot / imports for bot, imports in pairs),
            max_ratio=1.5,
        )
    ]


async def _import_seconds() -> float:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _BASELINE_IMPORTS)
    await process.wait()
    return time.perf_counter() - started


async def _first_answer_seconds(environment: BenchEnvironment, deployment: Deployment) -> float:
    async def is_started() -> bool:
        return True

    bot = environment.make_process(
        "cold", "-m", "bot", env=deployment.environment, ready=is_started
    )
    started = time.perf_counter()
    await bot.start()
    try:
        while not await _bot_answers(environment, deployment):  # noqa: ASYNC110  # the bot announces nothing
            await asyncio.sleep(_POLL_SECONDS)
        return time.perf_counter() - started
    finally:
        await bot.kill()


async def _bot_answers(environment: BenchEnvironment, deployment: Deployment) -> bool:
    headers, body = slack_requests.ticket_command()
    url = f"{deployment.url}/slack/events"
    try:
        async with environment.http.post(url, data=body, headers=headers) as answer:
            return answer.ok
    except ClientError:
        return False
