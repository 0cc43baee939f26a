"""The desk's tools, opened for as long as a process runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from models.accounts import ApiTokenStore
from models.database import Database
from models.desk import TicketService
from models.feed import EventFeed
from models.gate import OutboundCalls
from models.lessons import TrainingStore
from models.openings import TicketIntake
from models.people import DirectorySync
from models.queue import StepQueue
from models.search import Search
from models.sent import AiRequestLog
from models.settings import Settings
from models.slack import SlackClient
from models.solutions import SolutionIndex
from models.store import Store
from models.tokens import JwtSigner
from models.webhooks import WebhookStore
from models.welcomes import GuestPolicyStore
from models.workload import Workload


@asynccontextmanager
async def open_app(
    settings: Settings,
    *,
    database_timeout_seconds: float,
    slack_timeout_seconds: float,
    interactive: bool,
) -> AsyncIterator[TicketService]:
    """Open the desk's tools, and close them at the end.

    Args:
        database_seconds: how long one database operation may take: short in the bot, which must
            acknowledge within Slack's three seconds, longer in the worker.
        slack_seconds: the same for one call of Slack's Web API.
        hurried: whether people wait for what is done, so that no call may be kept back.
    """
    limit = aiohttp.ClientTimeout(total=slack_timeout_seconds)
    async with aiohttp.ClientSession(timeout=limit) as session:
        database = Database(
            settings.mongodb_uri,
            settings.mongodb_database,
            timeout_seconds=database_timeout_seconds,
        )
        queue = StepQueue.from_url(settings.redis_url)
        gate = OutboundCalls(settings.redis_url, interactive=interactive)
        slack = SlackClient.create(settings.slack_api_url, settings.slack_bot_token, session, gate)
        store = Store(database)
        solutions = SolutionIndex(database)
        tokens = JwtSigner(settings.jwt_secret, settings.jwt_previous_secrets)
        welcomes = GuestPolicyStore(database)
        accounts = ApiTokenStore(database, store, tokens, welcomes)
        try:
            yield TicketService(
                settings=settings,
                database=database,
                store=store,
                intake=TicketIntake(database, welcomes),
                search=Search(database, solutions),
                solution_index=solutions,
                event_feed=EventFeed(database),
                accounts=accounts,
                directory=DirectorySync(store, slack, accounts, welcomes),
                guest_policies=welcomes,
                webhooks=WebhookStore(database),
                training_store=TrainingStore(database),
                workload=Workload(store),
                ai_request_log=AiRequestLog(database),
                step_queue=queue,
                outbound_calls=gate,
                slack=slack,
            )
        finally:
            await gate.close()
            await queue.close()
            database.close()
