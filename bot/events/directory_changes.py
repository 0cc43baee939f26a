"""Handles Slack's directory events: profile changes, deactivations and user group changes.

An event about a person is acknowledged after its profile is stored. If that fails, the bot answers
503 and Slack sends it again: https://docs.slack.dev/apis/events-api#retries
The members of a user group need a call to Slack, which can take longer than an answer may. So the
bot reads them after the answer, and again at each start.
"""

import logging

from slack_bolt.async_app import AsyncApp
from tenacity import before_sleep_log, retry, retry_if_exception_type, wait_exponential

from bot.background import BackgroundTasks
from bot.payload import Payload
from models.access.directory_sync import DirectorySync
from models.admin.orphaned_tickets import OrphanedTickets
from models.errors import DatabaseUnavailable, OutcomeUnknown, RetryLater
from models.workspace.settings_store import SettingsStore

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen to the events that manifest.yml subscribes to."""
    app.event("user_change")(handle_profile_change)
    app.event("subteam_members_changed")(handle_group_change)
    app.event("subteam_updated")(handle_group_change)


async def handle_profile_change(
    body: Payload,
    *,
    background: BackgroundTasks,
    directory: DirectorySync,
    orphaned_tickets: OrphanedTickets,
) -> None:
    """Store the profile; the tickets of a deactivated moderator go back to assignment."""
    team_id: str = body["team_id"]
    if await directory.apply_profile(team_id, body["event"]["user"]):
        background.start(orphaned_tickets.reassign(team_id))


async def handle_group_change(
    body: Payload,
    *,
    background: BackgroundTasks,
    workspace_settings: SettingsStore,
    directory: DirectorySync,
    orphaned_tickets: OrphanedTickets,
) -> None:
    """Read the moderator group again: the event itself may be older than the stored state."""
    event = body["event"]
    changed_group = event.get("subteam_id") or event.get("subteam", {}).get("id")
    team_id: str = body["team_id"]
    if changed_group == (await workspace_settings.load(team_id)).moderators:
        background.start(
            sync_moderator_group(team_id, directory=directory, orphaned_tickets=orphaned_tickets)
        )


@retry(
    retry=retry_if_exception_type((RetryLater, OutcomeUnknown, DatabaseUnavailable)),
    wait=wait_exponential(max=60),
    before_sleep=before_sleep_log(log, logging.WARNING),
)
async def sync_moderator_group(
    team_id: str, *, directory: DirectorySync, orphaned_tickets: OrphanedTickets
) -> None:
    """Apply the moderator group, and reassign the tickets of members who lost the role."""
    if await directory.sync_moderator_group(team_id):
        await orphaned_tickets.reassign(team_id)
