"""The whole desk on this machine, until Ctrl-C: who is there, where to look, what happens."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from sandbox.cli.activity_feed import ActivityFeed
from sandbox.cli.console import HELP_TEXT, Console
from sandbox.page.page_server import PageServer
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.processes import ProcessFailed
from sandbox.world.seed_moderators import ModeratorNotSaved, moderator_skills, promote_moderators
from sandbox.world.world import World

CHANNELS = ("general", "it-help", "random")


async def run_demo(data: Path | None) -> int:
    """Run the desk until cancelled; returns the exit code when it could not be started.

    Args:
        data: where data, letters and logs are kept; else in folders that end with us.
    """
    async with AsyncExitStack() as stack:
        try:
            world = await _start_world(data, stack)
            page = await stack.enter_async_context(PageServer(world))
        except (ProcessFailed, ModeratorNotSaved, TimeoutError, OSError) as fault:
            print(f"\nThe desk could not be started: {fault}", file=sys.stderr)
            return 1
        print(_welcome_text(world, page, keeps_data=data is not None), flush=True)
        await _run_console(world)
    return 0


async def _start_world(data: Path | None, stack: AsyncExitStack) -> World:
    with _timed_step("Starting MongoDB and Redis"):
        servers = await stack.enter_async_context(DatabaseServers(data))
    with _timed_step("Starting Slack, mail and Gemini in simulation, and the real bot and worker"):
        world = await stack.enter_async_context(World(servers=servers, folder=data))
    with _timed_step("Grace hires the moderators with /ticket admin"):
        await seed_workspace(world)
    return world


async def seed_workspace(world: World) -> None:
    """Have moderators hired, and channels that everybody is in."""
    await promote_moderators(world.slack, world.personas)
    for name in CHANNELS:
        if world.slack.state.channels.find_by_name(name) is None:
            world.slack.add_channel(name, members=world.slack.people)


@contextmanager
def _timed_step(what: str) -> Iterator[None]:
    print(f"{what} … ", end="", flush=True)
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:.1f} s", flush=True)


async def _run_console(world: World) -> None:
    """Show what people see, and do what is typed; when nobody types any more, go on showing."""
    console = Console(world.slack, world.personas.ada)
    watcher = ActivityFeed(world, world.folder / "letters", console.show)
    async with asyncio.TaskGroup() as both:
        both.create_task(watcher.run())
        both.create_task(console.run_prompt())


def _welcome_text(world: World, page: PageServer, *, keeps_data: bool) -> str:
    env, (mongo, redis) = world.environment, world.servers.program_names
    kind = "kept" if keeps_data else "removed at the end; --data DIR keeps one"
    people = "\n".join(_people_lines(world))
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

{HELP_TEXT}

Ctrl-C stops everything."""


def _people_lines(world: World) -> Iterator[str]:
    cast, skills = world.personas, moderator_skills(world.personas)
    what = {cast.ada: "asks", cast.grace: "admin; owns the workspace"}
    what |= {person: f"moderator; knows {', '.join(known)}" for person, known in skills.items()}
    for person, does in what.items():
        yield f"    {person.handle:<6} {person.real_name:<13} {does}"
