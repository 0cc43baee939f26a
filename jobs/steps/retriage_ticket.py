"""The step that triages a ticket again once Gemini is back, if nobody has touched the ticket.

The assignee keeps the ticket, and nobody gets a message. Only the cards are redrawn.
"""

import logging
from datetime import datetime

from jobs.engines.gemini import GeminiFailure, PermanentGeminiFailure
from jobs.runner.retry_policies import retry_policy
from jobs.runner.step_function import no_change
from jobs.triage.gemini_triage import GeminiTriage
from jobs.triage.ticket_reader import TicketReader
from models.admin.taxonomy import with_current_skills
from models.errors import Conflict, RetryLater
from models.tickets import workflow
from models.tickets.actions import ACTIONS, Verb
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Ticket, TicketUpdate
from models.triage.taxonomy_store import TaxonomyStore

log = logging.getLogger(__name__)


async def retriage_ticket(
    ticket: Ticket,
    leased_step: PendingStep,
    *,
    taxonomies: TaxonomyStore,
    ticket_reader: TicketReader,
    gemini_triage: GeminiTriage,
) -> TicketUpdate:
    """Ask Gemini again, and replace the stopgap triage with its answer.

    Raises:
        RetryLater: Gemini does not answer yet.
    """
    if not _is_untouched(ticket):
        return no_change
    taxonomy = await taxonomies.get_taxonomy(ticket.team_id)
    reading = await ticket_reader.read(ticket, taxonomy)
    try:
        new_triage = reading.with_rules(await gemini_triage.triage(reading))
    except (GeminiFailure, RetryLater) as error:
        # The ticket has a triage, so a dead step with an alert to admins would not help.
        if isinstance(error, PermanentGeminiFailure) or _is_last_attempt(leased_step):
            log.warning("%s: the built-in engine's triage stays: %s", ticket.id, error)
            return no_change
        # This error has no wait of its own, so the backoff grows also while the breaker is open.
        raise RetryLater(str(error)) from error
    # Gemini takes seconds, and an admin may have changed the skills meanwhile.
    vocabulary = (await taxonomies.get_taxonomy(ticket.team_id)).vocabulary

    def replace_triage(current: Ticket, now: datetime) -> Ticket:
        if not _is_untouched(current):
            raise Conflict(f"{current.id} was changed by a person meanwhile")
        after = workflow.transition(current, Verb.RETRIAGE, actor=None, now=now, triage=new_triage)
        return with_current_skills(after, vocabulary)

    return replace_triage


def _is_untouched(ticket: Ticket) -> bool:
    """Whether the ticket still has its stopgap triage and nobody works on it."""
    stopgap = ticket.triage is not None and ticket.triage.stopgap
    return (
        stopgap
        and ticket.original_triage is None
        and ticket.status in ACTIONS[Verb.RETRIAGE].from_statuses
    )


def _is_last_attempt(leased_step: PendingStep) -> bool:
    return leased_step.attempts + 1 >= retry_policy(Step.RETRIAGE).max_attempts


STEPS = {Step.RETRIAGE: retriage_ticket}
