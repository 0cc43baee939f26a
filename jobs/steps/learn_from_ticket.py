"""The step that stores a corrected or resolved ticket as a training example.

It also runs the shadow prompt, if there is one. So the shadow prompt costs tokens only for tickets
with a known right answer, and its accuracy is known before it is used.
"""

import logging

from jobs.engines.gemini import GeminiFailure
from jobs.engines.prompt import Prompt, shadow_prompt
from jobs.runner.step_context import StepContext, no_change
from jobs.triage.gemini_triage import triage_with_gemini
from jobs.triage.read_ticket import read_ticket
from models.errors import RetryLater
from models.tickets.action import Verb
from models.tickets.actions import ACTIONS
from models.tickets.correction import to_training_example
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Ticket, TicketUpdate
from models.triage.taxonomy import Taxonomy

log = logging.getLogger(__name__)


async def learn_from_ticket(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Store the training example, and add the solution to the solution index.

    Both are made from the ticket alone, so running the step twice changes nothing.
    """
    taxonomy = await context.service.taxonomies.get_taxonomy(ticket.team_id)
    if ticket.solution and not ticket.confidential:
        await context.service.solution_index.add(ticket)
    last_event = context.service.event_log.last_event
    example = to_training_example(
        ticket,
        taxonomy,
        correction=await last_event(ticket, ACTIONS[Verb.CORRECT].event),
        resolution=await last_event(ticket, ACTIONS[Verb.RESOLVE].event),
    )
    if example:
        await context.service.training_store.add(example)
        if not example.confidential:
            await _run_shadow_prompt(context, ticket, taxonomy)
    return no_change


async def _run_shadow_prompt(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> None:
    """Run the shadow prompt once. If Gemini fails, the report leaves this ticket out."""
    prompt = await _shadow_prompt(context, ticket.team_id)
    training_store = context.service.training_store
    if prompt is None or await training_store.has_shadow_answer(ticket.id, prompt.version):
        return
    reading = await read_ticket(context, ticket, taxonomy)
    try:
        triage = await triage_with_gemini(context, reading, shadow_prompt=prompt)
    except (GeminiFailure, RetryLater) as error:
        log.info("%s: the shadow prompt %s has no answer: %s", ticket.id, prompt.version, error)
        return
    await training_store.set_shadow_answer(ticket.id, reading.with_rules(triage))


async def _shadow_prompt(context: StepContext, team_id: str) -> Prompt | None:
    text = (await context.service.workspace_settings.load(team_id)).shadow_prompt
    return shadow_prompt(text) if text else None


STEPS = {Step.LEARN: learn_from_ticket}
