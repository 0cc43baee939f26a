"""Slack tells of people: who changed their profile, who left, who is in the user group.

The answer to an event about a person is given when what it says is stored; one that can't be stored
is not answered, and Slack sends it again: https://docs.slack.dev/apis/events-api#retries
Who is in a user group has to be asked of Slack, which takes longer than an answer may: it is read
after the answer, and again whenever a bot begins.
"""

import logging
from typing import Any

from slack_bolt.async_app import AsyncApp
from tenacity import before_sleep_log, retry, retry_if_exception_type, wait_exponential

from bot.background import Background
from models.desk import Desk
from models.errors import NotNow, Unavailable, Unknown

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen for the events that manifest.yml subscribes to."""
    app.event("user_change")(follow_person)
    app.event("subteam_members_changed")(follow_group)
    app.event("subteam_updated")(follow_group)


async def follow_person(body: dict[str, Any], desk: Desk, background: Background) -> None:
    """Store what Slack says of a person; the tickets of who left go back to assignment."""
    team_id: str = body["team_id"]
    if await desk.people.heard(team_id, body["event"]["user"]):
        background.start(desk.take_back_orphans(team_id))


async def follow_group(body: dict[str, Any], desk: Desk, background: Background) -> None:
    """Read anew who is in the user group: what an event says may be older than what is known."""
    event = body["event"]
    changed = event.get("subteam_id") or event.get("subteam", {}).get("id")
    team_id: str = body["team_id"]
    if changed == (await desk.welcomes.of(team_id)).moderators:
        background.start(read_group(desk, team_id))


@retry(
    retry=retry_if_exception_type((NotNow, Unknown, Unavailable)),
    wait=wait_exponential(max=60),
    before_sleep=before_sleep_log(log, logging.WARNING),
)
async def read_group(desk: Desk, team_id: str) -> None:
    """Give and take the role of moderators as the user group says that an admin chose."""
    if await desk.people.follow_group(team_id):
        await desk.take_back_orphans(team_id)
