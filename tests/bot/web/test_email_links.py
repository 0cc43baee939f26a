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
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.ticket import Draft, Status, Ticket
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.sample_tickets import make_triage
from tests.service_factory import run_services

WEEK = timedelta(days=7)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> & <b>bold</b>'
_BUTTON = re.compile(r'<form method="post" action="([^"]*)"><button type="submit">([^<]*)<')


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    """A service with an HTTP server; Bob and Eve are moderators, and Ada is a user."""
    async with (
        run_services(servers, port=find_free_port()) as services,
        run_http_server(Bot(services)),
    ):
        for slack_id, name in (("UADA", "Ada <i>L</i>"), ("UBOB", "Bob Kahn"), ("UEVE", "Eve H")):
            person = await services.members.get_or_create_member("T1", slack_id)
            profile = Profile(name=name, email=None, tz="Asia/Tokyo", is_owner=False, active=True)
            await services.members.set_profile(person, profile, profiled_at=utc_now())
        yield services


@pytest.fixture(autouse=True)
async def reset_people(services: Services) -> None:
    """Undo the changes that earlier tests made to Bob and Eve."""
    for slack_id in ("UBOB", "UEVE"):
        await services.members.set_role("T1", slack_id, role=Role.MODERATOR)
        await services.members.update_member("T1", slack_id, active=True, dm_channel=f"D{slack_id}")


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
    services: Services, token: str, *, method: str = "GET", query: str = ""
) -> LinkResponse:
    """Request the link without cookies or log-in, and follow no redirect."""
    address = f"http://127.0.0.1:{services.settings.port}/link/{token}{query}"
    async with (
        ClientSession() as http,
        http.request(method, address, allow_redirects=False) as response,
    ):
        return LinkResponse(response.status, await response.text(), response.headers)


async def press_button(services: Services, token: str, page: LinkResponse) -> LinkResponse:
    assert page.button
    return await open_link(services, token, method="POST", query=page.button[0])


_KEYS = iter(range(1_000_000))


async def offer_ticket(services: Services, to: str = "UBOB", **fields: Any) -> Ticket:
    """A ticket of Ada's that is offered to this person."""
    values = {"title": "VPN is down", "description": "since this morning", "requester": "UADA"}
    draft = Draft(key=f"view:{next(_KEYS)}", team_id="T1", **values | fields)
    ticket = await services.ticket_service.open_ticket(draft)
    await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    return await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=to, offered_to=to, reason="knows vpn", offers=1
    )


async def sign_link(
    services: Services, ticket: Ticket, to: str = "UBOB", verb: str = "claim", **changes: Any
) -> str:
    """The token of the link in their e-mail."""
    arguments: dict[str, Any] = {
        "notice_id": f"{ticket.id}.offer.1",
        "event_at": utc_now(),
        "lifetime": WEEK,
    }
    member = await services.members.get_or_create_member("T1", to)
    return services.email_links.sign(member, ticket_id=ticket.id, verb=verb, **arguments | changes)


async def stored_documents(services: Services) -> list[Any]:
    """All tickets, members, used links and audit entries."""
    collections = (services.database.tickets, services.database.members, services.database.links)
    audit = services.database.audit
    return [await one.find().sort("_id", 1).to_list() for one in (*collections, audit)]


async def test_the_button_claims_the_ticket(services: Services) -> None:
    ticket = await offer_ticket(services)
    token = await sign_link(services, ticket)

    page = await open_link(services, token)
    assert page.status == 200
    assert page.button == (f"?seen={ticket.state_version}", f"Claim {ticket.id}")
    claimed = await press_button(services, token, page)

    assert (claimed.status, claimed.button) == (200, None)
    assert f"You have {ticket.id}" in claimed.text
    stored, _ = await services.tickets.get_ticket(ticket.id)
    assert (stored.status, stored.assignee) == (Status.CLAIMED, "UBOB")
    [entry, *_] = await services.audit_log.entries("T1")
    assert (entry.who, entry.what, entry.to, entry.via) == ("UBOB", "claimed", ticket.id, "link")
    assert (entry.before["status"], entry.after["status"]) == ("offered", "claimed")


