"""Opens services in the test process, on real servers and with their own database."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pydantic import SecretStr

from bot.background import BackgroundTasks
from bot.services import BotServices
from jobs.engines.gemini import Gemini
from jobs.runner.step_function import StepFunction
from jobs.runner.step_runner import run_due_steps
from jobs.services import WorkerServices
from models.services import Connections, Services, bind, open_connections
from models.settings import Settings
from models.tickets.pending_step import Step
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.gemini import GeminiStandIn


@asynccontextmanager
async def run_services(
    servers: DatabaseServers, **settings_overrides: Any
) -> AsyncIterator[BotServices]:
    """The services of the workspace T1, with these settings.

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
    async with open_connections(
        settings, database_timeout_seconds=5, slack_timeout_seconds=1, interactive=interactive
    ) as connections:
        services = BotServices(connections, BackgroundTasks())
        await services.prepare("T1")
        yield services


def worker_services(services: Services, gemini: Gemini | None = None) -> WorkerServices:
    """The services of a worker that has just started, on the same connections."""
    connections = Connections(
        services.settings,
        services.database,
        services.step_queue,
        services.outbound_calls,
        services.slack,
    )
    return WorkerServices(connections, gemini)


@contextmanager
def worker_services_with_gemini(
    services: Services, gemini_server: GeminiStandIn
) -> Iterator[WorkerServices]:
    """The services of a worker, with a reset Gemini stand-in."""
    gemini_server.reset()
    key = SecretStr(gemini_server.api_key)
    gemini = Gemini.with_key(key, model="gemini-2.5-flash-lite", endpoint=gemini_server.endpoint)
    yield worker_services(services, gemini)
    gemini.close()


async def run_as_worker(
    services: Services,
    steps: Mapping[Step, StepFunction],
    ticket_id: str,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Run the due steps of a ticket, and those that follow, as a worker does."""
    if not isinstance(services, WorkerServices):
        services = worker_services(services)
    await run_due_steps(
        ticket_id,
        {step: bind(work, services) for step, work in steps.items()},
        is_stopping=is_stopping,
        ticket_service=services.ticket_service,
    )


async def attempt_step(services: Services, step: Step, work: StepFunction, ticket_id: str) -> None:
    """Run this step once as a worker does, if it is due."""
    await run_as_worker(services, {step: work}, ticket_id, is_stopping=lambda: True)
