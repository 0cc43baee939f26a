"""`make soak`: many people use Frontdesk for ten minutes while random faults happen."""

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
# The first answers of Gemini are invalid, so both workers load the built-in engine.
_INVALID_GEMINI_ANSWERS = 60
_PROGRESS_INTERVAL_SECONDS = 15
_MAX_PENDING_SECONDS = 900


@dataclass(frozen=True, slots=True)
class SoakOptions:
    """The options of the command line."""

    minutes: float
    tickets: int
    people: int
    seed: int


async def main(options: SoakOptions) -> int:
    """Run the soak and write its table. The exit code is 0 if all bounds hold."""
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(DatabaseServers())
        # The embedded MongoDB searches up to 10,000 retryable writes at each write, which costs
        # more than the write. Frontdesk retries steps itself, so retryable writes are off.
        uri = f"{servers.mongodb_uri}/?retryWrites=false"
        # At Slack's published rate limits the soak would need hours. Another test covers them.
        environment = hook_environment(**{SABOTAGE_VARIABLE: "no rate limits", "MONGODB_URI": uri})
        world = await stack.enter_async_context(World(servers=servers, extra_env=environment))
        world.slack.has_rate_limits = False
        steady_worker = world.new_worker("steady-worker")
        await steady_worker.start()
        stack.push_async_callback(steady_worker.stop)
        await _add_moderators(world)
        result = await _run_soak(world, steady_worker, options)
    violations = result.violated_bounds()
    write_section("soak", result.render_table())
    print("\n".join(violations), file=sys.stderr)
    return 1 if violations else 0


async def _add_moderators(world: World) -> None:
    for person, skills in moderator_skills(world.personas).items():
        await set_role_and_skills(
            world.slack, world.personas.grace, person, role="Moderator", skills=skills
        )


async def _run_soak(world: World, steady_worker: Process, options: SoakOptions) -> SoakResult:
    dice = random.Random(options.seed)  # noqa: S311  # a seed makes the run repeatable
    tally, faults = RequesterTally(), RandomFaults(world, dice)
    memory = SoakMemory(steady_worker=steady_worker, bot=world.bot)
    seconds = options.minutes * 60
    moderators = [*moderator_skills(world.personas), world.personas.grace]
    # A warm process has run each kind of step once, so it has loaded the built-in engine.
    world.gemini.respond_with_text(
        "Certainly! Here is what I think.", times=_INVALID_GEMINI_ANSWERS
    )
    async with asyncio.TaskGroup() as tasks:
        background = [
            *(tasks.create_task(press_random_buttons(person, dice)) for person in moderators),
            tasks.create_task(_print_progress(world, tally, faults)),
            tasks.create_task(memory.watch(warm_seconds=min(_MAX_WARM_UP_SECONDS, seconds / 4))),
        ]
        fault_task = tasks.create_task(faults.run())
        requesters = [
            tasks.create_task(
                open_tickets_at(person, tally, dice, times_seconds=_random_times(options, dice))
            )
            for person in add_people(world, options.people)
        ]
        await asyncio.sleep(seconds / 2)
        faults.may_end_bot = False
        await asyncio.wait(requesters)
        fault_task.cancel()
        await asyncio.wait([fault_task])
        await faults.repair_all()
        repaired_at = time.monotonic()
        await faults.wait_until_idle(max_seconds=_MAX_PENDING_SECONDS)
        settle_seconds = time.monotonic() - repaired_at
        memory.record_final()
        for task in background:
            task.cancel()
        # A button pressed at the very end may have added steps.
        await faults.wait_until_idle(max_seconds=_MAX_PENDING_SECONDS)
    result = await collect_result(world, tally, faults, memory, settle_seconds=settle_seconds)
    print(result.render_table(), flush=True)
    await check_invariants(world, more_processes=[steady_worker])
    return result


def _random_times(options: SoakOptions, dice: random.Random) -> list[float]:
    tickets_per_person = options.tickets // options.people
    return [dice.uniform(0, options.minutes * 60) for _ in range(tickets_per_person)]


async def _print_progress(world: World, tally: RequesterTally, faults: RandomFaults) -> None:
    started = time.monotonic()
    while True:
        await asyncio.sleep(_PROGRESS_INTERVAL_SECONDS)
        print(
            f"{time.monotonic() - started:4.0f} s: {len(tally.ticket_ids)} receipts for "
            f"{tally.submitted} tickets, {len(world.mail.inbox)} e-mails, "
            f"{sum(faults.counts.values())} faults",
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
