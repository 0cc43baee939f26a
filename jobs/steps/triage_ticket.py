"""The step that triages a new ticket with Gemini or the built-in engine."""

import asyncio
from datetime import datetime, timedelta
from functools import partial

from jobs.steps.answer_incident import join_incident
from jobs.triage.ticket_reader import TicketReader
from jobs.triage.triage_engine import TriageEngine
from models.infra.optional_work import optional
from models.search.search import Search
from models.ticket_service import TicketService
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Status, Ticket, TicketUpdate
from models.triage.result import Triage
from models.triage.similarity import MIN_SIMILARITY, SolvedTicket
from models.triage.taxonomy_store import TaxonomyStore

# The delay before Gemini is asked again after a failure.
_RETRIAGE_DELAY = timedelta(seconds=30)


async def triage_ticket(
    ticket: Ticket,
    _leased_step: PendingStep,
    *,
    taxonomies: TaxonomyStore,
    search: Search,
    ticket_service: TicketService,
    ticket_reader: TicketReader,
    triage_engine: TriageEngine,
) -> TicketUpdate:
    """Triage the ticket. The built-in engine never fails, so every ticket gets a triage."""
    taxonomy = await taxonomies.get_taxonomy(ticket.team_id)
    reading = await ticket_reader.read(ticket, taxonomy)
    similar_tickets = search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY)
    incident_of_ticket = join_incident(ticket, search=search, ticket_service=ticket_service)
    # All at the same time, because Gemini alone may use most of the attempt's time.
    triage, similar, incident = await asyncio.gather(
        triage_engine.triage(reading),
        optional(similar_tickets, default=(), name=f"similar tickets of {ticket.id}"),
        optional(incident_of_ticket, default="", name=f"incident of {ticket.id}"),
    )
    return partial(_store_triage, triage=triage, similar=similar, incident=incident)


def _store_triage(
    ticket: Ticket,
    now: datetime,
    *,
    triage: Triage,
    similar: tuple[SolvedTicket, ...],
    incident: str,
) -> Ticket:
    """The ticket with its triage; a stopgap is followed by another attempt with Gemini."""
    if ticket.status is not Status.NEW and ticket.triage is None:
        # The requester has resolved the ticket meanwhile, and may reopen it.
        return ticket.model_copy(update={"triage": triage, "similar": similar})
    after = workflow.transition(
        ticket,
        Verb.TRIAGE,
        actor=None,
        now=now,
        triage=triage,
        similar=similar,
        incident=ticket.incident or incident,
    )
    if triage.stopgap:
        return after.with_step(Step.RETRIAGE, due=now + _RETRIAGE_DELAY)
    return after


STEPS = {Step.TRIAGE: triage_ticket}
