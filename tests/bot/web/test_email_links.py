"""Links in letters, over real HTTP on a real desk: looking changes nothing, using works once."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.web.pages import RESPONSE_HEADERS
from bot.web.server import Bot, run_http_server
from models.clock import utc_now
from models.people.member import Profile, Role
from models.ticket_service import TicketService
from models.tickets.ticket import Draft, Status, Ticket
from models.tickets.workflow import Move
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.sample_tickets import make_triage
from tests.service_factory import run_service

WEEK = timedelta(days=7)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> & <b>bold</b>'
_BUTTON = re.compile(r'<form method="post" action="([^"]*)"><button type="submit">([^<]*)<')


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A desk of its own, whose doors are open; Bob and Eve moderate, Ada asks."""
    async with (
        run_service(servers, port=find_free_port()) as service,
        run_http_server(Bot(service)),
    ):
        for slack_id, name in (("UADA", "Ada <i>L</i>"), ("UBOB", "Bob Kahn"), ("UEVE", "Eve H")):
            person = await service.members.get_or_create_member("T1", slack_id)
            profile = Profile(name=name, email=None, tz="Asia/Tokyo", is_owner=False, active=True)
            await service.members.set_profile(person, profile, profiled_at=utc_now())
        yield service


@pytest.fixture(autouse=True)
async def reset_people(service: TicketService) -> None:
    """As they were, whatever was done to them before."""
    for slack_id in ("UBOB", "UEVE"):
        await service.members.set_role("T1", slack_id, role=Role.MODERATOR)
        await service.members.update_member("T1", slack_id, active=True, dm_channel=f"D{slack_id}")


class LinkResponse:
    """What came of one request."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        self.status, self.text, self.headers = status, text, headers

    @property
    def button(self) -> tuple[str, str] | None:
        """Where the page's button posts to, and what it says."""
        found = _BUTTON.search(self.text)
        return (found[1], found[2]) if found else None


async def visits(
    service: TicketService, token: str, *, method: str = "GET", query: str = ""
) -> LinkResponse:
    """Open the link; no cookie, no log-in, no redirect followed."""
    address = f"http://127.0.0.1:{service.settings.port}/link/{token}{query}"
    async with (
        ClientSession() as http,
        http.request(method, address, allow_redirects=False) as answer,
    ):
        return LinkResponse(answer.status, await answer.text(), answer.headers)


async def presses(service: TicketService, token: str, page: LinkResponse) -> LinkResponse:
    """Press the button of the page."""
    assert page.button
    return await visits(service, token, method="POST", query=page.button[0])


_KEYS = iter(range(1_000_000))


async def offered(service: TicketService, to: str = "UBOB", **fields: Any) -> Ticket:
    """A ticket of Ada's that is offered to somebody."""
    wanted = {"title": "VPN is down", "description": "since this morning", "requester": "UADA"}
    draft = Draft(key=f"view:{next(_KEYS)}", team_id="T1", **wanted | fields)
    ticket = await service.open_ticket(draft)
    said = make_triage("vpn")
    await service.move(ticket.id, Move.TRIAGE, actor=None, triage=said)
    return await service.move(
        ticket.id, Move.OFFER, actor=None, assignee=to, offered_to=to, reason="knows vpn", offers=1
    )


async def link(
    service: TicketService, ticket: Ticket, to: str = "UBOB", verb: str = "claim", **of: Any
) -> str:
    """The token that their letter carries."""
    said: dict[str, Any] = {
        "notice_id": f"{ticket.id}.offer.1",
        "event_at": utc_now(),
        "lifetime": WEEK,
    }
    member = await service.members.get_or_create_member("T1", to)
    return service.email_links.sign(member, ticket_id=ticket.id, verb=verb, **said | of)


async def everything(service: TicketService) -> list[Any]:
    """All that is stored."""
    collections = (service.database.tickets, service.database.members, service.database.links)
    audit = service.database.audit
    return [await each.find().sort("_id", 1).to_list() for each in (*collections, audit)]


