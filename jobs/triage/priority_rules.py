"""The minimum priority of a ticket, by the rules in the settings for words and requesters."""

import logging

from models.access.directory_sync import DirectorySync
from models.errors import ExternalServiceError
from models.tickets.ticket import Ticket
from models.triage.priority_rules import priority_by_groups, priority_by_words
from models.triage.result import Priority
from models.workspace.settings_store import SettingsStore

log = logging.getLogger(__name__)


async def min_priority(
    ticket: Ticket, *, directory: DirectorySync, workspace_settings: SettingsStore
) -> Priority:
    """The minimum priority, which no engine can lower.

    If Slack does not say whether the requester is in a group, the group's rule does not apply.
    """
    settings = await workspace_settings.load(ticket.team_id)
    floor = priority_by_words(ticket.text, settings.floor_words)
    groups = set()
    # The example of a dry run has no requester.
    for group, _ in settings.floor_groups if ticket.requester else ():
        try:
            if await directory.is_in_group(ticket.requester, group):
                groups.add(group)
        except ExternalServiceError as error:
            log.warning("%s: the members of group %s are unknown: %s", ticket.id, group, error)
    return floor.at_least(priority_by_groups(groups, settings.floor_groups))
