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

from bot.background import BackgroundTasks
from models.errors import DatabaseUnavailable, OutcomeUnknown, RetryLater
from models.ticket_service import TicketService

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen for the events that manifest.yml subscribes to."""
    app.event("user_change")(handle_profile_change)
    app.event("subteam_members_changed")(handle_group_change)
    app.event("subteam_updated")(handle_group_change)


async def handle_profile_change(
    body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Store what Slack says of a person; the tickets of who left go back to assignment."""
    team_id: str = body["team_id"]
    if await service.directory.apply_profile(team_id, body["event"]["user"]):
        background.start(service.reassign_orphaned_tickets(team_id))


async def handle_group_change(
    body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Read anew who is in the user group: what an event says may be older than what is known."""
    event = body["event"]
    changed = event.get("subteam_id") or event.get("subteam", {}).get("id")
    team_id: str = body["team_id"]
    if changed == (await service.guest_policies.load(team_id)).moderators:
        background.start(sync_moderator_group(service, team_id))


@retry(
    retry=retry_if_exception_type((RetryLater, OutcomeUnknown, DatabaseUnavailable)),
    wait=wait_exponential(max=60),
    before_sleep=before_sleep_log(log, logging.WARNING),
)
async def sync_moderator_group(service: TicketService, team_id: str) -> None:
    """Give and take the role of moderators as the user group says that an admin chose."""
    if await service.directory.sync_moderator_group(team_id):
        await service.reassign_orphaned_tickets(team_id)
