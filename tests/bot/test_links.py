"""Links in letters, over real HTTP on a real desk: looking changes nothing, using works once."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.pages import HEADERS
from bot.serve import Bot, open_doors
from models.clock import now
from models.desk import Desk
from models.flow import Move
from models.member import Profile, Role
from models.ticket import Draft, Status, Ticket
from sandbox.servers import Servers, free_port
from tests.desks import desk_on
from tests.models.desk_words import triage

WEEK = timedelta(days=7)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> & <b>bold</b>'
_BUTTON = re.compile(r'<form method="post" action="([^"]*)"><button type="submit">([^<]*)<')


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    """A desk of its own, whose doors are open; Bob and Eve moderate, Ada asks."""
    async with desk_on(servers, port=free_port()) as desk, open_doors(Bot(desk)):
        for slack_id, name in (("UADA", "Ada <i>L</i>"), ("UBOB", "Bob Kahn"), ("UEVE", "Eve H")):
            person = await desk.store.member("T1", slack_id)
            profile = Profile(name=name, email=None, tz="Asia/Tokyo", owner=False, active=True)
            await desk.store.set_profile(person, profile, at=now())
        yield desk


@pytest.fixture(autouse=True)
async def people(desk: Desk) -> None:
    """As they were, whatever was done to them before."""
    for slack_id in ("UBOB", "UEVE"):
        await desk.store.set_role("T1", slack_id, role=Role.MODERATOR)
        await desk.store.note("T1", slack_id, active=True, dm_channel=f"D{slack_id}")


class Visit:
    """What came of one request."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        self.status, self.text, self.headers = status, text, headers

    @property
    def button(self) -> tuple[str, str] | None:
        """Where the page's button posts to, and what it says."""
        found = _BUTTON.search(self.text)
        return (found[1], found[2]) if found else None


async def visits(desk: Desk, token: str, *, method: str = "GET", query: str = "") -> Visit:
    """Open the link; no cookie, no log-in, no redirect followed."""
    address = f"http://127.0.0.1:{desk.settings.port}/link/{token}{query}"
    async with (
        ClientSession() as http,
        http.request(method, address, allow_redirects=False) as answer,
    ):
        return Visit(answer.status, await answer.text(), answer.headers)


async def presses(desk: Desk, token: str, page: Visit) -> Visit:
    """Press the button of the page."""
    assert page.button
    return await visits(desk, token, method="POST", query=page.button[0])


_KEYS = iter(range(1_000_000))


async def offered(desk: Desk, to: str = "UBOB", **fields: Any) -> Ticket:
    """A ticket of Ada's that is offered to somebody."""
    wanted = {"title": "VPN is down", "description": "since this morning", "requester": "UADA"}
    draft = Draft(key=f"view:{next(_KEYS)}", team_id="T1", **wanted | fields)
    ticket = await desk.open_ticket(draft)
    said = triage("vpn")
    await desk.move(ticket.id, Move.TRIAGE, by=None, triage=said)
    return await desk.move(
        ticket.id, Move.OFFER, by=None, assignee=to, offered_to=to, reason="knows vpn", offers=1
    )


async def link(desk: Desk, ticket: Ticket, to: str = "UBOB", verb: str = "claim", **of: Any) -> str:
    """The token that their letter carries."""
    said: dict[str, Any] = {"notice": f"{ticket.id}.offer.1", "at": now(), "life": WEEK}
    member = await desk.store.member("T1", to)
    return desk.accounts.link(member, ticket_id=ticket.id, verb=verb, **said | of)


async def everything(desk: Desk) -> list[Any]:
    """All that is stored."""
    collections = (desk.database.tickets, desk.database.members, desk.database.links)
    audit = desk.database.audit
    return [await each.find().sort("_id", 1).to_list() for each in (*collections, audit)]


