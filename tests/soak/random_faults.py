"""Random faults during the soak, one every five to forty seconds."""

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
    """Causes random faults and records them.

    Attributes:
        world: the world of the soak.
        dice: the source of randomness.
        may_end_bot: False in the second half, so that the bot's memory can be compared.
        counts: the number of faults of each kind.
        recovery_seconds: the time until other workers had all steps of a killed worker.
    """

    world: World
    dice: random.Random
    may_end_bot: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    recovery_seconds: list[float] = field(default_factory=list)
    _recovery_tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Cause one random fault after another until cancelled."""
        while True:
            await asyncio.sleep(self.dice.uniform(*_INTERVAL_SECONDS))
            fault = self.dice.choice(_RANDOM_FAULTS)
            if self.may_end_bot or fault not in (kill_bot, stop_bot):
                self.counts[fault.__name__.replace("_", " ")] += 1
                await fault(self)

    async def repair_all(self) -> None:
        """Clear all faults, and start all processes that are down."""
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
        """Wait until no step has a due time."""
        async with asyncio.timeout(max_seconds):
            pending: object = True
            while pending:
                await asyncio.sleep(_POLL_SECONDS)
                pending = await self.world.database.tickets.find_one({"due": {"$gte": _LONG_AGO}})

    def measure_recovery(self, leases: set[tuple[str, str, int]]) -> None:
        """Measure the time until none of these leases is left."""
        task = asyncio.create_task(self._wait_for_recovery(leases))
        self._recovery_tasks.add(task)

    async def current_leases(
        self, ticket_ids: list[str] | None = None
    ) -> set[tuple[str, str, int]]:
        """The leases of these tickets, or of all: ticket id, step and lease number."""
        # Tickets without pending steps have no due time, and an index finds the others.
        query = {"due": {"$gte": _LONG_AGO}} if ticket_ids is None else {"_id": {"$in": ticket_ids}}
        tickets = self.world.database.tickets.find(query, {"pending": 1})
        return {
            (ticket["_id"], step["step"], step["lease"])
            async for ticket in tickets
            for step in ticket["pending"]
            if step["held"]
        }

    async def _wait_for_recovery(self, leases: set[tuple[str, str, int]]) -> None:
        started = time.monotonic()
        while leases:
            await asyncio.sleep(_POLL_SECONDS)
            # MongoDB may be down at the same time.
            with suppress(PyMongoError):
                leases &= await self.current_leases(sorted({ticket for ticket, *_ in leases}))
        self.recovery_seconds.append(time.monotonic() - started)


async def kill_worker(faults: RandomFaults) -> None:
    """Kill the worker and start another one."""
    await faults.world.worker.kill()
    faults.measure_recovery(await faults.current_leases())
    await faults.world.worker.start(timeout_seconds=60)


async def stop_worker(faults: RandomFaults) -> None:
    """Send SIGTERM, as a new release does."""
    await faults.world.worker.stop()
    await faults.world.worker.start(timeout_seconds=60)


async def kill_bot(faults: RandomFaults) -> None:
    """Kill the bot and start it again."""
    await faults.world.bot.kill()
    await faults.world.bot.start(timeout_seconds=60)


async def stop_bot(faults: RandomFaults) -> None:
    """Send SIGTERM, as a new release does."""
    await faults.world.bot.stop()
    await faults.world.bot.start(timeout_seconds=60)


async def kill_mongodb(faults: RandomFaults) -> None:
    """Kill MongoDB and start it again on its data."""
    await faults.world.servers.mongodb.kill()
    await faults.world.servers.mongodb.start(timeout_seconds=60)


async def freeze_mongodb(faults: RandomFaults) -> None:
    """Suspend the server for some seconds."""
    faults.world.servers.mongodb.suspend()
    await asyncio.sleep(_FREEZE_SECONDS)
    faults.world.servers.mongodb.resume()


async def kill_redis(faults: RandomFaults) -> None:
    """Kill Redis and start it again, empty."""
    await faults.world.servers.redis.kill()
    await faults.world.servers.redis.start(timeout_seconds=60)


async def flush_redis(faults: RandomFaults) -> None:
    """Delete all wake-ups."""
    await faults.world.redis.flushall()


async def freeze_redis(faults: RandomFaults) -> None:
    """Suspend the server for some seconds."""
    faults.world.servers.redis.suspend()
    await asyncio.sleep(_FREEZE_SECONDS)
    faults.world.servers.redis.resume()


async def fail_slack(faults: RandomFaults) -> None:
    """Make some Slack calls fail, some of them after Slack has done them."""
    fault, method = faults.dice.choice(_SLACK_FAULTS), faults.dice.choice(_METHODS)
    faults.world.slack.faults.add(method, fault, times=faults.dice.randint(1, 10))


async def fail_mail(faults: RandomFaults) -> None:
    """Make the mail server refuse some e-mails."""
    mail_faults = (
        MailFault.GREYLIST,
        MailFault.TOO_MANY_EMAILS,
        MailFault.DISCONNECT_AFTER_DATA,
        MailFault.BUSY,
    )
    faults.world.mail.add_fault(faults.dice.choice(mail_faults), times=faults.dice.randint(1, 5))


async def fail_gemini(faults: RandomFaults) -> None:
    """Make Gemini fail, or answer with text instead of JSON."""
    gemini, times = faults.world.gemini, faults.dice.randint(1, 10)
    if faults.dice.random() < 0.5:
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
