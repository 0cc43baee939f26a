"""What the tests of faults do and look at, in a few words."""

from typing import Any

from sandbox.slack.journal import Entry
from sandbox.slack.shapes import Json, dug
from sandbox.world import World


def notice_in(request: Json) -> str:
    """What a message tells, by its id; empty when it is not one that the desk posts."""
    return str(dug(request, "metadata", "event_payload", "notice") or "")


def is_an_offer(request: Json) -> bool:
    """Whether this is a message with which a ticket is offered."""
    return ".offer." in notice_in(request)


def posts_of(world: World, notice: str) -> list[Entry]:
    """The times that the desk has posted this."""
    posts = world.slack.journal.calls("chat.postMessage")
    return [post for post in posts if notice_in(post.request) == notice]


async def fails(world: World, *commands: str, times: int, **how: Any) -> None:
    """Have MongoDB fail these commands, so many of them.

    https://github.com/mongodb/mongo/wiki/The-%22failCommand%22-fail-point
    """
    await world.database.client.admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": times} if times else "off",
        data={"failCommands": list(commands), **how},
    )


async def steps_held(world: World) -> int:
    """How many steps are on lease now."""
    return sum(step["held"] for t in await world.documents("tickets") for step in t["pending"])
