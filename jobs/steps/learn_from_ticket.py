"""The step that stores a corrected or resolved ticket as a training example."""

from jobs.runner.step_function import no_change
from jobs.triage.shadow_triage import ShadowTriage
from models.engine.training_store import TrainingStore
from models.search.solution_index import SolutionIndex
from models.ticket_store.event_log import EventLog
from models.tickets.actions import ACTIONS, Verb
from models.tickets.correction import to_training_example
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Ticket, TicketUpdate
from models.triage.taxonomy_store import TaxonomyStore


async def learn_from_ticket(
    ticket: Ticket,
    _leased_step: PendingStep,
    *,
    event_log: EventLog,
    taxonomies: TaxonomyStore,
    solution_index: SolutionIndex,
    training_store: TrainingStore,
    shadow_triage: ShadowTriage,
) -> TicketUpdate:
    """Store the training example, and add the solution to the solution index.

    Both are made from the ticket alone, so running the step twice changes nothing.
    """
    taxonomy = await taxonomies.get_taxonomy(ticket.team_id)
    if ticket.solution and not ticket.confidential:
        await solution_index.add(ticket)
    last_event = event_log.last_event
    example = to_training_example(
        ticket,
        taxonomy,
        correction=await last_event(ticket, ACTIONS[Verb.CORRECT].event),
        resolution=await last_event(ticket, ACTIONS[Verb.RESOLVE].event),
    )
    if example:
        await training_store.add(example)
        if not example.confidential:
            await shadow_triage.run(ticket, taxonomy)
    return no_change


STEPS = {Step.LEARN: learn_from_ticket}
