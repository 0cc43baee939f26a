"""The whole desk on this machine, until Ctrl-C: who is there, where to look, what happens."""

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

from sandbox import console
from sandbox.hiring import NotHired, hire, skills_of
from sandbox.processes import Ended
from sandbox.watching import Watcher
from sandbox.world import World

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def demo(data: Path | None) -> int:
    """Run the desk until Ctrl-C or SIGTERM; returns the exit code.

    Args:
        data: where data, letters and logs are kept; else in a folder that ends with us.
    """
    running = asyncio.create_task(_run(data))
    for name in _STOPPING:
        asyncio.get_running_loop().add_signal_handler(name, _stop, running)
    with suppress(asyncio.CancelledError):
        return await running
    print("Stopped.", flush=True)
    return 0


def _stop(running: asyncio.Task[int]) -> None:
    """Stop in good order; whoever asks twice does not make it faster."""
    if not running.cancelling():
        print("\nStopping …", flush=True)
        running.cancel()


async def _run(data: Path | None) -> int:
    print("Starting the desk …", flush=True)
    try:
        async with World(folder=data) as world:
            await hire(world.slack, world.cast)
            letters = world.folder / "letters"
            print(_welcome(world, letters, kept=data is not None), flush=True)
            await _stay(world, letters)
    except (Ended, NotHired) as fault:
        print(f"The desk could not be started: {fault}", file=sys.stderr)
        return 1
    return 0


async def _stay(world: World, letters: Path) -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(Watcher(world, letters).watch())
        if sys.stdin.isatty():
            print(f"\n{console.HELP}", flush=True)
            both.create_task(console.converse(world.slack))


def _welcome(world: World, letters: Path, *, kept: bool) -> str:
    skills = {person.handle: known for person, known in skills_of(world.cast).items()}
    people = "\n".join(
        f"  {one.handle:<6} {one.real_name:<13} {_what_they_do(skills.get(one.handle), one.handle)}"
        for one in world.slack.people
    )
    return f"""\
The desk runs, on {" and ".join(world.servers.names)}. Slack, mail and Gemini are simulated.

People
{people}

Where to look
  well?      {world.bot_url}/healthz   {world.bot_url}/readyz
  letters    {letters}
  logs       {world.bot.log_path}   {world.worker.log_path}
  MongoDB    {world.environment["MONGODB_URI"]}   database {world.environment["MONGODB_DATABASE"]}
  Redis      {world.environment["REDIS_URL"]}
  folder     {world.folder}   ({"kept" if kept else "removed at the end; keep it with --data DIR"})

One ticket all the way, with a transcript, from another terminal:
  {sys.executable} -m sandbox --once "Outlook keeps asking for my password"

Ctrl-C stops everything."""


def _what_they_do(skills: list[str] | None, handle: str) -> str:
    if skills:
        return f"moderator; knows {', '.join(skills)}"
    return "admin, owner of the workspace" if handle == "grace" else "employee"
