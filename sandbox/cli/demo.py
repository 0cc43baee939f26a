"""The demo: all of Frontdesk on this machine until Ctrl-C, with a page and a prompt."""

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
EMAIL_FOLDER = "emails"


async def run_demo(data: Path | None) -> int:
    """Run the demo until cancelled; returns 1 if it cannot start.

    Args:
        data: folder that keeps data, e-mails and logs; by default they are temporary.
    """
    async with AsyncExitStack() as stack:
        try:
            world = await _start_world(data, stack)
            page = await stack.enter_async_context(PageServer(world))
        except (ProcessFailed, ModeratorNotSaved, TimeoutError, OSError) as error:
            print(f"\nFrontdesk did not start: {error}", file=sys.stderr)
            return 1
        print(_welcome_text(world, page, keeps_data=data is not None), flush=True)
        await _run_console(world)
    return 0


async def _start_world(data: Path | None, stack: AsyncExitStack) -> World:
    with _timed_step("Starting MongoDB and Redis"):
        servers = await stack.enter_async_context(DatabaseServers(data))
    with _timed_step("Starting the simulated Slack, mail and Gemini, and the real bot and worker"):
        world = await stack.enter_async_context(World(servers=servers, folder=data))
    with _timed_step("Grace adds the moderators with /ticket admin"):
        await seed_workspace(world)
    return world


async def seed_workspace(world: World) -> None:
    """Add the moderators, and channels that everybody is in."""
    await promote_moderators(world.slack, world.personas)
    for name in CHANNELS:
        if world.slack.state.channels.find_by_name(name) is None:
            world.slack.add_channel(name, members=world.slack.people)


@contextmanager
def _timed_step(title: str) -> Iterator[None]:
    print(f"{title} … ", end="", flush=True)
    started_at = time.monotonic()
    yield
    print(f"{time.monotonic() - started_at:.1f} s", flush=True)


async def _run_console(world: World) -> None:
    """Print events and run typed lines; after the end of the input, only print events."""
    console = Console(world.slack, world.personas.ada)
    feed = ActivityFeed(world, world.folder / EMAIL_FOLDER, console.show)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed.run())
        tasks.create_task(console.run_prompt())


def _welcome_text(world: World, page: PageServer, *, keeps_data: bool) -> str:
    env, (mongo, redis) = world.environment, world.servers.program_names
    lifetime = "kept" if keeps_data else "deleted at the end; --data DIR keeps them"
    people = "\n".join(_people_lines(world))
    return f"""
Frontdesk is running on this machine. Open the simulated Slack in a browser:

  {page.url}

  People
{people}

  Addresses and files
    bot          {world.bot_url}/healthz  {world.bot_url}/readyz
    logs         {world.folder}  ({lifetime})
    e-mails      {world.folder / EMAIL_FOLDER}
    MongoDB      {env["MONGODB_URI"]}  database {env["MONGODB_DATABASE"]}  ({mongo})
    Redis        {env["REDIS_URL"]}  ({redis})
    Slack's API  {env["SLACK_API_URL"]}

{HELP_TEXT}

Ctrl-C stops everything."""


def _people_lines(world: World) -> Iterator[str]:
    personas = world.personas
    parts = {personas.ada: "employee", personas.grace: "admin; owns the workspace"}
    for person, skills in moderator_skills(personas).items():
        parts[person] = f"moderator; skills: {', '.join(skills)}"
    for person, part in parts.items():
        yield f"    {person.handle:<6} {person.real_name:<13} {part}"
