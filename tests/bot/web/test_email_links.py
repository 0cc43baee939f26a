"""E-mail links over real HTTP: opening changes nothing, and claiming works once."""

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
from models.tickets.action import Verb
from models.tickets.ticket import Draft, Status, Ticket
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.sample_tickets import make_triage
from tests.service_factory import run_service

WEEK = timedelta(days=7)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> & <b>bold</b>'
_BUTTON = re.compile(r'<form method="post" action="([^"]*)"><button type="submit">([^<]*)<')


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A service with an HTTP server; Bob and Eve are moderators, and Ada is a user."""
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
    """Undo the changes that earlier tests made to Bob and Eve."""
    for slack_id in ("UBOB", "UEVE"):
        await service.members.set_role("T1", slack_id, role=Role.MODERATOR)
        await service.members.update_member("T1", slack_id, active=True, dm_channel=f"D{slack_id}")


class LinkResponse:
    """The response to one request."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        self.status, self.text, self.headers = status, text, headers

    @property
    def button(self) -> tuple[str, str] | None:
        """The URL and the label of the page's button."""
        match = _BUTTON.search(self.text)
        return (match[1], match[2]) if match else None


async def open_link(
    service: TicketService, token: str, *, method: str = "GET", query: str = ""
) -> LinkResponse:
    """Request the link without cookies or log-in, and follow no redirect."""
    address = f"http://127.0.0.1:{service.settings.port}/link/{token}{query}"
    async with (
        ClientSession() as http,
        http.request(method, address, allow_redirects=False) as response,
    ):
        return LinkResponse(response.status, await response.text(), response.headers)


async def press_button(service: TicketService, token: str, page: LinkResponse) -> LinkResponse:
    assert page.button
    return await open_link(service, token, method="POST", query=page.button[0])


_KEYS = iter(range(1_000_000))


async def offer_ticket(service: TicketService, to: str = "UBOB", **fields: Any) -> Ticket:
    """A ticket of Ada's that is offered to this person."""
    values = {"title": "VPN is down", "description": "since this morning", "requester": "UADA"}
    draft = Draft(key=f"view:{next(_KEYS)}", team_id="T1", **values | fields)
    ticket = await service.open_ticket(draft)
    await service.move(ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn"))
    return await service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=to, offered_to=to, reason="knows vpn", offers=1
    )


async def sign_link(
    service: TicketService, ticket: Ticket, to: str = "UBOB", verb: str = "claim", **changes: Any
) -> str:
    """The token of the link in their e-mail."""
    arguments: dict[str, Any] = {
        "notice_id": f"{ticket.id}.offer.1",
        "event_at": utc_now(),
        "lifetime": WEEK,
    }
    member = await service.members.get_or_create_member("T1", to)
    return service.email_links.sign(member, ticket_id=ticket.id, verb=verb, **arguments | changes)


async def stored_documents(service: TicketService) -> list[Any]:
    """All tickets, members, used links and audit entries."""
    collections = (service.database.tickets, service.database.members, service.database.links)
    audit = service.database.audit
    return [await one.find().sort("_id", 1).to_list() for one in (*collections, audit)]


async def test_the_button_claims_the_ticket(service: TicketService) -> None:
    ticket = await offer_ticket(service)
    token = await sign_link(service, ticket)

    page = await open_link(service, token)
    assert page.status == 200
    assert page.button == (f"?seen={ticket.version}", f"Claim {ticket.id}")
    claimed = await press_button(service, token, page)

    assert (claimed.status, claimed.button) == (200, None)
    assert f"You have {ticket.id}" in claimed.text
    stored, _ = await service.tickets.get_ticket(ticket.id)
    assert (stored.status, stored.assignee) == (Status.CLAIMED, "UBOB")
    [entry, *_] = await service.audit_log.entries("T1")
    assert (entry.who, entry.what, entry.to, entry.via) == ("UBOB", "claimed", ticket.id, "link")
    assert (entry.before["status"], entry.after["status"]) == ("offered", "claimed")