async def test_the_button_claims(service: TicketService) -> None:
    ticket = await offered(service)
    token = await link(service, ticket)

    page = await visits(service, token)
    assert page.status == 200
    assert page.button == (f"?seen={ticket.version}", f"Claim {ticket.id}")
    done = await presses(service, token, page)

    assert (done.status, done.button) == (200, None)
    assert f"You have {ticket.id}" in done.text
    stored, _ = await service.tickets.get_ticket(ticket.id)
    assert (stored.status, stored.assignee) == (Status.CLAIMED, "UBOB")
    [act, *_] = await service.audit_log.entries("T1")
    assert (act.who, act.what, act.to, act.via) == ("UBOB", "claimed", ticket.id, "link")
    assert (act.before["status"], act.after["status"]) == ("offered", "claimed")


@pytest.mark.fault("F76")
@pytest.mark.parametrize("verb", ["claim", "view"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_who_only_looks_changes_nothing(
    service: TicketService, verb: str, method: str
) -> None:
    ticket = await offered(service)
    token = await link(service, ticket, verb=verb)
    before = await everything(service)

    for _ in range(3):
        await visits(service, token, method=method, query=f"?seen={ticket.version}")

    assert await everything(service) == before
    assert (await visits(service, token)).status == 200


@pytest.mark.fault("F76")
async def test_of_twenty_who_press_at_once_one_claims(service: TicketService) -> None:
    ticket = await offered(service)
    token = await link(service, ticket)
    page = await visits(service, token)

    answers = await asyncio.gather(*(presses(service, token, page) for _ in range(20)))

    assert Counter(answer.status for answer in answers) == {200: 1, 410: 19}
    stored, _ = await service.tickets.get_ticket(ticket.id)
    assert [event.what for event in stored.history].count("claimed") == 1
    acts = [act for act in await service.audit_log.entries("T1") if act.to == ticket.id]
    assert len(acts) == 1


async def test_a_used_link_says_how_the_ticket_stands_and_offers_slack(
    service: TicketService,
) -> None:
    ticket = await offered(service)
    token = await link(service, ticket)
    await presses(service, token, await visits(service, token))
    eve = await service.members.get_or_create_member("T1", "UEVE")
    bob = await service.members.get_or_create_member("T1", "UBOB")

    for method in ("GET", "POST"):
        used = await visits(service, token, method=method)
        assert (used.status, used.button) == (410, None)
        assert "This link has been used" in used.text
        assert f"You have {ticket.id}." in used.text
        assert 'href="slack://channel?team=T1&amp;id=DUBOB"' in used.text

    # Not even when the ticket may be claimed again: it is for one claim.
    await service.move(ticket.id, Move.RELEASE, actor=bob)
    await service.move(ticket.id, Move.OFFER, actor=None, assignee=eve.slack_id, offers=2)
    assert (await visits(service, token, method="POST")).status == 410


async def test_a_claim_out_of_turn_uses_nothing_up(service: TicketService) -> None:
    ticket = await offered(service)
    token = await link(service, ticket)
    page = await visits(service, token)
    bob = await service.members.get_or_create_member("T1", "UBOB")
    eve = await service.members.get_or_create_member("T1", "UEVE")
    await service.move(ticket.id, Move.DECLINE, actor=bob)
    await service.move(ticket.id, Move.OFFER, actor=None, assignee="UEVE", offers=2)

    stale = await presses(service, token, page)
    assert stale.status == 409
    assert f"{ticket.id} is now offered to Eve H." in stale.text

    await service.move(ticket.id, Move.CLAIM, actor=eve)
    late = await visits(service, token, method="POST")
    assert late.status == 409
    assert f"Eve H has already claimed {ticket.id}." in late.text
    looked = await visits(service, token)
    assert (looked.status, looked.button) == (200, None)
    assert f"Eve H has already claimed {ticket.id}." in looked.text

    await service.move(ticket.id, Move.RELEASE, actor=eve)
    await service.move(ticket.id, Move.OFFER, actor=None, assignee="UBOB", offers=3)
    assert (await presses(service, token, await visits(service, token))).status == 200


@pytest.mark.parametrize("case", ["garbage", "another secret", "expired", "for the API", "a verb"])
async def test_what_is_no_link_is_told_kindly(service: TicketService, case: str) -> None:
    ticket = await offered(service)
    good = await link(service, ticket)
    bob = await service.members.get_or_create_member("T1", "UBOB")
    api, _ = await service.api_tokens.issue_token(bob, name="ci", scopes=(), lifetime=WEEK)
    token = {
        "garbage": "garbage",
        "another secret": f"{good[:-4]}AAAA",
        "expired": await link(service, ticket, event_at=utc_now() - WEEK - timedelta(minutes=2)),
        "for the API": api,
        "a verb": await link(service, ticket, verb="resolve"),
    }[case]
    before = await everything(service)

    for method in ("GET", "POST"):
        answer = await visits(service, token, method=method)
        assert answer.status == 404
        assert "This link does not work any more" in answer.text
        assert "Open Frontdesk in Slack" in answer.text
        assert "VPN" not in answer.text
    assert await everything(service) == before


@pytest.mark.parametrize("verb", ["claim", "view"])
@pytest.mark.parametrize("lost", ["the role", "the account"])
async def test_who_may_not_any_more_sees_nothing(
    service: TicketService, lost: str, verb: str
) -> None:
    ticket = await offered(service)
    token = await link(service, ticket, verb=verb)
    page = await visits(service, token)
    if lost == "the role":
        await service.members.set_role("T1", "UBOB", role=Role.USER)
    else:
        await service.members.update_member("T1", "UBOB", active=False)

    looked = await visits(service, token)
    pressed = await visits(service, token, method="POST", query=f"?seen={ticket.version}")

    assert page.status == 200
    for answer in (looked, pressed):
        assert answer.status == 403
        assert "not for you now" in answer.text
        assert ticket.id not in answer.text
        assert "VPN" not in answer.text
    assert (await service.tickets.get_ticket(ticket.id))[0].status is Status.OFFERED


async def test_of_a_confidential_ticket_the_page_says_the_number_alone(
    service: TicketService,
) -> None:
    ticket = await offered(service, title="Harassment by X", confidential=True)

    for verb in ("claim", "view"):
        page = await visits(service, await link(service, ticket, verb=verb))
        assert page.status == 200
        assert ticket.id in page.text
        assert "Open Frontdesk in Slack" in page.text
        for hidden in ("Harassment", "since this morning", "Ada", "Network", "VPN drops"):
            assert hidden not in page.text

    stranger = await visits(service, await link(service, ticket, to="UEVE"))
    assert stranger.status == 403


@pytest.mark.fault("F88")
async def test_what_is_typed_stays_text(service: TicketService) -> None:
    ticket = await offered(service, title=HOSTILE, description=f"</p>{HOSTILE}")
    page = await visits(service, await link(service, ticket, verb="view"))

    shown = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&lt;img src=x onerror=alert(2)&gt;"
    assert page.text.count(shown) == 4
    assert "&lt;i&gt;L&lt;/i&gt;" in page.text
    assert not re.search(r"<(script|img|b|i)\b", page.text)


async def test_a_view_shows_the_ticket_to_its_reader(service: TicketService) -> None:
    ticket = await offered(service)
    page = await visits(service, await link(service, ticket, verb="view"))

    assert page.button is None
    for said in ("VPN is down", "since this morning", "Network", "knows vpn", "(JST)"):
        assert said in page.text


async def test_a_page_asks_nothing_of_anybody_else(service: TicketService) -> None:
    ticket = await offered(service)
    token = await link(service, ticket)
    pages = [
        await visits(service, one) for one in (token, await link(service, ticket, verb="view"), "x")
    ]

    for page in pages:
        assert {name: page.headers.get(name) for name in RESPONSE_HEADERS} == RESPONSE_HEADERS
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert not re.search(r"https?:|src=|style=|url\(", page.text)
        assert "Set-Cookie" not in page.headers
