"""Events: told in their order, each once, to those who see the ticket, and none too early."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from models.clock import utc_now
from models.people.member import Role
from models.search import event_feed
from models.search.event_feed import SETTLE_TIME
from models.tickets.ticket import Event, Ticket
from tests.bot.api.conftest import ApiClient

NOON = utc_now().replace(microsecond=0) - timedelta(days=20)
MINUTE = timedelta(minutes=1)


async def happened(api: ApiClient, requester: str, *at: datetime, **fields: Any) -> Ticket:
    """A ticket with this history."""
    opened = await api.open_ticket(requester, **fields)
    history = tuple(Event(at=one, what=f"nth {nth}") for nth, one in enumerate(at))
    stored = await api.service.tickets.compare_and_set(
        opened, opened.model_copy(update={"history": history})
    )
    assert stored
    return stored


async def told(
    api: ApiClient, token: str, *, after: str = "", limit: int = 100
) -> tuple[list[str], str]:
    """What is told on all pages, as "ticket nth", and where it ends."""
    events: list[str] = []
    more = True
    while more:
        path = f"/events?limit={limit}&after={after}"
        page = (await api.call("GET", path, token=token)).body
        assert len(page["events"]) <= limit
        events += [f"{one['ticket']} {one['what']}" for one in page["events"]]
        assert all(one["id"].startswith(f"{one['ticket']}.") for one in page["events"])
        after, more = page["next"], page["more"]
    return events, after


# A cursor from before all that is told of here.
BEGIN = f"{int((NOON - timedelta(days=1)).timestamp() * 1000)}.0.0"


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_events_come_in_order_each_once(api: ApiClient, limit: int) -> None:
    _, token = await api.create_member_with_token(f"UORDER{limit}", Role.USER)
    minutes = [NOON + nth * MINUTE for nth in range(4)]
    one = await happened(api, f"UORDER{limit}", *minutes)
    # Of the same moment: two of one ticket, and those of two.
    two = await happened(api, f"UORDER{limit}", minutes[1], minutes[1], minutes[3])

    events, _ = await told(api, token, after=BEGIN, limit=limit)

    assert events == [
        f"{one.id} nth 0",
        f"{one.id} nth 1",
        f"{two.id} nth 0",
        f"{two.id} nth 1",
        f"{one.id} nth 2",
        f"{one.id} nth 3",
        f"{two.id} nth 2",
    ]


async def test_who_has_heard_all_hears_what_is_new_alone(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UNEWS", Role.USER)
    ticket = await happened(api, "UNEWS", NOON, NOON + MINUTE)
    place = f"{int(NOON.timestamp() * 1000)}.{ticket.id[2:]}.1"

    assert (await told(api, token, after=place))[0] == [f"{ticket.id} nth 1"]
    _, end = await told(api, token)
    assert (await told(api, token, after=end))[0] == []


async def test_what_may_not_be_settled_is_not_told_yet(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UEARLY", Role.USER)
    settled = utc_now() - SETTLE_TIME - MINUTE
    ticket = await happened(api, "UEARLY", settled, utc_now() + MINUTE)

    events, end = await told(api, token, after=BEGIN)

    assert events == [f"{ticket.id} nth 0"]
    # What comes to be dated before now is still told to who has heard all there was.
    assert int(end.partition(".")[0]) <= (utc_now() - SETTLE_TIME).timestamp() * 1000 + 1000


@pytest.mark.fault("F86")
async def test_events_are_for_those_who_may_see_the_ticket(api: ApiClient) -> None:
    ticket = await happened(api, "UOWNS", NOON - 9 * MINUTE, confidential=True)
    public = await happened(api, "UOWNS", NOON - 8 * MINUTE)
    people = [
        ("UOWNS", Role.USER, {}),
        ("USTRANGER", Role.USER, {}),
        ("UOUTSIDE", Role.MODERATOR, {}),
        ("UINSIDE", Role.MODERATOR, {"trusted": True}),
    ]

    hearing = {}
    for slack_id, role, more in people:
        _, token = await api.create_member_with_token(slack_id, role, **more)
        events, _ = await told(api, token, after=BEGIN)
        hearing[slack_id] = [f"{one.id} nth 0" in events for one in (ticket, public)]

    assert hearing == {
        "UOWNS": [True, True],
        "USTRANGER": [False, False],
        "UOUTSIDE": [False, True],
        "UINSIDE": [True, True],
    }


async def test_no_answer_looks_at_more_than_it_should(
    api: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "_MAX_TICKETS", 3)
    _, token = await api.create_member_with_token("UMANY", Role.USER)
    # Uneven: seven within a second, of which six are somebody else's; then one a day later.
    crowd = [
        await happened(api, "UMANY" if n == 6 else "UELSE", NOON + timedelta(milliseconds=100 * n))
        for n in range(7)
    ]
    late = await happened(api, "UMANY", NOON + timedelta(days=1))

    events, _ = await told(api, token, after=BEGIN)

    assert events == [f"{crowd[6].id} nth 0", f"{late.id} nth 0"]


@pytest.mark.parametrize("after", ["x", "1", "1.2", "-1.0.0", "1.0.0.0", "99999999999999.0.0"])
async def test_what_is_no_cursor_is_refused(api: ApiClient, after: str) -> None:
    _, token = await api.create_member_with_token("UBADLY", Role.USER)

    assert (await api.call("GET", f"/events?after={after}", token=token)).status == 422


async def test_a_cursor_of_the_future_tells_nothing_yet(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UFUTURE", Role.USER)
    after = "9999999999999.999999999.99999"

    page = (await api.call("GET", f"/events?after={after}", token=token)).body

    assert page == {"events": [], "next": after, "more": False}
