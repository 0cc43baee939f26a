"""Short helpers of the fault tests: fail commands, count leases, find posts."""

from typing import Any

from sandbox.slack.primitives.json_types import Json, get_path
from sandbox.slack.state.traffic_log import TrafficEntry
from sandbox.world.world import World


def notice_id(request: Json) -> str:
    """The notice id of a message, or an empty string if it has none."""
    return str(get_path(request, "metadata", "event_payload", "notice") or "")


def is_offer(request: Json) -> bool:
    """Whether the message offers a ticket."""
    return ".offer." in notice_id(request)


def posts_of_notice(world: World, notice: str) -> list[TrafficEntry]:
    """The posts of this notice, in order."""
    posts = world.slack.traffic_log.api_calls("chat.postMessage")
    return [post for post in posts if notice_id(post.request) == notice]


async def fail_mongodb_commands(world: World, *commands: str, times: int, **failure: Any) -> None:
    """Make MongoDB fail these commands, this many times. Zero ends it.

    https://github.com/mongodb/mongo/wiki/The-%22failCommand%22-fail-point
    """
    await world.database.client.admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": times} if times else "off",
        data={"failCommands": list(commands), **failure},
    )


async def count_leased_steps(world: World) -> int:
    """The number of leased steps."""
    return sum(step["held"] for t in await world.find_documents("tickets") for step in t["pending"])
