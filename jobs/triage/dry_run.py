"""Triage dry run: triages an admin's example request like a ticket, without storing the result."""

from typing import Any

from jobs.triage.ticket_reader import TicketReader
from jobs.triage.triage_engine import TriageEngine
from models.engine.dry_run import make_dry_run_ticket
from models.triage.taxonomy_store import TaxonomyStore

# Redis keeps the result so long for the bot that waits for it.
KEEP_DRY_RUN_RESULT_SECONDS = 10


async def dry_run(
    team_id: str,
    title: str,
    description: str,
    *,
    taxonomies: TaxonomyStore,
    ticket_reader: TicketReader,
    triage_engine: TriageEngine,
) -> dict[str, Any]:
    """The triage that a ticket with this text would get.

    The AI request log records the request to Gemini, as for any ticket.
    """
    taxonomy = await taxonomies.get_taxonomy(team_id)
    ticket = make_dry_run_ticket(team_id, title, description)
    triage = await triage_engine.triage(await ticket_reader.read(ticket, taxonomy))
    return triage.model_dump(mode="json")
