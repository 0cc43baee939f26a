"""What has happened to tickets, since a cursor: for programs that would rather ask than be told."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from bot.api.auth import CurrentService, Reader
from bot.api.problems import documented_errors
from bot.api.schemas import EventOut, ResponseModel
from models.search.event_feed import SETTLE_TIME, Cursor, FeedEvent

router = APIRouter(tags=["events"])
# Milliseconds, the number of a ticket, and which of its events: none after the year 2286.
AfterCursor = Annotated[
    str,
    Query(pattern=r"^([0-9]{1,13}\.[0-9]{1,9}\.[0-9]{1,5})?$", description="`next` of a page"),
]
Limit = Annotated[int, Query(ge=1, le=100)]


class FeedEventOut(EventOut):
    """One line of a ticket's history, and whose."""

    id: str = Field(description="the same as webhooks are given", examples=["T-42.3"])
    ticket: str = Field(examples=["T-42"])

    @classmethod
    def from_feed_event(cls, feed_event: FeedEvent) -> "FeedEventOut":
        """As it is shown."""
        ticket, event = feed_event.ticket.id, EventOut.from_event(feed_event.event)
        return cls(
            id=f"{ticket}.{feed_event.cursor.event_number}", ticket=ticket, **event.model_dump()
        )


class EventsPage(ResponseModel):
    """Some of what has happened, in its order."""

    events: tuple[FeedEventOut, ...]
    next: str = Field(description="ask with it as `after`, now or later, for what comes after")
    more: bool = Field(description="whether there may be more already, even if `events` is empty")


@router.get(
    "/events",
    responses=documented_errors(),
    description="What has happened to the tickets that the caller may see, the earliest first, "
    f"each event once. An event is told {SETTLE_TIME.seconds} s after it has happened, so that "
    "none comes out of its order; webhooks are told at once.",
)
async def list_events(
    *, service: CurrentService, caller: Reader, after: AfterCursor = "", limit: Limit = 100
) -> EventsPage:
    """What has happened since."""
    place = Cursor.parse(after) if after else None
    told = await service.event_feed.read_page(place, caller.member, limit=limit)
    events = tuple(map(FeedEventOut.from_feed_event, told.events))
    return EventsPage(events=events, next=told.next_cursor.text, more=told.has_more)
