"""The whole desk on this machine, until Ctrl-C: who is there, where to look, what happens."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from sandbox.console import HELP, Console
from sandbox.hiring import NotHired, hire, skills_of
from sandbox.page.server import Page
from sandbox.processes import Ended
from sandbox.servers import Servers
from sandbox.watching import Watcher
from sandbox.world import World

CHANNELS = ("general", "it-help", "random")


async def demo(data: Path | None) -> int:
    """Run the desk until cancelled; returns the exit code when it could not be started.

    Args:
        data: where data, letters and logs are kept; else in folders that end with us.
    """
    async with AsyncExitStack() as stack:
        try:
            world = await _started(data, stack)
            page = await stack.enter_async_context(Page(world))
        except (Ended, NotHired, TimeoutError, OSError) as fault:
            print(f"\nThe desk could not be started: {fault}", file=sys.stderr)
            return 1
        print(_welcome(world, page, kept=data is not None), flush=True)
        await _stay(world)
    return 0


async def _started(data: Path | None, stack: AsyncExitStack) -> World:
    with _step("Starting MongoDB and Redis"):
        servers = await stack.enter_async_context(Servers(data))
    with _step("Starting Slack, mail and Gemini in simulation, and the real bot and worker"):
        world = await stack.enter_async_context(World(servers=servers, folder=data))
    with _step("Grace hires the moderators with /ticket admin"):
        await furnish(world)
    return world


async def furnish(world: World) -> None:
    """Have moderators hired, and channels that everybody is in."""
    await hire(world.slack, world.cast)
    for name in CHANNELS:
        if world.slack.state.channels.named(name) is None:
            world.slack.add_channel(name, members=world.slack.people)


@contextmanager
def _step(what: str) -> Iterator[None]:
    print(f"{what} … ", end="", flush=True)
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:.1f} s", flush=True)


async def _stay(world: World) -> None:
    """Show what people see, and do what is typed; when nobody types any more, go on showing."""
    console = Console(world.slack, world.cast.ada)
    watcher = Watcher(world, world.folder / "letters", console.say)
    async with asyncio.TaskGroup() as both:
        both.create_task(watcher.watch())
        both.create_task(console.converse())


def _welcome(world: World, page: Page, *, kept: bool) -> str:
    env, (mongo, redis) = world.environment, world.servers.names
    kind = "kept" if kept else "removed at the end; --data DIR keeps one"
    people = "\n".join(_people(world))
    return f"""
Frontdesk runs on this machine. Open Slack, as it looks here, in a browser:

  {page.url}

  Who is there
{people}

  Where to look
    bot          {world.bot_url}/healthz  {world.bot_url}/readyz
    logs         {world.folder}  ({kind})
    letters      {world.folder / "letters"}
    MongoDB      {env["MONGODB_URI"]}  database {env["MONGODB_DATABASE"]}  ({mongo})
    Redis        {env["REDIS_URL"]}  ({redis})
    Slack's API  {env["SLACK_API_URL"]}

{HELP}

Ctrl-C stops everything."""


def _people(world: World) -> Iterator[str]:
    cast, skills = world.cast, skills_of(world.cast)
    what = {cast.ada: "asks", cast.grace: "admin; owns the workspace"}
    what |= {person: f"moderator; knows {', '.join(known)}" for person, known in skills.items()}
    for person, does in what.items():
        yield f"    {person.handle:<6} {person.real_name:<13} {does}"
