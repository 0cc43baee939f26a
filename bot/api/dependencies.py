"""The services that API routes ask for, each by the type of an argument."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from bot.api.problems import ApiProblem
from models.access.audit_log import AuditLog
from models.access.token_store import ApiTokenStore
from models.admin.members import MemberAdmin
from models.admin.orphaned_tickets import OrphanedTickets
from models.admin.watchers import WatcherAdmin
from models.admin.webhooks import WebhookAdmin
from models.engine.training_store import TrainingStore
from models.people.store import MemberStore
from models.search.event_feed import EventFeed
from models.search.search import Search
from models.services import Services
from models.ticket_service import TicketService
from models.ticket_store.event_log import EventLog
from models.ticket_store.store import TicketStore
from models.triage.taxonomy_store import TaxonomyStore
from models.webhooks.store import WebhookStore


class BotState(Protocol):
    """The part of the bot that the API uses; `bot.web` may import the API, not the reverse."""

    services: Services
    app: object | None
    team_id: str
    startup_status: str


def get_ready_bot(request: Request) -> BotState:
    """The bot; raises ApiProblem until it is ready."""
    bot: BotState = request.app.state.bot
    if bot.app is None:
        raise ApiProblem(
            HTTPStatus.SERVICE_UNAVAILABLE, bot.startup_status, headers={"Retry-After": "5"}
        )
    return bot


def _provide(get: Callable[[Services], object]) -> Any:
    # FastAPI calls a function that is not async in a thread.
    async def provide(request: Request) -> object:
        return get(get_ready_bot(request).services)

    return Depends(provide)


ApiTokenStoreDep = Annotated[ApiTokenStore, _provide(lambda services: services.api_tokens)]
AuditLogDep = Annotated[AuditLog, _provide(lambda services: services.audit_log)]
EventFeedDep = Annotated[EventFeed, _provide(lambda services: services.event_feed)]
EventLogDep = Annotated[EventLog, _provide(lambda services: services.event_log)]
MemberAdminDep = Annotated[MemberAdmin, _provide(lambda services: services.member_admin)]
MemberStoreDep = Annotated[MemberStore, _provide(lambda services: services.members)]
OrphanedTicketsDep = Annotated[
    OrphanedTickets, _provide(lambda services: services.orphaned_tickets)
]
SearchDep = Annotated[Search, _provide(lambda services: services.search)]
TaxonomyStoreDep = Annotated[TaxonomyStore, _provide(lambda services: services.taxonomies)]
TicketServiceDep = Annotated[TicketService, _provide(lambda services: services.ticket_service)]
TicketStoreDep = Annotated[TicketStore, _provide(lambda services: services.tickets)]
TrainingStoreDep = Annotated[TrainingStore, _provide(lambda services: services.training_store)]
WatcherAdminDep = Annotated[WatcherAdmin, _provide(lambda services: services.watcher_admin)]
WebhookAdminDep = Annotated[WebhookAdmin, _provide(lambda services: services.webhook_admin)]
WebhookStoreDep = Annotated[WebhookStore, _provide(lambda services: services.webhooks)]
