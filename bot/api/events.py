"""The events of tickets, for programs that poll instead of using webhooks."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from bot.api.auth import Reader
from bot.api.dependencies import EventFeedDep, EventLogDep, TicketStoreDep
from bot.api.problems import documented_errors
from bot.api.schemas import EventOut, ResponseModel
from bot.api.tickets import TicketId
from models.search.event_feed import SETTLE_TIME, Cursor, FeedEvent
from models.tickets.actions import Verb

router = APIRouter(tags=["events"])
# Milliseconds since 1970, ticket number and event number; 13 digits last until the year 2286.
AfterCursor = Annotated[
    str,
    Query(pattern=r"^([0-9]{1,13}\.[0-9]{1,9}\.[0-9]{1,5})?$", description="`next` of a page"),
]
Limit = Annotated[int, Query(ge=1, le=100)]
AfterNumber = Annotated[int, Query(ge=0, le=999_999_999, description="`next` of a page")]


_EVENT_ID = Field(description="the same id as in webhook deliveries", examples=["T-42.3"])


class TicketEventOut(EventOut):
    """One event of a ticket, in the list of this ticket."""

    id: str = _EVENT_ID


class TicketEventsPage(ResponseModel):
    """A page of a ticket's events, oldest first."""

    events: tuple[TicketEventOut, ...]
    next: int | None = Field(description="the `after` of the next page, if there is one")


class FeedEventOut(EventOut):
    """One event of a ticket, in the list of all tickets."""

    id: str = _EVENT_ID
    ticket: str = Field(examples=["T-42"])

    @classmethod
    def from_feed_event(cls, feed_event: FeedEvent) -> "FeedEventOut":
        ticket, event = feed_event.ticket.id, EventOut.from_event(feed_event.event)
        return cls(
            id=f"{ticket}.{feed_event.cursor.event_number}", ticket=ticket, **event.model_dump()
        )


class EventsPage(ResponseModel):
    """A page of events, in their order."""

    events: tuple[FeedEventOut, ...]
    next: str = Field(description="send it as `after`, now or later, for the following events")
    more: bool = Field(description="whether more events may exist, even if `events` is empty")


@router.get(
    "/events",
    responses=documented_errors(),
    description="The events of the tickets that the caller may see, oldest first, each event once. "
    f"An event is listed {SETTLE_TIME.seconds} s after it happened, so that the order is final. "
    "Webhooks get it at once.",
)
async def list_events(
    *, event_feed: EventFeedDep, caller: Reader, after: AfterCursor = "", limit: Limit = 100
) -> EventsPage:
    cursor = Cursor.parse(after) if after else None
    page = await event_feed.read_page(cursor, caller.member, limit=limit)
    events = tuple(map(FeedEventOut.from_feed_event, page.events))
    return EventsPage(events=events, next=page.next_cursor.text, more=page.has_more)


@router.get("/tickets/{ticket_id}/events", responses=documented_errors(HTTPStatus.NOT_FOUND))
async def list_ticket_events(
    *,
    tickets: TicketStoreDep,
    event_log: EventLogDep,
    caller: Reader,
    ticket_id: TicketId,
    after: AfterNumber = 0,
    limit: Limit = 100,
) -> TicketEventsPage:
    """List all events of one ticket, oldest first; the ticket itself shows only the newest ones."""
    ticket = await tickets.get_for(caller.member, ticket_id, Verb.VIEW)
    page = await event_log.events(ticket, after=after, limit=limit)
    events = tuple(
        TicketEventOut(id=f"{ticket.id}.{number}", **EventOut.from_event(event).model_dump())
        for number, event in page
    )
    last_number = page[-1].number if page else after
    return TicketEventsPage(
        events=events, next=last_number if last_number < ticket.event_count else None
    )
