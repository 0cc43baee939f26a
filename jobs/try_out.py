"""A text that an admin tries is read as a ticket is, and nothing is stored of what comes of it."""

from typing import Any

from jobs.retrying import Tools
from jobs.triage_ticket import read_ticket
from models.trial import tried

# For so long an answer waits for the bot that has asked.
KEEP_SECONDS = 10


async def try_out(
    ctx: dict[str, Any], team_id: str, title: str, description: str
) -> dict[str, Any]:
    """The triage that the text would get; what is sent to Gemini for it is kept, as always."""
    tools: Tools = ctx["tools"]
    configuration = await tools.desk.store.configuration(team_id)
    said = await read_ticket(tools, tried(team_id, title, description), configuration)
    return said.model_dump(mode="json")