@pytest.mark.fault("F76")
@pytest.mark.parametrize("verb", ["claim", "view"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_opening_a_link_changes_nothing(
    service: TicketService, verb: str, method: str
) -> None:
    ticket = await offer_ticket(service)
    token = await sign_link(service, ticket, verb=verb)
    before = await stored_documents(service)

    for _ in range(3):
        await open_link(service, token, method=method, query=f"?seen={ticket.version}")

    assert await stored_documents(service) == before
    assert (await open_link(service, token)).status == 200


@pytest.mark.fault("F76")
async def test_one_of_twenty_concurrent_presses_claims(service: TicketService) -> None:
    ticket = await offer_ticket(service)
    token = await sign_link(service, ticket)
    page = await open_link(service, token)

    responses = await asyncio.gather(*(press_button(service, token, page) for _ in range(20)))

    assert Counter(response.status for response in responses) == {200: 1, 410: 19}
    stored, _ = await service.tickets.get_ticket(ticket.id)
    assert [event.what for event in stored.history].count("claimed") == 1
    entries = [entry for entry in await service.audit_log.entries("T1") if entry.to == ticket.id]
    assert len(entries) == 1


async def test_a_used_link_shows_the_status_and_a_link_to_slack(
    service: TicketService,
) -> None:
    ticket = await offer_ticket(service)
    token = await sign_link(service, ticket)
    await press_button(service, token, await open_link(service, token))
    eve = await service.members.get_or_create_member("T1", "UEVE")
    bob = await service.members.get_or_create_member("T1", "UBOB")

    for method in ("GET", "POST"):
        used = await open_link(service, token, method=method)
        assert (used.status, used.button) == (410, None)
        assert "This link has been used" in used.text
        assert f"You have {ticket.id}." in used.text
        assert 'href="slack://channel?team=T1&amp;id=DUBOB"' in used.text

    # It stays used even if the ticket can be claimed again.
    await service.move(ticket.id, Verb.RELEASE, actor=bob)
    await service.move(ticket.id, Verb.OFFER, actor=None, assignee=eve.slack_id, offers=2)
    assert (await open_link(service, token, method="POST")).status == 410


async def test_a_refused_claim_does_not_use_up_the_link(service: TicketService) -> None:
    ticket = await offer_ticket(service)
    token = await sign_link(service, ticket)
    page = await open_link(service, token)
    bob = await service.members.get_or_create_member("T1", "UBOB")
    eve = await service.members.get_or_create_member("T1", "UEVE")
    await service.move(ticket.id, Verb.DECLINE, actor=bob)
    await service.move(ticket.id, Verb.OFFER, actor=None, assignee="UEVE", offers=2)

    stale = await press_button(service, token, page)
    assert stale.status == 409
    assert f"{ticket.id} is now offered to Eve H." in stale.text

    await service.move(ticket.id, Verb.CLAIM, actor=eve)
    late = await open_link(service, token, method="POST")
    assert late.status == 409
    assert f"Eve H has already claimed {ticket.id}." in late.text
    shown = await open_link(service, token)
    assert (shown.status, shown.button) == (200, None)
    assert f"Eve H has already claimed {ticket.id}." in shown.text

    await service.move(ticket.id, Verb.RELEASE, actor=eve)
    await service.move(ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offers=3)
    assert (await press_button(service, token, await open_link(service, token))).status == 200


@pytest.mark.parametrize("case", ["garbage", "another secret", "expired", "for the API", "a verb"])
async def test_an_invalid_link_gets_a_page_and_changes_nothing(
    service: TicketService, case: str
) -> None:
    ticket = await offer_ticket(service)
    good = await sign_link(service, ticket)
    bob = await service.members.get_or_create_member("T1", "UBOB")
    api, _ = await service.api_tokens.issue_token(bob, name="ci", scopes=(), lifetime=WEEK)
    token = {
        "garbage": "garbage",
        "another secret": f"{good[:-4]}AAAA",
        "expired": await sign_link(
            service, ticket, event_at=utc_now() - WEEK - timedelta(minutes=2)
        ),
        "for the API": api,
        "a verb": await sign_link(service, ticket, verb="resolve"),
    }[case]
    before = await stored_documents(service)

    for method in ("GET", "POST"):
        response = await open_link(service, token, method=method)
        assert response.status == 404
        assert "This link does not work any more" in response.text
        assert "Open Frontdesk in Slack" in response.text
        assert "VPN" not in response.text
    assert await stored_documents(service) == before


@pytest.mark.parametrize("verb", ["claim", "view"])
@pytest.mark.parametrize("lost", ["the role", "the account"])
async def test_a_lost_role_or_account_hides_the_ticket(
    service: TicketService, lost: str, verb: str
) -> None:
    ticket = await offer_ticket(service)
    token = await sign_link(service, ticket, verb=verb)
    page = await open_link(service, token)
    if lost == "the role":
        await service.members.set_role("T1", "UBOB", role=Role.USER)
    else:
        await service.members.update_member("T1", "UBOB", active=False)

    shown = await open_link(service, token)
    pressed = await open_link(service, token, method="POST", query=f"?seen={ticket.version}")

    assert page.status == 200
    for response in (shown, pressed):
        assert response.status == 403
        assert "You have no access to this ticket" in response.text
        assert ticket.id not in response.text
        assert "VPN" not in response.text
    assert (await service.tickets.get_ticket(ticket.id))[0].status is Status.OFFERED


async def test_a_confidential_ticket_shows_only_its_number(
    service: TicketService,
) -> None:
    ticket = await offer_ticket(service, title="Harassment by X", confidential=True)

    for verb in ("claim", "view"):
        page = await open_link(service, await sign_link(service, ticket, verb=verb))
        assert page.status == 200
        assert ticket.id in page.text
        assert "Open Frontdesk in Slack" in page.text
        for hidden in ("Harassment", "since this morning", "Ada", "Network", "VPN drops"):
            assert hidden not in page.text

    stranger = await open_link(service, await sign_link(service, ticket, to="UEVE"))
    assert stranger.status == 403


@pytest.mark.fault("F88")
async def test_typed_html_stays_text(service: TicketService) -> None:
    ticket = await offer_ticket(service, title=HOSTILE, description=f"</p>{HOSTILE}")
    page = await open_link(service, await sign_link(service, ticket, verb="view"))

    shown = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&lt;img src=x onerror=alert(2)&gt;"
    assert page.text.count(shown) == 4
    assert "&lt;i&gt;L&lt;/i&gt;" in page.text
    assert not re.search(r"<(script|img|b|i)\b", page.text)


async def test_a_view_shows_the_ticket_to_its_reader(service: TicketService) -> None:
    ticket = await offer_ticket(service)
    page = await open_link(service, await sign_link(service, ticket, verb="view"))

    assert page.button is None
    for text in ("VPN is down", "since this morning", "Network", "knows vpn", "(JST)"):
        assert text in page.text


async def test_a_page_loads_nothing_from_other_hosts(service: TicketService) -> None:
    ticket = await offer_ticket(service)
    token = await sign_link(service, ticket)
    pages = [
        await open_link(service, one)
        for one in (token, await sign_link(service, ticket, verb="view"), "x")
    ]

    for page in pages:
        assert {name: page.headers.get(name) for name in RESPONSE_HEADERS} == RESPONSE_HEADERS
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert not re.search(r"https?:|src=|style=|url\(", page.text)
        assert "Set-Cookie" not in page.headers
