"""The event feed over the API: order, paging, visibility and settling."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.clock import utc_now
from models.people.member import Role
from models.search import event_feed
from models.search.event_feed import SETTLE_TIME
from models.ticket_store.event_log import NumberedEvent
from models.tickets.ticket import MAX_EVENTS_IN_TICKET, Event, Ticket
from tests.bot.api.conftest import ApiClient

NOON = utc_now().replace(microsecond=0) - timedelta(days=20)
MINUTE = timedelta(minutes=1)


async def make_ticket(api: ApiClient, requester: str, *at: datetime, **fields: Any) -> Ticket:
    """A ticket whose history has events at these times."""
    opened = await api.open_ticket(requester, **fields)
    history = tuple(Event(at=time, what=f"nth {nth}") for nth, time in enumerate(at))
    stored = await api.services.tickets.compare_and_set(
        opened, opened.model_copy(update={"history": history})
    )
    assert stored
    return stored


async def read_events(
    api: ApiClient, token: str, *, after: str = "", limit: int = 100
) -> tuple[list[str], str]:
    """The events of all pages, as "ticket nth", and the last cursor."""
    events: list[str] = []
    has_more = True
    while has_more:
        path = f"/events?limit={limit}&after={after}"
        page = (await api.call("GET", path, token=token)).body
        assert len(page["events"]) <= limit
        events += [f"{one['ticket']} {one['what']}" for one in page["events"]]
        assert all(one["id"].startswith(f"{one['ticket']}.") for one in page["events"])
        after, has_more = page["next"], page["more"]
    return events, after


# A cursor before all events of these tests.
BEGIN = f"{int((NOON - timedelta(days=1)).timestamp() * 1000)}.0.0"


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_events_come_in_order_each_once(api: ApiClient, limit: int) -> None:
    _, token = await api.create_member_with_token(f"UORDER{limit}", Role.USER)
    minutes = [NOON + nth * MINUTE for nth in range(4)]
    first = await make_ticket(api, f"UORDER{limit}", *minutes)
    # Equal times: two events of one ticket, and events of both tickets.
    second = await make_ticket(api, f"UORDER{limit}", minutes[1], minutes[1], minutes[3])

    events, _ = await read_events(api, token, after=BEGIN, limit=limit)

    assert events == [
        f"{first.id} nth 0",
        f"{first.id} nth 1",
        f"{second.id} nth 0",
        f"{second.id} nth 1",
        f"{first.id} nth 2",
        f"{first.id} nth 3",
        f"{second.id} nth 2",
    ]


async def test_a_cursor_returns_only_newer_events(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UNEWS", Role.USER)
    ticket = await make_ticket(api, "UNEWS", NOON, NOON + MINUTE)
    cursor = f"{int(NOON.timestamp() * 1000)}.{ticket.id[2:]}.1"

    assert (await read_events(api, token, after=cursor))[0] == [f"{ticket.id} nth 1"]
    _, end = await read_events(api, token)
    assert (await read_events(api, token, after=end))[0] == []


async def test_an_event_that_is_not_settled_is_not_listed_yet(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UEARLY", Role.USER)
    settled_at = utc_now() - SETTLE_TIME - MINUTE
    ticket = await make_ticket(api, "UEARLY", settled_at, utc_now() + MINUTE)

    events, end = await read_events(api, token, after=BEGIN)

    assert events == [f"{ticket.id} nth 0"]
    # The cursor stays before now, so an event that is stored late is not skipped.
    assert int(end.partition(".")[0]) <= (utc_now() - SETTLE_TIME).timestamp() * 1000 + 1000


@pytest.mark.fault("F86")
async def test_events_are_listed_only_to_people_who_see_the_ticket(api: ApiClient) -> None:
    ticket = await make_ticket(api, "UOWNS", NOON - 9 * MINUTE, confidential=True)
    public = await make_ticket(api, "UOWNS", NOON - 8 * MINUTE)
    people = [
        ("UOWNS", Role.USER, {}),
        ("USTRANGER", Role.USER, {}),
        ("UOUTSIDE", Role.MODERATOR, {}),
        ("UINSIDE", Role.MODERATOR, {"trusted": True}),
    ]

    can_see = {}
    for slack_id, role, more in people:
        _, token = await api.create_member_with_token(slack_id, role, **more)
        events, _ = await read_events(api, token, after=BEGIN)
        can_see[slack_id] = [f"{one.id} nth 0" in events for one in (ticket, public)]

    assert can_see == {
        "UOWNS": [True, True],
        "USTRANGER": [False, False],
        "UOUTSIDE": [False, True],
        "UINSIDE": [True, True],
    }


async def test_a_page_reads_a_limited_number_of_tickets(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "_MAX_TICKETS", 3)
    _, token = await api.create_member_with_token("UMANY", Role.USER)
    # Seven events within a second, six of them of another requester, and one a day later.
    tickets = [
        await make_ticket(
            api, "UMANY" if n == 6 else "UELSE", NOON + timedelta(milliseconds=100 * n)
        )
        for n in range(7)
    ]
    later = await make_ticket(api, "UMANY", NOON + timedelta(days=1))

    events, _ = await read_events(api, token, after=BEGIN)

    assert events == [f"{tickets[6].id} nth 0", f"{later.id} nth 0"]


@pytest.mark.parametrize("after", ["x", "1", "1.2", "-1.0.0", "1.0.0.0", "99999999999999.0.0"])
async def test_an_invalid_cursor_is_refused(api: ApiClient, after: str) -> None:
    _, token = await api.create_member_with_token("UBADLY", Role.USER)

    assert (await api.call("GET", f"/events?after={after}", token=token)).status == 422


async def test_a_cursor_of_the_future_returns_no_events(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UFUTURE", Role.USER)
    after = "9999999999999.999999999.99999"

    page = (await api.call("GET", f"/events?after={after}", token=token)).body

    assert page == {"events": [], "next": after, "more": False}


async def make_ticket_with_archived_events(
    api: ApiClient, requester: str, *, event_count: int, **fields: Any
) -> Ticket:
    """A ticket whose older events are in the event log."""
    times = [NOON - timedelta(days=2) + n * MINUTE for n in range(event_count)]
    ticket = await make_ticket(api, requester, *times, **fields)
    older = [NumberedEvent(*one) for one in ticket.numbered_events[:-MAX_EVENTS_IN_TICKET]]
    await api.services.event_log.archive(ticket, older)
    return await api.services.ticket_service.update_ticket(
        ticket.id, lambda current, _now: current.without_events_until(older[-1].number)
    )


@pytest.mark.parametrize("limit", [1, 12, 13, 100])
async def test_all_events_of_a_ticket_are_paged_in_order(api: ApiClient, limit: int) -> None:
    """Twelve of them are in the log, and the pages cross from the log into the ticket."""
    _, token = await api.create_member_with_token(f"UPAGED{limit}", Role.USER)
    ticket = await make_ticket_with_archived_events(api, f"UPAGED{limit}", event_count=32)
    path = f"/tickets/{ticket.id}"

    events: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        response = await api.call("GET", f"{path}/events?limit={limit}&after={after}", token=token)
        assert len(response.body["events"]) <= limit
        events += response.body["events"]
        after = response.body["next"]

    assert [one["id"] for one in events] == [f"{ticket.id}.{n}" for n in range(1, 33)]
    assert [one["what"] for one in events] == [f"nth {n}" for n in range(32)]
    history = (await api.call("GET", path, token=token)).body["history"]
    assert [one["what"] for one in history] == [f"nth {n}" for n in range(12, 32)]


@pytest.mark.fault("F86")
async def test_events_of_an_invisible_ticket_are_answered_404(api: ApiClient) -> None:
    _, requester = await api.create_member_with_token("UHIDES", Role.USER)
    _, outsider = await api.create_member_with_token("UCURIOUS", Role.MODERATOR)
    ticket = await make_ticket_with_archived_events(
        api, "UHIDES", event_count=25, confidential=True
    )

    async def status(token: str) -> int:
        return (await api.call("GET", f"/tickets/{ticket.id}/events", token=token)).status

    assert (await status(requester), await status(outsider)) == (200, 404)
