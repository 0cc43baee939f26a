"""What the tests of faults do and look at, in a few words."""

from typing import Any

from sandbox.slack.primitives.json_types import Json, get_path
from sandbox.slack.state.traffic_log import TrafficEntry
from sandbox.world.world import World


def notice_id(request: Json) -> str:
    """What a message tells, by its id; empty when it is not one that the desk posts."""
    return str(get_path(request, "metadata", "event_payload", "notice") or "")


def is_offer(request: Json) -> bool:
    """Whether this is a message with which a ticket is offered."""
    return ".offer." in notice_id(request)


def posts_of_notice(world: World, notice: str) -> list[TrafficEntry]:
    """The times that the desk has posted this."""
    posts = world.slack.traffic_log.api_calls("chat.postMessage")
    return [post for post in posts if notice_id(post.request) == notice]


async def fail_mongodb_commands(world: World, *commands: str, times: int, **failure: Any) -> None:
    """Have MongoDB fail these commands, so many of them.

    https://github.com/mongodb/mongo/wiki/The-%22failCommand%22-fail-point
    """
    await world.database.client.admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": times} if times else "off",
        data={"failCommands": list(commands), **failure},
    )


async def count_leased_steps(world: World) -> int:
    """How many steps are on lease now."""
    return sum(step["held"] for t in await world.find_documents("tickets") for step in t["pending"])
