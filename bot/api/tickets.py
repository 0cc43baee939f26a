"""Tickets over the API: the same verbs, and the same table of permissions, as in Slack."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field, WithJsonSchema

from bot.api.caller import Reader, TheDesk, Writer
from bot.api.problems import Told, answers
from bot.api.shapes import CorrectionIn, ETag, MoveIn, Page, SlackId, TicketIn, TicketOut
from models.accounts import Caller
from models.correction import correcting
from models.desk import Desk
from models.errors import NoSuchTicket
from models.flow import Move
from models.permissions import Verb, may
from models.ticket import Status, Ticket
from models.triage import Priority
from models.watching import watch

router = APIRouter(prefix="/tickets", tags=["tickets"])
# Each verb that moves a ticket on, as people say it.
MOVES = {
    Verb.CLAIM: Move.CLAIM,
    Verb.DECLINE: Move.DECLINE,
    Verb.RELEASE: Move.RELEASE,
    Verb.RESOLVE: Move.RESOLVE,
    Verb.REOPEN: Move.REOPEN,
    Verb.SOLVE: Move.SOLVE,
}
# What may follow a ticket's address; to correct it is described by itself.
_DOABLE = [*MOVES, Verb.WATCH, Verb.UNWATCH]
Doable = Annotated[
    Verb,
    WithJsonSchema({"type": "string", "enum": [verb.value for verb in _DOABLE]}),
    Field(description="what to do with it"),
]
TicketId = Annotated[str, Field(pattern=r"^T-[0-9]{1,9}$", examples=["T-42"])]
Key = Annotated[str, Header(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
Cursor = Annotated[str, Query(pattern=r"^(T-[0-9]{1,9})?$", description="`next` of a page")]
Limit = Annotated[int, Query(ge=1, le=100)]
Words = Annotated[str, Query(max_length=200, description="words that are all in it")]
AnyStatus = Annotated[Status | Literal[""], Query(description="one status alone")]
AnyPriority = Annotated[Priority | Literal[""], Query(description="one priority alone")]
Anybody = Annotated[str, Query(pattern=r"^[A-Z0-9]{0,20}$", description="Slack id")]
Category = Annotated[str, Query(max_length=100, description="the exact name of one")]
_AS_IT_IS, _NOTHING_SAID = CorrectionIn(), MoveIn()
_MISSING = answers(HTTPStatus.NOT_FOUND)
_CHANGED = answers(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)


@router.get("", responses=answers())
async def list_tickets(
    *,
    desk: TheDesk,
    caller: Reader,
    cursor: Cursor = "",
    limit: Limit = 20,
    status: AnyStatus = "",
    priority: AnyPriority = "",
    category: Category = "",
    requester: Anybody = "",
    assignee: Anybody = "",
    q: Words = "",
) -> Page:
    """The tickets that the caller may see, the newest first."""
    wanted: dict[str, str] = {"status": status, "requester": requester, "assignee": assignee}
    wanted |= {"triage.priority": priority, "triage.category": category}
    found = await desk.search.tickets_for(
        caller.member, before=cursor, limit=limit, terms=q, wanted=wanted
    )
    last = found[-1].id if len(found) == limit else None
    return Page(tickets=tuple(map(TicketOut.of, found)), next=last)


@router.get("/{ticket_id}", responses=_MISSING)
async def get_ticket(
    desk: TheDesk, caller: Reader, ticket_id: TicketId, response: Response
) -> TicketOut:
    """One ticket; one that the caller may not see is as good as none."""
    return _shown(await _seen(desk, caller, ticket_id), response)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=answers(HTTPStatus.CONFLICT),
)
async def open_ticket(
    desk: TheDesk,
    caller: Writer,
    wanted: TicketIn,
    idempotency_key: Key,
    response: Response,
) -> TicketOut:
    """Open a ticket for the caller; with the same Idempotency-Key there is one, however often."""
    key = f"api:{caller.member.slack_id}:{idempotency_key}"
    draft = wanted.draft(key=key, requester=caller.member)
    ticket = await desk.open_ticket(draft)
    if not ticket.says(draft):
        raise Told(HTTPStatus.CONFLICT, f"This Idempotency-Key has opened {ticket.id} already.")
    await _note(desk, caller, "opened ticket", None, ticket, key=f"opened:{ticket.id}")
    response.headers["Location"] = f"/api/v1/tickets/{ticket.id}"
    return _shown(ticket, response)


@router.post("/{ticket_id}/correct", responses=_CHANGED)
async def correct_ticket(
    *,
    desk: TheDesk,
    caller: Writer,
    ticket_id: TicketId,
    response: Response,
    wanted: CorrectionIn = _AS_IT_IS,
    if_match: ETag = "",
) -> TicketOut:
    """Say what triage should have said, or with nothing to say that it is right as it is."""
    before = await _seen(desk, caller, ticket_id)
    seen = _matched(before, if_match)
    configuration = await desk.store.configuration(before.team_id)
    correction = wanted.correction().checked(configuration, before)
    ticket = await desk.amend(ticket_id, correcting(correction, by=caller.member, seen=seen))
    await _note(desk, caller, Move.CORRECT.value, before, ticket)
    return _shown(ticket, response)


@router.post("/{ticket_id}/{verb}", responses=_CHANGED)
async def move_ticket(
    *,
    desk: TheDesk,
    caller: Writer,
    ticket_id: TicketId,
    verb: Doable,
    response: Response,
    said: MoveIn = _NOTHING_SAID,
    if_match: ETag = "",
) -> TicketOut:
    """Claim, decline, release, resolve, reopen or watch it, or as who asked solve it.

    409 says why it is too late for that.
    """
    if verb in {Verb.WATCH, Verb.UNWATCH}:
        me, watches = caller.member.slack_id, verb is Verb.WATCH
        ticket = await _watched(desk, caller, ticket_id, me, watches=watches, if_match=if_match)
        return _shown(ticket, response)
    move = MOVES.get(verb)
    if move is None:
        raise Told(HTTPStatus.NOT_FOUND, "There is no such verb.")
    before = await _seen(desk, caller, ticket_id)
    seen, changes = _matched(before, if_match), said.changes(move)
    ticket = await desk.move(ticket_id, move, by=caller.member, seen=seen, **changes)
    await _note(desk, caller, move.value, before, ticket)
    return _shown(ticket, response)


@router.put("/{ticket_id}/watchers/{slack_id}", responses=_CHANGED)
async def share_ticket(
    *,
    desk: TheDesk,
    caller: Writer,
    ticket_id: TicketId,
    slack_id: SlackId,
    response: Response,
    if_match: ETag = "",
) -> TicketOut:
    """Have somebody watch it: oneself, or as its assignee anybody, who then sees it."""
    shared = await _watched(desk, caller, ticket_id, slack_id, watches=True, if_match=if_match)
    return _shown(shared, response)


@router.delete("/{ticket_id}/watchers/{slack_id}", responses=_CHANGED)
async def stop_sharing(
    *,
    desk: TheDesk,
    caller: Writer,
    ticket_id: TicketId,
    slack_id: SlackId,
    response: Response,
    if_match: ETag = "",
) -> TicketOut:
    """Have somebody watch it no more."""
    left = await _watched(desk, caller, ticket_id, slack_id, watches=False, if_match=if_match)
    return _shown(left, response)


async def _watched(
    desk: Desk, caller: Caller, ticket_id: str, who: str, *, watches: bool, if_match: str
) -> Ticket:
    before = await _seen(desk, caller, ticket_id)
    _matched(before, if_match)
    ticket = await watch(desk, ticket_id, by=caller.member, who=who, watches=watches)
    if ticket.watchers != before.watchers:
        what = "watched" if watches else "stopped watching"
        await _note(desk, caller, what, before, ticket)
    return ticket


def _matched(ticket: Ticket, if_match: str) -> int | None:
    """The version that the caller has seen, if they say so."""
    if if_match and if_match.removeprefix("W/") != _etag(ticket):
        raise Told(HTTPStatus.PRECONDITION_FAILED, f"{ticket.id} has changed in the meantime.")
    return ticket.version if if_match else None


async def _seen(desk: Desk, caller: Caller, ticket_id: str) -> Ticket:
    ticket, _ = await desk.store.ticket(ticket_id)
    if not may(Verb.VIEW, caller.member, ticket):
        raise NoSuchTicket
    return ticket


def _shown(ticket: Ticket, response: Response) -> TicketOut:
    response.headers["ETag"] = _etag(ticket)
    return TicketOut.of(ticket)


def _etag(ticket: Ticket) -> str:
    return f'"{ticket.version}"'


async def _note(
    desk: Desk, caller: Caller, what: str, before: Ticket | None, after: Ticket, *, key: str = ""
) -> None:
    via = f"token {caller.token_id}"
    await desk.accounts.note_ticket(caller.member, what, before, after, via=via, key=key)
