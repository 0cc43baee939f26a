"""Opens a ticket service in the test process, on real servers and with its own database."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pydantic import SecretStr

from jobs.engines.gemini import Gemini
from jobs.runner.step_context import StepContext, StepFunction
from jobs.runner.step_runner import run_due_steps
from models.open_app import open_app
from models.settings import Settings
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.gemini import GeminiStandIn


@asynccontextmanager
async def run_service(
    servers: DatabaseServers, **settings_overrides: Any
) -> AsyncIterator[TicketService]:
    """The ticket service of the workspace T1, with these settings.

    With `interactive=True` no call to Slack is delayed by rate limits, as in the bot.
    """
    interactive = settings_overrides.pop("interactive", False)
    redis_url = servers.new_redis_url()
    settings = Settings.model_validate(
        {
            "slack_bot_token": "x",
            "slack_signing_secret": "x",
            "jwt_secret": "x" * 32,
            "mongodb_uri": servers.mongodb_uri,
            "mongodb_database": f"desk{redis_url.rpartition('/')[2]}",
            "redis_url": redis_url,
            **settings_overrides,
        }
    )
    async with open_app(
        settings, database_timeout_seconds=5, slack_timeout_seconds=1, interactive=interactive
    ) as service:
        await service.prepare("T1")
        yield service


@contextmanager
def step_context_with_gemini(
    service: TicketService, gemini_server: GeminiStandIn
) -> Iterator[StepContext]:
    """The context that a worker gives to steps, with a reset Gemini stand-in."""
    gemini_server.reset()
    key = SecretStr(gemini_server.api_key)
    gemini = Gemini.with_key(key, model="gemini-2.5-flash-lite", endpoint=gemini_server.endpoint)
    yield StepContext(service=service, gemini=gemini)
    gemini.close()


async def attempt_step(
    step_context: StepContext, step: Step, work: StepFunction, ticket_id: str
) -> None:
    """Run this step once as a worker does, if it is due."""
    await run_due_steps(step_context, {step: work}, ticket_id, is_stopping=lambda: True)
