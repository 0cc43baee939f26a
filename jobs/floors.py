"""The least priority of a ticket by the rules in the settings: its words, and who asks."""

import logging

from jobs.retrying import Tools
from models.errors import OutsideError
from models.floors import by_groups, by_words
from models.ticket import Ticket
from models.triage import Priority

log = logging.getLogger(__name__)


async def least(tools: Tools, ticket: Ticket) -> Priority:
    """What neither model can go below; a group that Slack does not tell of asks for nothing."""
    settings = tools.desk.settings
    floor = by_words(ticket.text, settings.floor_words)
    groups = set()
    for group, _ in settings.floor_groups:
        try:
            if await tools.desk.people.is_in_group(ticket.requester, group):
                groups.add(group)
        except OutsideError as away:
            log.warning("%s: who is in %s is not known: %s", ticket.id, group, away)
    return floor.at_least(by_groups(groups, settings.floor_groups))
