"""What a moderator has said of a ticket, by correcting or by resolving it, becomes a lesson.

Then a prompt on trial is asked as well: so it costs only for tickets of which somebody knows what
is right, and it can be seen how it would have done before it is used.
"""

import logging

from jobs.engines.gemini import GeminiFailure
from jobs.engines.prompt import Prompt, load_prompt
from jobs.runner.step_context import StepContext, no_change
from jobs.triage.compute_triage import reason_not_to_ask_ai
from jobs.triage.gemini_triage import triage_with_gemini
from jobs.triage.priority_rules import min_priority
from models.engine import keyword_engine
from models.errors import RetryLater
from models.tickets.correction import to_training_example
from models.tickets.pending_step import PendingStep
from models.tickets.ticket import Ticket, TicketUpdate
from models.triage.taxonomy import Taxonomy

log = logging.getLogger(__name__)


async def learn_from_ticket(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Keep the lesson, and have the ticket found by who asks the same.

    It is all made of the ticket alone, and so the same however often it is kept.
    """
    configuration = await context.service.taxonomies.get_taxonomy(ticket.team_id)
    if ticket.solution and not ticket.confidential:
        await context.service.solution_index.add(ticket)
    if lesson := to_training_example(ticket, configuration):
        await context.service.training_store.add(lesson)
        if not lesson.confidential:
            await _run_shadow_prompt(context, ticket, configuration)
    return no_change


async def _run_shadow_prompt(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> None:
    """Ask the prompt on trial once; when it does not answer, this ticket says nothing of it."""
    prompt = _shadow_prompt(context)
    if prompt is None or reason_not_to_ask_ai(context, ticket, taxonomy):
        return
    if await context.service.training_store.has_shadow_answer(ticket.id, prompt.version):
        return
    try:
        said = await triage_with_gemini(context, ticket, taxonomy, shadow_prompt=prompt)
    except (GeminiFailure, RetryLater) as failed:
        log.info("%s: the prompt %s is not tried out: %s", ticket.id, prompt.version, failed)
        return
    raised = keyword_engine.with_priority_floor(
        said, ticket, taxonomy, floor=await min_priority(context, ticket)
    )
    await context.service.training_store.set_shadow_answer(ticket.id, raised)


def _shadow_prompt(context: StepContext) -> Prompt | None:
    path = context.service.settings.gemini_shadow_prompt
    try:
        return load_prompt(path) if path else None
    except (OSError, ValueError) as wrong:
        log.warning("GEMINI_SHADOW_PROMPT can't be used: %s", wrong)
        return None
