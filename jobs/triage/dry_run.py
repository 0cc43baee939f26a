"""A text that an admin tries is read as a ticket is, and nothing is stored of what comes of it."""

from typing import Any

from jobs.runner.step_context import StepContext
from jobs.triage.compute_triage import compute_triage
from models.engine.dry_run import make_dry_run_ticket

# For so long an answer waits for the bot that has asked.
KEEP_DRY_RUN_RESULT_SECONDS = 10


async def dry_run(
    ctx: dict[str, Any], team_id: str, title: str, description: str
) -> dict[str, Any]:
    """The triage that the text would get; what is sent to Gemini for it is kept, as always."""
    tools: StepContext = ctx["tools"]
    configuration = await tools.service.taxonomies.get_taxonomy(team_id)
    said = await compute_triage(
        tools, make_dry_run_ticket(team_id, title, description), configuration
    )
    return said.model_dump(mode="json")
