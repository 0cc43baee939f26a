"""What goes wrong in the meantime: something random, every five to forty seconds."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pymongo.errors import PyMongoError

from sandbox.mail import MailFault
from sandbox.slack.faults import Fault
from sandbox.world import World

_EVERY_SECONDS = (5.0, 40.0)
_FREEZE_SECONDS = 3.0
_LOOKS_EVERY_SECONDS = 1.0
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_METHODS = ("chat.postMessage", "chat.update", "conversations.history", "users.info")
_SLACK_FAULTS = (
    Fault(error="internal_error", after=True),
    Fault(accept_then_reset=True),
    Fault(status=503),
    Fault(status=429, retry_after=2),
    Fault(broken_json=True, after=True),
)
Trouble = Callable[["Troubles"], Awaitable[None]]


@dataclass(slots=True)
class Troubles:
    """All that goes wrong, and how it was.

    Attributes:
        bot_may_die: in the second half it does not, so that its memory can be compared.
        recoveries: seconds until somebody else had all that a killed worker had held.
    """

    world: World
    dice: random.Random
    bot_may_die: bool = True
    happened: Counter[str] = field(default_factory=Counter)
    recoveries: list[float] = field(default_factory=list)
    _watching: set[asyncio.Task[None]] = field(default_factory=set)

    async def go_on(self) -> None:
        """Something goes wrong, again and again."""
        while True:
            await asyncio.sleep(self.dice.uniform(*_EVERY_SECONDS))
            trouble = self.dice.choice(_TROUBLES)
            if self.bot_may_die or trouble not in (bot_is_killed, bot_is_told_to_end):
                self.happened[trouble.__name__.replace("_", " ")] += 1
                await trouble(self)

    async def end(self) -> None:
        """All is well again."""
        world = self.world
        world.slack.faults.clear()
        world.mail.recovers()
        world.gemini.recovers()
        for process in (world.servers.mongo, world.servers.redis, world.worker, world.bot):
            process.thaw()
            if not process.alive:
                await process.start()
        await asyncio.gather(*self._watching)

    async def is_all_done(self, *, within: float) -> None:
        """Return when no step is to be done any more."""
        async with asyncio.timeout(within):
            pending: object = True
            while pending:
                await asyncio.sleep(_LOOKS_EVERY_SECONDS)
                pending = await self.world.database.tickets.find_one({"due": {"$gte": _LONG_AGO}})

    def watch(self, held: set[tuple[str, str, int]]) -> None:
        """Measure how long it takes until nobody waits for who has died."""
        task = asyncio.create_task(self._recovers(held))
        self._watching.add(task)

    async def held(self, among: list[str] | None = None) -> set[tuple[str, str, int]]:
        """What is on lease now, of these tickets or of all: ticket, step, number of the lease."""
        # What is done has no due time, and all that have one are found by an index.
        query = {"due": {"$gte": _LONG_AGO}} if among is None else {"_id": {"$in": among}}
        found = self.world.database.tickets.find(query, {"pending": 1})
        return {
            (ticket["_id"], step["step"], step["lease"])
            async for ticket in found
            for step in ticket["pending"]
            if step["held"]
        }

    async def _recovers(self, held: set[tuple[str, str, int]]) -> None:
        began = time.monotonic()
        while held:
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)
            # MongoDB may be away as well.
            with suppress(PyMongoError):
                held &= await self.held(sorted({ticket for ticket, *_ in held}))
        self.recoveries.append(time.monotonic() - began)


async def worker_is_killed(troubles: Troubles) -> None:
    """SIGKILL, and another one is started."""
    await troubles.world.worker.kill()
    troubles.watch(await troubles.held())
    await troubles.world.worker.start(timeout=60)


async def worker_is_told_to_end(troubles: Troubles) -> None:
    """SIGTERM, as with a new release."""
    await troubles.world.worker.stop()
    await troubles.world.worker.start(timeout=60)


async def bot_is_killed(troubles: Troubles) -> None:
    """SIGKILL, and it is started again."""
    await troubles.world.bot.kill()
    await troubles.world.bot.start(timeout=60)


async def bot_is_told_to_end(troubles: Troubles) -> None:
    """SIGTERM, as with a new release."""
    await troubles.world.bot.stop()
    await troubles.world.bot.start(timeout=60)


async def mongodb_is_killed(troubles: Troubles) -> None:
    """SIGKILL, and it is started again on its data."""
    await troubles.world.servers.mongo.kill()
    await troubles.world.servers.mongo.start(timeout=60)


async def mongodb_stands_still(troubles: Troubles) -> None:
    """It answers nobody for a while."""
    troubles.world.servers.mongo.freeze()
    await asyncio.sleep(_FREEZE_SECONDS)
    troubles.world.servers.mongo.thaw()


async def redis_is_killed(troubles: Troubles) -> None:
    """SIGKILL; it comes back empty."""
    await troubles.world.servers.redis.kill()
    await troubles.world.servers.redis.start(timeout=60)


async def redis_is_emptied(troubles: Troubles) -> None:
    """All rings are gone."""
    await troubles.world.redis.flushall()


async def redis_stands_still(troubles: Troubles) -> None:
    """It answers nobody for a while."""
    troubles.world.servers.redis.freeze()
    await asyncio.sleep(_FREEZE_SECONDS)
    troubles.world.servers.redis.thaw()


async def slack_fails(troubles: Troubles) -> None:
    """Some calls end badly, some of them after they were done."""
    fault, method = troubles.dice.choice(_SLACK_FAULTS), troubles.dice.choice(_METHODS)
    troubles.world.slack.faults.add(method, fault, times=troubles.dice.randint(1, 10))


async def mail_fails(troubles: Troubles) -> None:
    """Some letters have a hard time."""
    faults = (MailFault.GREYLIST, MailFault.TOO_MANY, MailFault.CUT_AFTER_DATA, MailFault.BUSY)
    troubles.world.mail.fails(troubles.dice.choice(faults), times=troubles.dice.randint(1, 5))


async def gemini_fails(troubles: Troubles) -> None:
    """It is overloaded, or talks."""
    gemini, times = troubles.world.gemini, troubles.dice.randint(1, 10)
    if troubles.dice.random() < 0.5:
        gemini.fails(503, times=times)
    else:
        gemini.says("Certainly! Here is what I think.", times=times)


_TROUBLES: tuple[Trouble, ...] = (
    worker_is_killed,
    worker_is_told_to_end,
    bot_is_killed,
    bot_is_told_to_end,
    mongodb_is_killed,
    mongodb_stands_still,
    redis_is_killed,
    redis_is_emptied,
    redis_stands_still,
    slack_fails,
    mail_fails,
    gemini_fails,
)
