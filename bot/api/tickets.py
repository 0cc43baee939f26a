"""Tickets over the API: the same verbs, and the same table of permissions, as in Slack."""

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
# Each verb that moves a ticket on, as people say it.
MOVE_BY_VERB = {
    Verb.CLAIM: Move.CLAIM,
    Verb.DECLINE: Move.DECLINE,
    Verb.RELEASE: Move.RELEASE,
    Verb.RESOLVE: Move.RESOLVE,
    Verb.REOPEN: Move.REOPEN,
    Verb.SELF_RESOLVE: Move.SELF_RESOLVE,
}
# What may follow a ticket's address; to correct it is described by itself.
_ROUTE_VERBS = [*MOVE_BY_VERB, Verb.WATCH, Verb.UNWATCH]
RouteVerb = Annotated[
    Verb,
    WithJsonSchema({"type": "string", "enum": [verb.value for verb in _ROUTE_VERBS]}),
    Field(description="what to do with it"),
]
TicketId = Annotated[str, Field(pattern=r"^T-[0-9]{1,9}$", examples=["T-42"])]
IdempotencyKey = Annotated[str, Header(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
Cursor = Annotated[str, Query(pattern=r"^(T-[0-9]{1,9})?$", description="`next` of a page")]
Limit = Annotated[int, Query(ge=1, le=100)]
SearchTerms = Annotated[str, Query(max_length=200, description="words that are all in it")]
StatusFilter = Annotated[Status | Literal[""], Query(description="one status alone")]
PriorityFilter = Annotated[Priority | Literal[""], Query(description="one priority alone")]
PersonFilter = Annotated[str, Query(pattern=r"^[A-Z0-9]{0,20}$", description="Slack id")]
CategoryFilter = Annotated[str, Query(max_length=100, description="the exact name of one")]
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
    """The tickets that the caller may see, the newest first."""
    wanted: dict[str, str] = {"status": status, "requester": requester, "assignee": assignee}
    wanted |= {"triage.priority": priority, "triage.category": category}
    found = await service.search.visible_tickets(
        caller.member, before_id=cursor, limit=limit, terms=q, filters=wanted
    )
    last = found[-1].id if len(found) == limit else None
    return TicketsPage(tickets=tuple(map(TicketOut.from_ticket, found)), next=last)


@router.get("/{ticket_id}", responses=_NOT_FOUND_RESPONSES)
async def get_ticket(
    service: CurrentService, caller: Reader, ticket_id: TicketId, response: Response
) -> TicketOut:
    """One ticket; one that the caller may not see is as good as none."""
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
    """Open a ticket for the caller; with the same Idempotency-Key there is one, however often."""
    key = f"api:{caller.member.slack_id}:{idempotency_key}"
    draft = wanted.to_draft(idempotency_key=key, requester=caller.member)
    ticket = await service.open_ticket(draft)
    if not ticket.matches(draft):
        raise ApiProblem(
            HTTPStatus.CONFLICT, f"This Idempotency-Key has opened {ticket.id} already."
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
    """Say what triage should have said, or with nothing to say that it is right as it is."""
    before = await _get_visible_ticket(service, caller, ticket_id)
    seen = _check_if_match(before, if_match)
    configuration = await service.taxonomies.get_taxonomy(before.team_id)
    correction = wanted.to_correction().validate(configuration, before)
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
    said: MoveIn = _NO_NOTE,
    if_match: ETag = "",
) -> TicketOut:
    """Claim, decline, release, resolve, reopen or watch it, or as who asked solve it.

    409 says why it is too late for that.
    """
    if verb in {Verb.WATCH, Verb.UNWATCH}:
        me, watches = caller.member.slack_id, verb is Verb.WATCH
        ticket = await _set_watching(
            service, caller, ticket_id, me, watching=watches, if_match=if_match
        )
        return _to_response(ticket, response)
    move = MOVE_BY_VERB.get(verb)
    if move is None:
        raise ApiProblem(HTTPStatus.NOT_FOUND, "There is no such verb.")
    before = await _get_visible_ticket(service, caller, ticket_id)
    seen, changes = _check_if_match(before, if_match), said.to_changes(move)
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
    """Have somebody watch it: oneself, or as its assignee anybody, who then sees it."""
    shared = await _set_watching(
        service, caller, ticket_id, slack_id, watching=True, if_match=if_match
    )
    return _to_response(shared, response)


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
    """Have somebody watch it no more."""
    left = await _set_watching(
        service, caller, ticket_id, slack_id, watching=False, if_match=if_match
    )
    return _to_response(left, response)


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
        what = "watched" if watching else "stopped watching"
        await _audit(service, caller, what, before, ticket)
    return ticket


def _check_if_match(ticket: Ticket, if_match: str) -> int | None:
    """The version that the caller has seen, if they say so."""
    if if_match and if_match.removeprefix("W/") != _etag(ticket):
        raise ApiProblem(
            HTTPStatus.PRECONDITION_FAILED, f"{ticket.id} has changed in the meantime."
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
