"""The composition root: creates the stores and clients that a process needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from models.access.audit_log import AuditLog
from models.access.directory_sync import DirectorySync
from models.access.email_links import EmailLinks
from models.access.jwt import JwtSigner
from models.access.token_store import ApiTokenStore
from models.assignment.workload import Workload
from models.engine.ai_request_log import AiRequestLog
from models.engine.training_store import TrainingStore
from models.infra.database import Database
from models.infra.outbound_calls import OutboundCalls
from models.job_queue.step_queue import StepQueue
from models.messages.slack_client import SlackClient
from models.people.guest_admission import GuestAdmission
from models.people.store import MemberStore
from models.search.event_feed import EventFeed
from models.search.search import Search
from models.search.solution_index import SolutionIndex
from models.settings import Settings
from models.ticket_service import TicketService
from models.ticket_store.event_log import EventLog
from models.ticket_store.intake import TicketIntake
from models.ticket_store.migration import TicketMigration
from models.ticket_store.store import TicketStore
from models.triage.taxonomy_store import TaxonomyStore
from models.webhooks.store import WebhookStore
from models.workspace.settings_store import SettingsStore


@asynccontextmanager
async def open_app(
    settings: Settings,
    *,
    database_timeout_seconds: float,
    slack_timeout_seconds: float,
    interactive: bool,
) -> AsyncIterator[TicketService]:
    """The ticket service with its stores and clients; closes their connections at the end.

    Args:
        settings: the settings of this process.
        database_timeout_seconds: limit of one database operation. It is short in the bot, which
            must acknowledge within Slack's three seconds, and longer in the worker.
        slack_timeout_seconds: limit of one call of Slack's Web API.
        interactive: whether people wait for the result, so that no call may be delayed.
    """
    limit = aiohttp.ClientTimeout(total=slack_timeout_seconds)
    async with aiohttp.ClientSession(timeout=limit) as session:
        database = Database(
            settings.mongodb_uri,
            settings.mongodb_database,
            timeout_seconds=database_timeout_seconds,
        )
        queue = StepQueue.from_url(settings.redis_url)
        outbound_calls = OutboundCalls(settings.redis_url, interactive=interactive)
        slack = SlackClient.create(
            settings.slack_api_url, settings.slack_bot_token, session, outbound_calls
        )
        try:
            yield _build_service(settings, database, queue, outbound_calls, slack)
        finally:
            await outbound_calls.close()
            await queue.close()
            database.close()


def _build_service(
    settings: Settings,
    database: Database,
    queue: StepQueue,
    outbound_calls: OutboundCalls,
    slack: SlackClient,
) -> TicketService:
    tickets = TicketStore(database)
    event_log = EventLog(database)
    workspace_settings = SettingsStore(database)
    members = MemberStore(database, workspace_settings)
    solutions = SolutionIndex(database)
    signer = JwtSigner(settings.jwt_secret, settings.jwt_previous_secrets)
    api_tokens = ApiTokenStore(database, members, signer)
    audit_log = AuditLog(database)
    return TicketService(
        settings=settings,
        database=database,
        tickets=tickets,
        members=members,
        taxonomies=TaxonomyStore(database),
        intake=TicketIntake(database, workspace_settings, GuestAdmission(database, members)),
        search=Search(database, tickets, members, solutions),
        solution_index=solutions,
        event_feed=EventFeed(database, tickets, event_log),
        event_log=event_log,
        ticket_migration=TicketMigration(database),
        api_tokens=api_tokens,
        email_links=EmailLinks(database, signer),
        audit_log=audit_log,
        directory=DirectorySync(members, slack, api_tokens, audit_log, workspace_settings),
        workspace_settings=workspace_settings,
        webhooks=WebhookStore(database),
        training_store=TrainingStore(database),
        workload=Workload(tickets),
        ai_request_log=AiRequestLog(database),
        step_queue=queue,
        outbound_calls=outbound_calls,
        slack=slack,
    )
