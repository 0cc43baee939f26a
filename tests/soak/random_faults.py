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

from sandbox.services.mail_server import MailFault
from sandbox.slack.state.faults import Fault
from sandbox.world.world import World

_INTERVAL_SECONDS = (5.0, 40.0)
_FREEZE_SECONDS = 3.0
_POLL_SECONDS = 1.0
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_METHODS = ("chat.postMessage", "chat.update", "conversations.history", "users.info")
_SLACK_FAULTS = (
    Fault(error="internal_error", fails_after_success=True),
    Fault(resets_connection=True),
    Fault(status=503),
    Fault(status=429, retry_after_seconds=2),
    Fault(broken_json=True, fails_after_success=True),
)
RandomFault = Callable[["RandomFaults"], Awaitable[None]]


@dataclass(slots=True)
class RandomFaults:
    """All that goes wrong, and how it was.

    Attributes:
        bot_may_die: in the second half it does not, so that its memory can be compared.
        recoveries: seconds until somebody else had all that a killed worker had held.
    """

    world: World
    dice: random.Random
    bot_may_die: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    recovery_seconds: list[float] = field(default_factory=list)
    _recovery_tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Something goes wrong, again and again."""
        while True:
            await asyncio.sleep(self.dice.uniform(*_INTERVAL_SECONDS))
            trouble = self.dice.choice(_RANDOM_FAULTS)
            if self.bot_may_die or trouble not in (kill_bot, stop_bot):
                self.counts[trouble.__name__.replace("_", " ")] += 1
                await trouble(self)

    async def repair_all(self) -> None:
        """All is well again."""
        world = self.world
        world.slack.faults.clear()
        world.mail.clear_faults()
        world.gemini.recover()
        for process in (world.servers.mongodb, world.servers.redis, world.worker, world.bot):
            process.resume()
            if not process.is_alive:
                await process.start()
        await asyncio.gather(*self._recovery_tasks)

    async def wait_until_idle(self, *, max_seconds: float) -> None:
        """Return when no step is to be done any more."""
        async with asyncio.timeout(max_seconds):
            pending: object = True
            while pending:
                await asyncio.sleep(_POLL_SECONDS)
                pending = await self.world.database.tickets.find_one({"due": {"$gte": _LONG_AGO}})

    def measure_recovery(self, leases: set[tuple[str, str, int]]) -> None:
        """Measure how long it takes until nobody waits for who has died."""
        task = asyncio.create_task(self._wait_for_recovery(leases))
        self._recovery_tasks.add(task)

    async def current_leases(
        self, ticket_ids: list[str] | None = None
    ) -> set[tuple[str, str, int]]:
        """What is on lease now, of these tickets or of all: ticket, step, number of the lease."""
        # What is done has no due time, and all that have one are found by an index.
        query = {"due": {"$gte": _LONG_AGO}} if ticket_ids is None else {"_id": {"$in": ticket_ids}}
        found = self.world.database.tickets.find(query, {"pending": 1})
        return {
            (ticket["_id"], step["step"], step["lease"])
            async for ticket in found
            for step in ticket["pending"]
            if step["held"]
        }

    async def _wait_for_recovery(self, held: set[tuple[str, str, int]]) -> None:
        began = time.monotonic()
        while held:
            await asyncio.sleep(_POLL_SECONDS)
            # MongoDB may be away as well.
            with suppress(PyMongoError):
                held &= await self.current_leases(sorted({ticket for ticket, *_ in held}))
        self.recovery_seconds.append(time.monotonic() - began)


async def kill_worker(troubles: RandomFaults) -> None:
    """SIGKILL, and another one is started."""
    await troubles.world.worker.kill()
    troubles.measure_recovery(await troubles.current_leases())
    await troubles.world.worker.start(timeout_seconds=60)


async def stop_worker(troubles: RandomFaults) -> None:
    """SIGTERM, as with a new release."""
    await troubles.world.worker.stop()
    await troubles.world.worker.start(timeout_seconds=60)


async def kill_bot(troubles: RandomFaults) -> None:
    """SIGKILL, and it is started again."""
    await troubles.world.bot.kill()
    await troubles.world.bot.start(timeout_seconds=60)


async def stop_bot(troubles: RandomFaults) -> None:
    """SIGTERM, as with a new release."""
    await troubles.world.bot.stop()
    await troubles.world.bot.start(timeout_seconds=60)


async def kill_mongodb(troubles: RandomFaults) -> None:
    """SIGKILL, and it is started again on its data."""
    await troubles.world.servers.mongodb.kill()
    await troubles.world.servers.mongodb.start(timeout_seconds=60)


async def freeze_mongodb(troubles: RandomFaults) -> None:
    """It answers nobody for a while."""
    troubles.world.servers.mongodb.suspend()
    await asyncio.sleep(_FREEZE_SECONDS)
    troubles.world.servers.mongodb.resume()


async def kill_redis(troubles: RandomFaults) -> None:
    """SIGKILL; it comes back empty."""
    await troubles.world.servers.redis.kill()
    await troubles.world.servers.redis.start(timeout_seconds=60)


async def flush_redis(troubles: RandomFaults) -> None:
    """All rings are gone."""
    await troubles.world.redis.flushall()


async def freeze_redis(troubles: RandomFaults) -> None:
    """It answers nobody for a while."""
    troubles.world.servers.redis.suspend()
    await asyncio.sleep(_FREEZE_SECONDS)
    troubles.world.servers.redis.resume()


async def fail_slack(troubles: RandomFaults) -> None:
    """Some calls end badly, some of them after they were done."""
    fault, method = troubles.dice.choice(_SLACK_FAULTS), troubles.dice.choice(_METHODS)
    troubles.world.slack.faults.add(method, fault, times=troubles.dice.randint(1, 10))


async def fail_mail(troubles: RandomFaults) -> None:
    """Some letters have a hard time."""
    faults = (
        MailFault.GREYLIST,
        MailFault.TOO_MANY_EMAILS,
        MailFault.DISCONNECT_AFTER_DATA,
        MailFault.BUSY,
    )
    troubles.world.mail.add_fault(troubles.dice.choice(faults), times=troubles.dice.randint(1, 5))


async def fail_gemini(troubles: RandomFaults) -> None:
    """It is overloaded, or talks."""
    gemini, times = troubles.world.gemini, troubles.dice.randint(1, 10)
    if troubles.dice.random() < 0.5:
        gemini.respond_with_error(503, times=times)
    else:
        gemini.respond_with_text("Certainly! Here is what I think.", times=times)


_RANDOM_FAULTS: tuple[RandomFault, ...] = (
    kill_worker,
    stop_worker,
    kill_bot,
    stop_bot,
    kill_mongodb,
    freeze_mongodb,
    kill_redis,
    flush_redis,
    freeze_redis,
    fail_slack,
    fail_mail,
    fail_gemini,
)
