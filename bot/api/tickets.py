"""Tickets over the API, with the same actions and permissions as in Slack.

`bot.api.ticket_routes` adds the routes of the actions.
"""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from bot.api.auth import Reader, Writer
from bot.api.dependencies import (
    AuditLogDep,
    SearchDep,
    TaxonomyStoreDep,
    TicketServiceDep,
    TicketStoreDep,
    WatcherAdminDep,
)
from bot.api.problems import ApiProblem, documented_errors
from bot.api.schemas import (
    CorrectionIn,
    ETag,
    SlackId,
    TicketIn,
    TicketOut,
    TicketsPage,
)
from models.access.audit_log import AuditLog
from models.access.token_store import Caller
from models.admin.watchers import WatcherAdmin
from models.ticket_store.store import TicketStore
from models.tickets.actions import ACTIONS, Verb
from models.tickets.correction import apply_correction
from models.tickets.ticket import Status, Ticket
from models.triage.result import Priority

router = APIRouter(tags=["tickets"])
TicketId = Annotated[str, Field(pattern=r"^T-[0-9]{1,9}$", examples=["T-42"])]
IdempotencyKey = Annotated[str, Header(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
Cursor = Annotated[str, Query(pattern=r"^(T-[0-9]{1,9})?$", description="`next` of a page")]
Limit = Annotated[int, Query(ge=1, le=100)]
SearchTerms = Annotated[str, Query(max_length=200, description="words that are all in the ticket")]
StatusFilter = Annotated[Status | Literal[""], Query(description="only this status")]
PriorityFilter = Annotated[Priority | Literal[""], Query(description="only this priority")]
PersonFilter = Annotated[str, Query(pattern=r"^[A-Z0-9]{0,20}$", description="Slack id")]
CategoryFilter = Annotated[str, Query(max_length=100, description="the exact name of a category")]
_NO_CORRECTION = CorrectionIn()


@router.get("/tickets", responses=documented_errors())
async def list_tickets(
    *,
    search: SearchDep,
    caller: Reader,
    cursor: Cursor = "",
    limit: Limit = 20,
    status: StatusFilter = "",
    priority: PriorityFilter = "",
    category: CategoryFilter = "",
    requester: PersonFilter = "",
    assignee: PersonFilter = "",
    q: SearchTerms = "",
) -> TicketsPage:
    """List the tickets that the caller may see, newest first."""
    filters: dict[str, str] = {"status": status, "requester": requester, "assignee": assignee}
    filters |= {"triage.priority": priority, "triage.category": category}
    tickets = await search.visible_tickets(
        caller.member, before_id=cursor, limit=limit, terms=q, filters=filters
    )
    next_cursor = tickets[-1].id if len(tickets) == limit else None
    return TicketsPage(tickets=tuple(map(TicketOut.from_ticket, tickets)), next=next_cursor)


async def get_ticket(
    caller: Reader, ticket_id: TicketId, response: Response, *, tickets: TicketStoreDep
) -> TicketOut:
    """Read one ticket; the answer is 404 if the caller may not see it."""
    return to_response(await tickets.get_for(caller.member, ticket_id, Verb.VIEW), response)


async def open_ticket(
    caller: Writer,
    wanted: TicketIn,
    idempotency_key: IdempotencyKey,
    response: Response,
    *,
    audit_log: AuditLogDep,
    ticket_service: TicketServiceDep,
) -> TicketOut:
    """Open a ticket for the caller; the same Idempotency-Key never opens a second one."""
    key = f"api:{caller.member.slack_id}:{idempotency_key}"
    draft = wanted.to_draft(idempotency_key=key, requester=caller.member)
    ticket = await ticket_service.open_ticket(draft)
    if not ticket.matches(draft):
        raise ApiProblem(
            HTTPStatus.CONFLICT,
            f"No ticket was opened: this Idempotency-Key has already opened {ticket.id} with other "
            "values. Use a new key.",
        )
    await record_action(
        caller, Verb.OPEN, None, ticket, idempotency_key=f"opened:{ticket.id}", audit_log=audit_log
    )
    response.headers["Location"] = f"/api/v1/tickets/{ticket.id}"
    return to_response(ticket, response)


async def correct_ticket(
    *,
    tickets: TicketStoreDep,
    taxonomies: TaxonomyStoreDep,
    audit_log: AuditLogDep,
    ticket_service: TicketServiceDep,
    caller: Writer,
    ticket_id: TicketId,
    response: Response,
    wanted: CorrectionIn = _NO_CORRECTION,
    if_match: ETag = "",
) -> TicketOut:
    """Correct the triage; an empty body confirms that it is right."""
    before = await tickets.get_for(caller.member, ticket_id, Verb.VIEW)
    seen = check_if_match(before, if_match)
    taxonomy = await taxonomies.get_taxonomy(before.team_id)
    correction = wanted.to_correction().validate(taxonomy, before)
    ticket = await ticket_service.update_ticket(
        ticket_id, apply_correction(correction, actor=caller.member, seen_version=seen)
    )
    await record_action(caller, Verb.CORRECT, before, ticket, audit_log=audit_log)
    return to_response(ticket, response)


async def watch_ticket(
    *,
    tickets: TicketStoreDep,
    audit_log: AuditLogDep,
    watcher_admin: WatcherAdminDep,
    caller: Writer,
    ticket_id: TicketId,
    response: Response,
    if_match: ETag = "",
) -> TicketOut:
    ticket = await _set_watching(
        caller,
        ticket_id,
        caller.member.slack_id,
        watching=True,
        if_match=if_match,
        tickets=tickets,
        audit_log=audit_log,
        watcher_admin=watcher_admin,
    )
    return to_response(ticket, response)


async def unwatch_ticket(
    *,
    tickets: TicketStoreDep,
    audit_log: AuditLogDep,
    watcher_admin: WatcherAdminDep,
    caller: Writer,
    ticket_id: TicketId,
    response: Response,
    if_match: ETag = "",
) -> TicketOut:
    ticket = await _set_watching(
        caller,
        ticket_id,
        caller.member.slack_id,
        watching=False,
        if_match=if_match,
        tickets=tickets,
        audit_log=audit_log,
        watcher_admin=watcher_admin,
    )
    return to_response(ticket, response)


async def share_ticket(
    *,
    tickets: TicketStoreDep,
    audit_log: AuditLogDep,
    watcher_admin: WatcherAdminDep,
    caller: Writer,
    ticket_id: TicketId,
    slack_id: SlackId,
    response: Response,
    if_match: ETag = "",
) -> TicketOut:
    """Add a watcher; the assignee may add anybody, and other moderators only themselves."""
    ticket = await _set_watching(
        caller,
        ticket_id,
        slack_id,
        watching=True,
        if_match=if_match,
        tickets=tickets,
        audit_log=audit_log,
        watcher_admin=watcher_admin,
    )
    return to_response(ticket, response)


async def stop_sharing(
    *,
    tickets: TicketStoreDep,
    audit_log: AuditLogDep,
    watcher_admin: WatcherAdminDep,
    caller: Writer,
    ticket_id: TicketId,
    slack_id: SlackId,
    response: Response,
    if_match: ETag = "",
) -> TicketOut:
    """Remove a watcher."""
    ticket = await _set_watching(
        caller,
        ticket_id,
        slack_id,
        watching=False,
        if_match=if_match,
        tickets=tickets,
        audit_log=audit_log,
        watcher_admin=watcher_admin,
    )
    return to_response(ticket, response)


async def _set_watching(
    caller: Caller,
    ticket_id: str,
    slack_id: str,
    *,
    watching: bool,
    if_match: str,
    tickets: TicketStore,
    audit_log: AuditLog,
    watcher_admin: WatcherAdmin,
) -> Ticket:
    before = await tickets.get_for(caller.member, ticket_id, Verb.VIEW)
    check_if_match(before, if_match)
    ticket = await watcher_admin.set_watching(
        ticket_id, actor=caller.member, watcher_id=slack_id, watching=watching
    )
    if ticket.watchers != before.watchers:
        verb = Verb.WATCH if watching else Verb.UNWATCH
        await record_action(caller, verb, before, ticket, audit_log=audit_log)
    return ticket


def check_if_match(ticket: Ticket, if_match: str) -> int | None:
    """The version that the caller has seen; None without If-Match."""
    if if_match and if_match.removeprefix("W/") != _etag(ticket):
        raise ApiProblem(
            HTTPStatus.PRECONDITION_FAILED,
            f"Nothing was saved: {ticket.id} has changed since the state in If-Match. "
            "Read the ticket again.",
        )
    return ticket.state_version if if_match else None


def to_response(ticket: Ticket, response: Response) -> TicketOut:
    """The ticket, with its ETag in the headers of the response."""
    response.headers["ETag"] = _etag(ticket)
    return TicketOut.from_ticket(ticket)


def _etag(ticket: Ticket) -> str:
    return f'"{ticket.state_version}"'


async def record_action(
    caller: Caller,
    verb: Verb,
    before: Ticket | None,
    after: Ticket,
    *,
    idempotency_key: str = "",
    audit_log: AuditLog,
) -> None:
    """Record the action in the audit log, under the name in the actions table."""
    via = f"token {caller.token_id}"
    await audit_log.record_ticket(
        caller.member,
        ACTIONS[verb].audit_name,
        before,
        after,
        via=via,
        idempotency_key=idempotency_key,
    )
