"""How long it takes from nothing to the bot's first answer, beside loading what it stands on."""

import asyncio
import sys
import time
from collections.abc import Callable
from statistics import median

from aiohttp import ClientError

from tests.bench import requests
from tests.bench.report import Row
from tests.bench.stage import Place, Stage

ROUNDS = 5
_LOOKS_EVERY_SECONDS = 0.005
_ALONE = "import slack_bolt.async_app, motor.motor_asyncio"


async def measure(stage: Stage, tell: Callable[[str], None]) -> list[Row]:
    """The row about starting."""
    tell("cold start")
    place = stage.new_place()
    desk, alone = [], []
    for _ in range(ROUNDS + 1):
        alone.append(await _loaded())
        desk.append(await _answered(stage, place))
    # The first time, indexes were made, and files were read from the disk.
    pairs = list(zip(desk[1:], alone[1:], strict=True))
    return [
        Row(
            what="from nothing to the bot's first answer",
            desk=f"{median(desk[1:]):.2f} s",
            against="loading slack-bolt and motor",
            other=f"{median(alone[1:]):.2f} s",
            ratio=median(a / b for a, b in pairs),
            most=1.5,
        )
    ]


async def _loaded() -> float:
    began = time.perf_counter()
    loading = await asyncio.create_subprocess_exec(sys.executable, "-c", _ALONE)
    await loading.wait()
    return time.perf_counter() - began


async def _answered(stage: Stage, place: Place) -> float:
    async def at_once() -> bool:
        return True

    bot = stage.process("cold", "-m", "bot", env=place.environment, ready=at_once)
    began = time.perf_counter()
    await bot.start()
    try:
        while not await _answers(stage, place):  # noqa: ASYNC110  # there is nobody to tell
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)
        return time.perf_counter() - began
    finally:
        await bot.kill()


async def _answers(stage: Stage, place: Place) -> bool:
    headers, body = requests.command()
    url = f"{place.url}/slack/events"
    try:
        async with stage.http.post(url, data=body, headers=headers) as answer:
            return answer.ok
    except ClientError:
        return False
