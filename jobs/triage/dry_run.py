"""Triage dry run: triages an admin's example request like a ticket, without storing the result."""

from typing import Any

from jobs.runner.step_context import StepContext
from jobs.triage.compute_triage import compute_triage
from jobs.triage.read_ticket import read_ticket
from models.engine.dry_run import make_dry_run_ticket

# Redis keeps the result so long for the bot that waits for it.
KEEP_DRY_RUN_RESULT_SECONDS = 10


async def dry_run(
    ctx: dict[str, Any], team_id: str, title: str, description: str
) -> dict[str, Any]:
    """The triage that a ticket with this text would get.

    The AI request log records the request to Gemini, as for any ticket.
    """
    context: StepContext = ctx["context"]
    taxonomy = await context.service.taxonomies.get_taxonomy(team_id)
    ticket = make_dry_run_ticket(team_id, title, description)
    triage = await compute_triage(context, await read_ticket(context, ticket, taxonomy))
    return triage.model_dump(mode="json")