@pytest.mark.fault("F76")
@pytest.mark.parametrize("verb", ["claim", "view"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_opening_a_link_changes_nothing(services: Services, verb: str, method: str) -> None:
    ticket = await offer_ticket(services)
    token = await sign_link(services, ticket, verb=verb)
    before = await stored_documents(services)

    for _ in range(3):
        await open_link(services, token, method=method, query=f"?seen={ticket.state_version}")

    assert await stored_documents(services) == before
    assert (await open_link(services, token)).status == 200


@pytest.mark.fault("F76")
async def test_one_of_twenty_concurrent_presses_claims(services: Services) -> None:
    ticket = await offer_ticket(services)
    token = await sign_link(services, ticket)
    page = await open_link(services, token)

    responses = await asyncio.gather(*(press_button(services, token, page) for _ in range(20)))

    assert Counter(response.status for response in responses) == {200: 1, 410: 19}
    stored, _ = await services.tickets.get_ticket(ticket.id)
    assert [event.what for event in stored.history].count("claimed") == 1
    entries = [entry for entry in await services.audit_log.entries("T1") if entry.to == ticket.id]
    assert len(entries) == 1


async def test_a_used_link_shows_the_status_and_a_link_to_slack(
    services: Services,
) -> None:
    ticket = await offer_ticket(services)
    token = await sign_link(services, ticket)
    await press_button(services, token, await open_link(services, token))
    eve = await services.members.get_or_create_member("T1", "UEVE")
    bob = await services.members.get_or_create_member("T1", "UBOB")

    for method in ("GET", "POST"):
        used = await open_link(services, token, method=method)
        assert (used.status, used.button) == (410, None)
        assert "This link has been used" in used.text
        assert f"You have {ticket.id}." in used.text
        assert 'href="slack://channel?team=T1&amp;id=DUBOB"' in used.text

    # It stays used even if the ticket can be claimed again.
    await services.ticket_service.move(ticket.id, Verb.RELEASE, actor=bob)
    await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee=eve.slack_id, offers=2
    )
    assert (await open_link(services, token, method="POST")).status == 410


async def test_a_refused_claim_does_not_use_up_the_link(services: Services) -> None:
    ticket = await offer_ticket(services)
    token = await sign_link(services, ticket)
    page = await open_link(services, token)
    bob = await services.members.get_or_create_member("T1", "UBOB")
    eve = await services.members.get_or_create_member("T1", "UEVE")
    await services.ticket_service.move(ticket.id, Verb.DECLINE, actor=bob)
    await services.ticket_service.move(ticket.id, Verb.OFFER, actor=None, assignee="UEVE", offers=2)

    stale = await press_button(services, token, page)
    assert stale.status == 409
    assert f"{ticket.id} is now offered to Eve H." in stale.text

    await services.ticket_service.move(ticket.id, Verb.CLAIM, actor=eve)
    late = await open_link(services, token, method="POST")
    assert late.status == 409
    assert f"Eve H has already claimed {ticket.id}." in late.text
    shown = await open_link(services, token)
    assert (shown.status, shown.button) == (200, None)
    assert f"Eve H has already claimed {ticket.id}." in shown.text

    await services.ticket_service.move(ticket.id, Verb.RELEASE, actor=eve)
    await services.ticket_service.move(ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offers=3)
    assert (await press_button(services, token, await open_link(services, token))).status == 200


@pytest.mark.parametrize("case", ["garbage", "another secret", "expired", "for the API", "a verb"])
async def test_an_invalid_link_gets_a_page_and_changes_nothing(
    services: Services, case: str
) -> None:
    ticket = await offer_ticket(services)
    good = await sign_link(services, ticket)
    bob = await services.members.get_or_create_member("T1", "UBOB")
    api, _ = await services.api_tokens.issue_token(bob, name="ci", scopes=(), lifetime=WEEK)
    token = {
        "garbage": "garbage",
        "another secret": f"{good[:-4]}AAAA",
        "expired": await sign_link(
            services, ticket, event_at=utc_now() - WEEK - timedelta(minutes=2)
        ),
        "for the API": api,
        "a verb": await sign_link(services, ticket, verb="resolve"),
    }[case]
    before = await stored_documents(services)

    for method in ("GET", "POST"):
        response = await open_link(services, token, method=method)
        assert response.status == 404
        assert "This link does not work any more" in response.text
        assert "Open Frontdesk in Slack" in response.text
        assert "VPN" not in response.text
    assert await stored_documents(services) == before


@pytest.mark.parametrize("verb", ["claim", "view"])
@pytest.mark.parametrize("lost", ["the role", "the account"])
async def test_a_lost_role_or_account_hides_the_ticket(
    services: Services, lost: str, verb: str
) -> None:
    ticket = await offer_ticket(services)
    token = await sign_link(services, ticket, verb=verb)
    page = await open_link(services, token)
    if lost == "the role":
        await services.members.set_role("T1", "UBOB", role=Role.USER)
    else:
        await services.members.update_member("T1", "UBOB", active=False)

    shown = await open_link(services, token)
    pressed = await open_link(services, token, method="POST", query=f"?seen={ticket.state_version}")

    assert page.status == 200
    for response in (shown, pressed):
        assert response.status == 403
        assert "You have no access to this ticket" in response.text
        assert ticket.id not in response.text
        assert "VPN" not in response.text
    assert (await services.tickets.get_ticket(ticket.id))[0].status is Status.OFFERED


async def test_a_confidential_ticket_shows_only_its_number(
    services: Services,
) -> None:
    ticket = await offer_ticket(services, title="Harassment by X", confidential=True)

    for verb in ("claim", "view"):
        page = await open_link(services, await sign_link(services, ticket, verb=verb))
        assert page.status == 200
        assert ticket.id in page.text
        assert "Open Frontdesk in Slack" in page.text
        for hidden in ("Harassment", "since this morning", "Ada", "Network", "VPN drops"):
            assert hidden not in page.text

    stranger = await open_link(services, await sign_link(services, ticket, to="UEVE"))
    assert stranger.status == 403


@pytest.mark.fault("F88")
async def test_typed_html_stays_text(services: Services) -> None:
    ticket = await offer_ticket(services, title=HOSTILE, description=f"</p>{HOSTILE}")
    page = await open_link(services, await sign_link(services, ticket, verb="view"))

    shown = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&lt;img src=x onerror=alert(2)&gt;"
    assert page.text.count(shown) == 4
    assert "&lt;i&gt;L&lt;/i&gt;" in page.text
    assert not re.search(r"<(script|img|b|i)\b", page.text)


async def test_a_view_shows_the_ticket_to_its_reader(services: Services) -> None:
    ticket = await offer_ticket(services)
    page = await open_link(services, await sign_link(services, ticket, verb="view"))

    assert page.button is None
    for text in ("VPN is down", "since this morning", "Network", "knows vpn", "(JST)"):
        assert text in page.text


async def test_a_page_loads_nothing_from_other_hosts(services: Services) -> None:
    ticket = await offer_ticket(services)
    token = await sign_link(services, ticket)
    pages = [
        await open_link(services, one)
        for one in (token, await sign_link(services, ticket, verb="view"), "x")
    ]

    for page in pages:
        assert {name: page.headers.get(name) for name in RESPONSE_HEADERS} == RESPONSE_HEADERS
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert not re.search(r"https?:|src=|style=|url\(", page.text)
        assert "Set-Cookie" not in page.headers
