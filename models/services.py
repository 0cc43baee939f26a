"""The composition root: the stores, clients and services of a process, by the names of arguments.

Listeners, steps and API routes say by name what they need, and get it from `Services`.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

import aiohttp

from models.access.audit_log import AuditLog
from models.access.directory_sync import DirectorySync
from models.access.email_links import EmailLinks
from models.access.jwt import JwtSigner
from models.access.token_store import ApiTokenStore
from models.admin.members import MemberAdmin
from models.admin.orphaned_tickets import OrphanedTickets
from models.admin.stuck_tickets import StuckTickets
from models.admin.taxonomy import TaxonomyAdmin
from models.admin.watchers import WatcherAdmin
from models.admin.webhooks import WebhookAdmin
from models.admin.workspace_settings import SettingsAdmin
from models.assignment.candidates import CandidateList
from models.assignment.workload import Workload
from models.engine.ai_request_log import AiRequestLog
from models.engine.training_store import TrainingStore
from models.health_checks import HealthChecks
from models.infra.database import Database
from models.infra.outbound_calls import OutboundCalls
from models.job_queue.step_queue import StepQueue
from models.messages.direct_messages import DirectMessages
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

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Connections:
    """The settings of a process, and its connections to the servers."""

    settings: Settings
    database: Database
    step_queue: StepQueue
    outbound_calls: OutboundCalls
    slack: SlackClient


@asynccontextmanager
async def open_connections(
    settings: Settings,
    *,
    database_timeout_seconds: float,
    slack_timeout_seconds: float,
    interactive: bool,
) -> AsyncIterator[Connections]:
    """The connections of a process, closed at the end.

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
        step_queue = StepQueue.from_url(settings.redis_url)
        outbound_calls = OutboundCalls(settings.redis_url, interactive=interactive)
        slack = SlackClient.create(
            settings.slack_api_url, settings.slack_bot_token, session, outbound_calls
        )
        try:
            yield Connections(settings, database, step_queue, outbound_calls, slack)
        finally:
            await outbound_calls.close()
            await step_queue.close()
            database.close()


class Services:
    """The container of a process: each attribute is what an argument of its name gets."""

    def __init__(self, connections: Connections) -> None:
        self.settings: Final = connections.settings
        self.database: Final = connections.database
        self.step_queue: Final = connections.step_queue
        self.outbound_calls: Final = connections.outbound_calls
        self.slack: Final = connections.slack
        signer = JwtSigner(self.settings.jwt_secret, self.settings.jwt_previous_secrets)

        self.workspace_settings: Final = SettingsStore(self.database)
        self.members: Final = MemberStore(self.database, self.workspace_settings)
        self.tickets: Final = TicketStore(self.database)
        self.event_log: Final = EventLog(self.database)
        self.ticket_migration: Final = TicketMigration(self.database)
        self.intake: Final = TicketIntake(
            self.database,
            self.workspace_settings,
            GuestAdmission(self.database, self.members),
        )
        self.taxonomies: Final = TaxonomyStore(self.database)
        self.webhooks: Final = WebhookStore(self.database)
        self.solution_index: Final = SolutionIndex(self.database)
        self.search: Final = Search(self.database, self.tickets, self.members, self.solution_index)
        self.event_feed: Final = EventFeed(self.database, self.tickets, self.event_log)
        self.training_store: Final = TrainingStore(self.database)
        self.ai_request_log: Final = AiRequestLog(self.database)
        self.audit_log: Final = AuditLog(self.database)
        self.api_tokens: Final = ApiTokenStore(self.database, self.members, signer)
        self.email_links: Final = EmailLinks(self.database, signer)
        self.workload: Final = Workload(self.tickets)

        self.ticket_service: Final = TicketService(
            self.tickets, self.intake, self.webhooks, self.step_queue
        )
        self.directory: Final = DirectorySync(
            self.members, self.slack, self.api_tokens, self.audit_log, self.workspace_settings
        )
        self.direct_messages: Final = bind(DirectMessages, self)()
        self.candidate_list: Final = bind(CandidateList, self)()
        self.orphaned_tickets: Final = bind(OrphanedTickets, self)()
        self.stuck_tickets: Final = bind(StuckTickets, self)()
        self.watcher_admin: Final = bind(WatcherAdmin, self)()
        self.webhook_admin: Final = bind(WebhookAdmin, self)()
        self.settings_admin: Final = bind(SettingsAdmin, self)()
        self.member_admin: Final = bind(MemberAdmin, self)()
        self.taxonomy_admin: Final = bind(TaxonomyAdmin, self)()
        self.health_checks: Final = bind(HealthChecks, self)()

    async def prepare(self, team_id: str) -> None:
        """Create indexes and defaults in the database, and promote the configured admins."""
        stores = (
            self.tickets,
            self.event_log,
            self.members,
            self.api_tokens,
            self.email_links,
            self.audit_log,
            self.webhooks,
            self.training_store,
            self.ai_request_log,
        )
        await asyncio.gather(*(store.prepare() for store in stores))
        await self.workspace_settings.take_over(team_id, self.settings.values_for_workspace)
        for slack_id in self.settings.admin_slack_ids:
            await self.directory.promote_configured_admin(team_id, slack_id)


def bind(function: Callable[..., T], services: Services) -> Callable[..., T]:
    """The function, with its keyword-only arguments taken from the services by name.

    Raises:
        TypeError: it needs something that these services do not have.
    """
    available = vars(services)
    keywords = {
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    }
    if missing := keywords - available.keys():
        raise TypeError(f"{function} needs {', '.join(sorted(missing))}: no service has this name")
    return partial(function, **{name: available[name] for name in keywords})