async def test_the_button_claims(desk: Desk) -> None:
    ticket = await offered(desk)
    token = await link(desk, ticket)

    page = await visits(desk, token)
    assert page.status == 200
    assert page.button == (f"?seen={ticket.version}", f"Claim {ticket.id}")
    done = await presses(desk, token, page)

    assert (done.status, done.button) == (200, None)
    assert f"You have {ticket.id}" in done.text
    stored, _ = await desk.store.ticket(ticket.id)
    assert (stored.status, stored.assignee) == (Status.CLAIMED, "UBOB")
    [act, *_] = await desk.accounts.acts("T1")
    assert (act.who, act.what, act.to, act.via) == ("UBOB", "claimed", ticket.id, "link")
    assert (act.before["status"], act.after["status"]) == ("offered", "claimed")


@pytest.mark.fault("F76")
@pytest.mark.parametrize("verb", ["claim", "view"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_who_only_looks_changes_nothing(desk: Desk, verb: str, method: str) -> None:
    ticket = await offered(desk)
    token = await link(desk, ticket, verb=verb)
    before = await everything(desk)

    for _ in range(3):
        await visits(desk, token, method=method, query=f"?seen={ticket.version}")

    assert await everything(desk) == before
    assert (await visits(desk, token)).status == 200


@pytest.mark.fault("F76")
async def test_of_twenty_who_press_at_once_one_claims(desk: Desk) -> None:
    ticket = await offered(desk)
    token = await link(desk, ticket)
    page = await visits(desk, token)

    answers = await asyncio.gather(*(presses(desk, token, page) for _ in range(20)))

    assert Counter(answer.status for answer in answers) == {200: 1, 410: 19}
    stored, _ = await desk.store.ticket(ticket.id)
    assert [event.what for event in stored.history].count("claimed") == 1
    acts = [act for act in await desk.accounts.acts("T1") if act.to == ticket.id]
    assert len(acts) == 1


async def test_a_used_link_says_how_the_ticket_stands_and_offers_slack(desk: Desk) -> None:
    ticket = await offered(desk)
    token = await link(desk, ticket)
    await presses(desk, token, await visits(desk, token))
    eve = await desk.store.member("T1", "UEVE")
    bob = await desk.store.member("T1", "UBOB")

    for method in ("GET", "POST"):
        used = await visits(desk, token, method=method)
        assert (used.status, used.button) == (410, None)
        assert "This link has been used" in used.text
        assert f"You have {ticket.id}." in used.text
        assert 'href="slack://channel?team=T1&amp;id=DUBOB"' in used.text

    # Not even when the ticket may be claimed again: it is for one claim.
    await desk.move(ticket.id, Move.RELEASE, by=bob)
    await desk.move(ticket.id, Move.OFFER, by=None, assignee=eve.slack_id, offers=2)
    assert (await visits(desk, token, method="POST")).status == 410


async def test_a_claim_out_of_turn_uses_nothing_up(desk: Desk) -> None:
    ticket = await offered(desk)
    token = await link(desk, ticket)
    page = await visits(desk, token)
    bob = await desk.store.member("T1", "UBOB")
    eve = await desk.store.member("T1", "UEVE")
    await desk.move(ticket.id, Move.DECLINE, by=bob)
    await desk.move(ticket.id, Move.OFFER, by=None, assignee="UEVE", offers=2)

    stale = await presses(desk, token, page)
    assert stale.status == 409
    assert f"{ticket.id} is now offered to Eve H." in stale.text

    await desk.move(ticket.id, Move.CLAIM, by=eve)
    late = await visits(desk, token, method="POST")
    assert late.status == 409
    assert f"Eve H has already claimed {ticket.id}." in late.text
    looked = await visits(desk, token)
    assert (looked.status, looked.button) == (200, None)
    assert f"Eve H has already claimed {ticket.id}." in looked.text

    await desk.move(ticket.id, Move.RELEASE, by=eve)
    await desk.move(ticket.id, Move.OFFER, by=None, assignee="UBOB", offers=3)
    assert (await presses(desk, token, await visits(desk, token))).status == 200


@pytest.mark.parametrize("case", ["garbage", "another secret", "expired", "for the API", "a verb"])
async def test_what_is_no_link_is_told_kindly(desk: Desk, case: str) -> None:
    ticket = await offered(desk)
    good = await link(desk, ticket)
    bob = await desk.store.member("T1", "UBOB")
    api, _ = await desk.accounts.issue(bob, name="ci", scopes=(), life=WEEK)
    token = {
        "garbage": "garbage",
        "another secret": f"{good[:-4]}AAAA",
        "expired": await link(desk, ticket, at=now() - WEEK - timedelta(minutes=2)),
        "for the API": api,
        "a verb": await link(desk, ticket, verb="resolve"),
    }[case]
    before = await everything(desk)

    for method in ("GET", "POST"):
        answer = await visits(desk, token, method=method)
        assert answer.status == 404
        assert "This link does not work any more" in answer.text
        assert "Open Frontdesk in Slack" in answer.text
        assert "VPN" not in answer.text
    assert await everything(desk) == before


@pytest.mark.parametrize("verb", ["claim", "view"])
@pytest.mark.parametrize("lost", ["the role", "the account"])
async def test_who_may_not_any_more_sees_nothing(desk: Desk, lost: str, verb: str) -> None:
    ticket = await offered(desk)
    token = await link(desk, ticket, verb=verb)
    page = await visits(desk, token)
    if lost == "the role":
        await desk.store.set_role("T1", "UBOB", role=Role.USER)
    else:
        await desk.store.note("T1", "UBOB", active=False)

    looked = await visits(desk, token)
    pressed = await visits(desk, token, method="POST", query=f"?seen={ticket.version}")

    assert page.status == 200
    for answer in (looked, pressed):
        assert answer.status == 403
        assert "not for you now" in answer.text
        assert ticket.id not in answer.text
        assert "VPN" not in answer.text
    assert (await desk.store.ticket(ticket.id))[0].status is Status.OFFERED


async def test_of_a_confidential_ticket_the_page_says_the_number_alone(desk: Desk) -> None:
    ticket = await offered(desk, title="Harassment by X", confidential=True)

    for verb in ("claim", "view"):
        page = await visits(desk, await link(desk, ticket, verb=verb))
        assert page.status == 200
        assert ticket.id in page.text
        assert "Open Frontdesk in Slack" in page.text
        for hidden in ("Harassment", "since this morning", "Ada", "Network", "VPN drops"):
            assert hidden not in page.text

    stranger = await visits(desk, await link(desk, ticket, to="UEVE"))
    assert stranger.status == 403


@pytest.mark.fault("F88")
async def test_what_is_typed_stays_text(desk: Desk) -> None:
    ticket = await offered(desk, title=HOSTILE, description=f"</p>{HOSTILE}")
    page = await visits(desk, await link(desk, ticket, verb="view"))

    shown = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&lt;img src=x onerror=alert(2)&gt;"
    assert page.text.count(shown) == 4
    assert "&lt;i&gt;L&lt;/i&gt;" in page.text
    assert not re.search(r"<(script|img|b|i)\b", page.text)


async def test_a_view_shows_the_ticket_to_its_reader(desk: Desk) -> None:
    ticket = await offered(desk)
    page = await visits(desk, await link(desk, ticket, verb="view"))

    assert page.button is None
    for said in ("VPN is down", "since this morning", "Network", "knows vpn", "(JST)"):
        assert said in page.text


async def test_a_page_asks_nothing_of_anybody_else(desk: Desk) -> None:
    ticket = await offered(desk)
    token = await link(desk, ticket)
    pages = [await visits(desk, one) for one in (token, await link(desk, ticket, verb="view"), "x")]

    for page in pages:
        assert {name: page.headers.get(name) for name in HEADERS} == HEADERS
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert not re.search(r"https?:|src=|style=|url\(", page.text)
        assert "Set-Cookie" not in page.headers
