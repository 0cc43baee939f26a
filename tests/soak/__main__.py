"""`make soak`: many people for ten minutes, while things fail; then what came of it."""

import argparse
import asyncio
import random
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from sandbox.services.database_servers import DatabaseServers
from sandbox.services.processes import Process
from sandbox.world.seed_moderators import moderator_skills
from sandbox.world.world import World
from tests.faults.fault_report import write_section
from tests.faults.invariants import check_invariants
from tests.sabotage.sitecustomize import SABOTAGE_VARIABLE, hook_environment
from tests.soak.measurements import SoakMemory, SoakResult, collect_result
from tests.soak.random_faults import RandomFaults
from tests.soak.simulated_people import (
    RequesterTally,
    add_people,
    open_tickets_at,
    press_random_buttons,
)
from tests.stories.user_actions import set_role_and_skills

_MAX_WARM_UP_SECONDS = 60
# So many answers of Gemini's are useless at first: both workers triage by themselves.
_USELESS_GEMINI_ANSWERS = 60
_PROGRESS_INTERVAL_SECONDS = 15
_MAX_PENDING_SECONDS = 900


@dataclass(frozen=True, slots=True)
class SoakOptions:
    """What was asked for on the command line."""

    minutes: float
    tickets: int
    people: int
    seed: int


async def main(asked: SoakOptions) -> int:
    """Soak, write the table; the exit code says whether all bounds hold."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(DatabaseServers())
        # At each write the embedded MongoDB looks through all that the driver may repeat, up to
        # 10,000 writes, which costs more than the writes. The desk repeats a step by itself.
        uri = f"{servers.mongodb_uri}/?retryWrites=false"
        # Slack itself would need hours for this at its published limits: they are another test's.
        environment = hook_environment(
            **{SABOTAGE_VARIABLE: "a generous Slack", "MONGODB_URI": uri}
        )
        world = await stack.enter_async_context(World(servers=servers, extra_env=environment))
        world.slack.has_rate_limits = False
        steady = world.new_worker("steady-worker")
        await steady.start()
        stack.push_async_callback(steady.stop)
        await _add_moderators(world)
        soaked = await _run_soak(world, steady, asked)
    wrong = soaked.violated_bounds()
    write_section("soak", soaked.render_table())
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


async def _add_moderators(world: World) -> None:
    for person, skills in moderator_skills(world.personas).items():
        await set_role_and_skills(
            world.slack, world.personas.grace, person, role="Moderator", skills=skills
        )


async def _run_soak(world: World, steady: Process, asked: SoakOptions) -> SoakResult:
    dice = random.Random(asked.seed)  # noqa: S311  (chance that can be had again)
    tally, troubles = RequesterTally(), RandomFaults(world, dice)
    memory = SoakMemory(steady_worker=steady, bot=world.bot)
    seconds = asked.minutes * 60
    helpers = [*moderator_skills(world.personas), world.personas.grace]
    # Warm is who has done each kind of thing once, and so has the built-in engine loaded.
    world.gemini.respond_with_text(
        "Certainly! Here is what I think.", times=_USELESS_GEMINI_ANSWERS
    )
    async with asyncio.TaskGroup() as tasks:
        background = [
            *(tasks.create_task(press_random_buttons(person, dice)) for person in helpers),
            tasks.create_task(_print_progress(world, tally, troubles)),
            tasks.create_task(memory.watch(warm_seconds=min(_MAX_WARM_UP_SECONDS, seconds / 4))),
        ]
        trouble = tasks.create_task(troubles.run())
        asking = [
            tasks.create_task(
                open_tickets_at(person, tally, dice, times_seconds=_random_times(asked, dice))
            )
            for person in add_people(world, asked.people)
        ]
        await asyncio.sleep(seconds / 2)
        troubles.bot_may_die = False
        await asyncio.wait(asking)
        trouble.cancel()
        await asyncio.wait([trouble])
        await troubles.repair_all()
        began = time.monotonic()
        await troubles.wait_until_idle(max_seconds=_MAX_PENDING_SECONDS)
        settled = time.monotonic() - began
        memory.record_final()
        for task in background:
            task.cancel()
        # What somebody has pressed at the very end is done, too.
        await troubles.wait_until_idle(max_seconds=_MAX_PENDING_SECONDS)
    soaked = await collect_result(world, tally, troubles, memory, settle_seconds=settled)
    print(soaked.render_table(), flush=True)
    await check_invariants(world, more_processes=[steady])
    return soaked


def _random_times(asked: SoakOptions, dice: random.Random) -> list[float]:
    each = asked.tickets // asked.people
    return [dice.uniform(0, asked.minutes * 60) for _ in range(each)]


async def _print_progress(world: World, tally: RequesterTally, troubles: RandomFaults) -> None:
    """Say how far it is, now and then."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(_PROGRESS_INTERVAL_SECONDS)
        print(
            f"{time.monotonic() - began:4.0f} s: {len(tally.ticket_ids)} receipts for "
            f"{tally.submitted} tickets, {len(world.mail.inbox)} letters, "
            f"{sum(troubles.counts.values())} troubles",
            file=sys.stderr,
            flush=True,
        )


def _parse_options() -> SoakOptions:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--tickets", type=int, default=2000)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    return SoakOptions(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_parse_options())))
