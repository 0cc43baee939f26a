"""Tickets over the API, with the same verbs and permissions as in Slack."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field, WithJsonSchema

from bot.api.auth import CurrentService, Reader, Writer
from bot.api.problems import ApiProblem, documented_errors
from bot.api.schemas import CorrectionIn, ETag, MoveIn, SlackId, TicketIn, TicketOut, TicketsPage
from models.access.token_store import Caller
from models.admin.watch_ticket import set_watching
from models.errors import NoSuchTicket
from models.ticket_service import TicketService
from models.tickets.correction import apply_correction
from models.tickets.permissions import Verb, can
from models.tickets.ticket import Status, Ticket
from models.tickets.workflow import Move
from models.triage.result import Priority

router = APIRouter(prefix="/tickets", tags=["tickets"])
# The transition of each verb in a route.
MOVE_BY_VERB = {
    Verb.CLAIM: Move.CLAIM,
    Verb.DECLINE: Move.DECLINE,
    Verb.RELEASE: Move.RELEASE,
    Verb.RESOLVE: Move.RESOLVE,
    Verb.REOPEN: Move.REOPEN,
    Verb.SELF_RESOLVE: Move.SELF_RESOLVE,
}
# The verbs of the route `/{ticket_id}/{verb}`; `correct` has its own route.
_ROUTE_VERBS = [*MOVE_BY_VERB, Verb.WATCH, Verb.UNWATCH]
RouteVerb = Annotated[
    Verb,
    WithJsonSchema({"type": "string", "enum": [verb.value for verb in _ROUTE_VERBS]}),
    Field(description="the action"),
]
TicketId = Annotated[str, Field(pattern=r"^T-[0-9]{1,9}$", examples=["T-42"])]
IdempotencyKey = Annotated[str, Header(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
Cursor = Annotated[str, Query(pattern=r"^(T-[0-9]{1,9})?$", description="`next` of a page")]
Limit = Annotated[int, Query(ge=1, le=100)]
SearchTerms = Annotated[str, Query(max_length=200, description="words that are all in the ticket")]
StatusFilter = Annotated[Status | Literal[""], Query(description="only this status")]
PriorityFilter = Annotated[Priority | Literal[""], Query(description="only this priority")]
PersonFilter = Annotated[str, Query(pattern=r"^[A-Z0-9]{0,20}$", description="Slack id")]
CategoryFilter = Annotated[str, Query(max_length=100, description="the exact name of a category")]
_NO_CORRECTION, _NO_NOTE = CorrectionIn(), MoveIn()
_NOT_FOUND_RESPONSES = documented_errors(HTTPStatus.NOT_FOUND)
_CHANGE_RESPONSES = documented_errors(
    HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED
)


@router.get("", responses=documented_errors())
async def list_tickets(
    *,
    service: CurrentService,
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
    tickets = await service.search.visible_tickets(
        caller.member, before_id=cursor, limit=limit, terms=q, filters=filters
    )
    next_cursor = tickets[-1].id if len(tickets) == limit else None
    return TicketsPage(tickets=tuple(map(TicketOut.from_ticket, tickets)), next=next_cursor)


@router.get("/{ticket_id}", responses=_NOT_FOUND_RESPONSES)
async def get_ticket(
    service: CurrentService, caller: Reader, ticket_id: TicketId, response: Response
) -> TicketOut:
    """Read one ticket; the answer is 404 if the caller may not see it."""
    return _to_response(await _get_visible_ticket(service, caller, ticket_id), response)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=documented_errors(HTTPStatus.CONFLICT),
)
async def open_ticket(
    service: CurrentService,
    caller: Writer,
    wanted: TicketIn,
    idempotency_key: IdempotencyKey,
    response: Response,
) -> TicketOut:
    """Open a ticket for the caller; the same Idempotency-Key never opens a second one."""
    key = f"api:{caller.member.slack_id}:{idempotency_key}"
    draft = wanted.to_draft(idempotency_key=key, requester=caller.member)
    ticket = await service.open_ticket(draft)
    if not ticket.matches(draft):
        raise ApiProblem(
            HTTPStatus.CONFLICT,
            f"No ticket was opened: this Idempotency-Key has already opened {ticket.id} with other "
            "values. Use a new key.",
        )
    await _audit(
        service, caller, "opened ticket", None, ticket, idempotency_key=f"opened:{ticket.id}"
    )
    response.headers["Location"] = f"/api/v1/tickets/{ticket.id}"
    return _to_response(ticket, response)


@router.post("/{ticket_id}/correct", responses=_CHANGE_RESPONSES)
async def correct_ticket(
    *,
    service: CurrentService,
    caller: Writer,
    ticket_id: TicketId,
    response: Response,
    wanted: CorrectionIn = _NO_CORRECTION,
    if_match: ETag = "",
) -> TicketOut:
    """Correct the triage; an empty body confirms that it is right."""
    before = await _get_visible_ticket(service, caller, ticket_id)
    seen = _check_if_match(before, if_match)
    taxonomy = await service.taxonomies.get_taxonomy(before.team_id)
    correction = wanted.to_correction().validate(taxonomy, before)
    ticket = await service.update_ticket(
        ticket_id, apply_correction(correction, actor=caller.member, seen_version=seen)
    )
    await _audit(service, caller, Move.CORRECT.value, before, ticket)
    return _to_response(ticket, response)


@router.post("/{ticket_id}/{verb}", responses=_CHANGE_RESPONSES)
async def move_ticket(
    *,
    service: CurrentService,
    caller: Writer,
    ticket_id: TicketId,
    verb: RouteVerb,
    response: Response,
    note: MoveIn = _NO_NOTE,
    if_match: ETag = "",
) -> TicketOut:
    """Claim, decline, release, resolve, reopen or watch a ticket; its requester can solve it.

    The answer 409 gives the reason if the state of the ticket does not allow it.
    """
    if verb in {Verb.WATCH, Verb.UNWATCH}:
        slack_id, watching = caller.member.slack_id, verb is Verb.WATCH
        ticket = await _set_watching(
            service, caller, ticket_id, slack_id, watching=watching, if_match=if_match
        )
        return _to_response(ticket, response)
    move = MOVE_BY_VERB.get(verb)
    if move is None:
        raise ApiProblem(HTTPStatus.NOT_FOUND, "There is no such action.")
    before = await _get_visible_ticket(service, caller, ticket_id)
    seen, changes = _check_if_match(before, if_match), note.to_changes(move)
    ticket = await service.move(ticket_id, move, actor=caller.member, seen_version=seen, **changes)
    await _audit(service, caller, move.value, before, ticket)
    return _to_response(ticket, response)


@router.put("/{ticket_id}/watchers/{slack_id}", responses=_CHANGE_RESPONSES)
async def share_ticket(
    *,
    service: CurrentService,
    caller: Writer,
    ticket_id: TicketId,
    slack_id: SlackId,
    response: Response,
    if_match: ETag = "",
) -> TicketOut:
    """Add a watcher; the assignee may add anybody, and other moderators only themselves."""
    ticket = await _set_watching(
        service, caller, ticket_id, slack_id, watching=True, if_match=if_match
    )
    return _to_response(ticket, response)


@router.delete("/{ticket_id}/watchers/{slack_id}", responses=_CHANGE_RESPONSES)
async def stop_sharing(
    *,
    service: CurrentService,
    caller: Writer,
    ticket_id: TicketId,
    slack_id: SlackId,
    response: Response,
    if_match: ETag = "",
) -> TicketOut:
    """Remove a watcher."""
    ticket = await _set_watching(
        service, caller, ticket_id, slack_id, watching=False, if_match=if_match
    )
    return _to_response(ticket, response)


async def _set_watching(
    service: TicketService,
    caller: Caller,
    ticket_id: str,
    slack_id: str,
    *,
    watching: bool,
    if_match: str,
) -> Ticket:
    before = await _get_visible_ticket(service, caller, ticket_id)
    _check_if_match(before, if_match)
    ticket = await set_watching(
        service, ticket_id, actor=caller.member, watcher_id=slack_id, watching=watching
    )
    if ticket.watchers != before.watchers:
        verb = "watched" if watching else "stopped watching"
        await _audit(service, caller, verb, before, ticket)
    return ticket


def _check_if_match(ticket: Ticket, if_match: str) -> int | None:
    """The version that the caller has seen; None without If-Match."""
    if if_match and if_match.removeprefix("W/") != _etag(ticket):
        raise ApiProblem(
            HTTPStatus.PRECONDITION_FAILED,
            f"Nothing was saved: {ticket.id} has changed since the state in If-Match. "
            "Read the ticket again.",
        )
    return ticket.version if if_match else None


async def _get_visible_ticket(service: TicketService, caller: Caller, ticket_id: str) -> Ticket:
    ticket, _ = await service.tickets.get_ticket(ticket_id)
    if not can(Verb.VIEW, caller.member, ticket):
        raise NoSuchTicket
    return ticket


def _to_response(ticket: Ticket, response: Response) -> TicketOut:
    response.headers["ETag"] = _etag(ticket)
    return TicketOut.from_ticket(ticket)


def _etag(ticket: Ticket) -> str:
    return f'"{ticket.version}"'


async def _audit(
    service: TicketService,
    caller: Caller,
    verb: str,
    before: Ticket | None,
    after: Ticket,
    *,
    idempotency_key: str = "",
) -> None:
    via = f"token {caller.token_id}"
    await service.audit_log.record_ticket(
        caller.member, verb, before, after, via=via, idempotency_key=idempotency_key
    )
