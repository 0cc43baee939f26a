"""What has happened to tickets, since a cursor: for programs that would rather ask than be told."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from bot.api.caller import Reader, TheDesk
from bot.api.problems import answers
from bot.api.shapes import EventOut, Out
from models.feed import SETTLED_AFTER, Happened, Place

router = APIRouter(tags=["events"])
# Milliseconds, the number of a ticket, and which of its events: none after the year 2286.
After = Annotated[
    str,
    Query(pattern=r"^([0-9]{1,13}\.[0-9]{1,9}\.[0-9]{1,5})?$", description="`next` of a page"),
]
Limit = Annotated[int, Query(ge=1, le=100)]


class HappenedOut(EventOut):
    """One line of a ticket's history, and whose."""

    id: str = Field(description="the same as webhooks are given", examples=["T-42.3"])
    ticket: str = Field(examples=["T-42"])

    @classmethod
    def told(cls, happened: Happened) -> "HappenedOut":
        """As it is shown."""
        ticket, event = happened.ticket.id, EventOut.of(happened.event)
        return cls(id=f"{ticket}.{happened.place.nth}", ticket=ticket, **event.model_dump())


class EventsPage(Out):
    """Some of what has happened, in its order."""

    events: tuple[HappenedOut, ...]
    next: str = Field(description="ask with it as `after`, now or later, for what comes after")
    more: bool = Field(description="whether there may be more already, even if `events` is empty")


@router.get(
    "/events",
    responses=answers(),
    description="What has happened to the tickets that the caller may see, the earliest first, "
    f"each event once. An event is told {SETTLED_AFTER.seconds} s after it has happened, so that "
    "none comes out of its order; webhooks are told at once.",
)
async def list_events(
    *, desk: TheDesk, caller: Reader, after: After = "", limit: Limit = 100
) -> EventsPage:
    """What has happened since."""
    place = Place.read(after) if after else None
    told = await desk.feed.after(place, caller.member, limit=limit)
    events = tuple(map(HappenedOut.told, told.happened))
    return EventsPage(events=events, next=told.ends.cursor, more=told.more)
