"""`make soak`: many people for ten minutes, while things fail; then what came of it."""

import argparse
import asyncio
import random
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from sandbox.hiring import skills_of
from sandbox.processes import Process
from sandbox.servers import Servers
from sandbox.world import World
from tests.faults.invariants import check_invariants
from tests.faults.reporting import write_section
from tests.sabotage.sitecustomize import SABOTAGE, told
from tests.soak.counting import Memory, Soaked, count
from tests.soak.people import Tally, asks, helps, joins
from tests.soak.trouble import Troubles
from tests.stories.acts import gives

_WARM_SECONDS = 60
# So many answers of Gemini's are useless at first: both workers triage by themselves.
_COLD_ANSWERS = 60
_TELLS_EVERY_SECONDS = 15
_SETTLES_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line."""

    minutes: float
    tickets: int
    people: int
    seed: int


async def main(asked: Asked) -> int:
    """Soak, write the table; the exit code says whether all bounds hold."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(Servers())
        # At each write the embedded MongoDB looks through all that the driver may repeat, up to
        # 10,000 writes, which costs more than the writes. The desk repeats a step by itself.
        uri = f"{servers.mongodb_uri}/?retryWrites=false"
        # Slack itself would need hours for this at its published limits: they are another test's.
        environment = told(**{SABOTAGE: "a generous Slack", "MONGODB_URI": uri})
        world = await stack.enter_async_context(World(servers=servers, told_all=environment))
        world.slack.rate_limits = False
        steady = world.new_worker("steady-worker")
        await steady.start()
        stack.push_async_callback(steady.stop)
        await _hire(world)
        soaked = await _soak(world, steady, asked)
    wrong = soaked.wrong()
    write_section("soak", soaked.table())
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


async def _hire(world: World) -> None:
    for person, skills in skills_of(world.cast).items():
        await gives(world.slack, world.cast.grace, person, role="Moderator", skills=skills)


async def _soak(world: World, steady: Process, asked: Asked) -> Soaked:
    dice = random.Random(asked.seed)  # noqa: S311  (chance that can be had again)
    tally, troubles = Tally(), Troubles(world, dice)
    memory = Memory(steady=steady, bot=world.bot)
    seconds = asked.minutes * 60
    helpers = [*skills_of(world.cast), world.cast.grace]
    # Warm is who has done each kind of thing once, and so has the built-in engine loaded.
    world.gemini.says("Certainly! Here is what I think.", times=_COLD_ANSWERS)
    async with asyncio.TaskGroup() as tasks:
        background = [
            *(tasks.create_task(helps(person, dice)) for person in helpers),
            tasks.create_task(_tell(world, tally, troubles)),
            tasks.create_task(memory.watch(warm_seconds=min(_WARM_SECONDS, seconds / 4))),
        ]
        trouble = tasks.create_task(troubles.go_on())
        asking = [
            tasks.create_task(asks(person, tally, dice, at=_moments(asked, dice)))
            for person in joins(world, asked.people)
        ]
        await asyncio.sleep(seconds / 2)
        troubles.bot_may_die = False
        await asyncio.wait(asking)
        trouble.cancel()
        await asyncio.wait([trouble])
        await troubles.end()
        began = time.monotonic()
        await troubles.is_all_done(within=_SETTLES_SECONDS)
        settled = time.monotonic() - began
        memory.end()
        for task in background:
            task.cancel()
        # What somebody has pressed at the very end is done, too.
        await troubles.is_all_done(within=_SETTLES_SECONDS)
    soaked = await count(world, tally, troubles, memory, settled=settled)
    print(soaked.table(), flush=True)
    await check_invariants(world, more=[steady])
    return soaked


def _moments(asked: Asked, dice: random.Random) -> list[float]:
    each = asked.tickets // asked.people
    return [dice.uniform(0, asked.minutes * 60) for _ in range(each)]


async def _tell(world: World, tally: Tally, troubles: Troubles) -> None:
    """Say how far it is, now and then."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(_TELLS_EVERY_SECONDS)
        print(
            f"{time.monotonic() - began:4.0f} s: {len(tally.receipts)} receipts for "
            f"{tally.submitted} tickets, {len(world.mail.inbox)} letters, "
            f"{sum(troubles.happened.values())} troubles",
            file=sys.stderr,
            flush=True,
        )


def _asked() -> Asked:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--tickets", type=int, default=2000)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    return Asked(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_asked())))
