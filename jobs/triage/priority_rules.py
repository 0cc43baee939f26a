"""The least priority of a ticket by the rules in the settings: its words, and who asks."""

import logging

from jobs.runner.step_context import StepContext
from models.errors import ExternalServiceError
from models.tickets.ticket import Ticket
from models.triage.priority_rules import priority_by_groups, priority_by_words
from models.triage.result import Priority

log = logging.getLogger(__name__)


async def min_priority(context: StepContext, ticket: Ticket) -> Priority:
    """What neither model can go below; a group that Slack does not tell of asks for nothing."""
    settings = context.service.settings
    floor = priority_by_words(ticket.text, settings.floor_words)
    groups = set()
    for group, _ in settings.floor_groups:
        try:
            if await context.service.directory.is_in_group(ticket.requester, group):
                groups.add(group)
        except ExternalServiceError as away:
            log.warning("%s: who is in %s is not known: %s", ticket.id, group, away)
    return floor.at_least(priority_by_groups(groups, settings.floor_groups))
