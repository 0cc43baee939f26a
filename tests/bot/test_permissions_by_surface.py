"""Permissions by verb, role, relation and surface: each cell follows the permission table.

The surfaces are Slack (signed requests to the bot's own server), the API, and e-mail links. Each
has a way to perform a verb, or None. For None the test forges a request as if there were one.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from aiohttp import ClientSession

from bot.app import build_app
from bot.tickets import ticket_form
from bot.web.server import Bot, run_http_server
from models.access.api_token import Scope
from models.clock import utc_now
from models.people.member import Member, Role
from models.services import Services
from models.tickets.action import Relation
from models.tickets.actions import ACTIONS, Button, Verb
from models.tickets.permissions import is_permitted
from models.tickets.ticket import Status, Ticket
from models.tickets.watchers import confirmation
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.slack.delivery.signing import signature_headers
from tests.bot.api.conftest import IDENTITY
from tests.sample_tickets import make_triage, new_ticket
from tests.service_factory import run_services

TITLE = "Zebras have eaten the VPN"
PEOPLES_VERBS = [verb for verb, action in ACTIONS.items() if action.is_for_people]
# Checks of the ticket after a verb. The other verbs do not change a ticket.
DONE: Mapping[Verb, Callable[[Ticket, str], bool]] = {
    Verb.CLAIM: lambda t, who: (t.status, t.assignee) == (Status.CLAIMED, who),
    Verb.DECLINE: lambda t, who: t.status is Status.TRIAGED and who in t.declined_by,
    Verb.RELEASE: lambda t, who: t.status is Status.TRIAGED and who in t.declined_by,
    Verb.RESOLVE: lambda t, who: (t.status, t.resolver) == (Status.RESOLVED, who),
    Verb.REOPEN: lambda t, _: t.status is Status.TRIAGED,
    Verb.WATCH: lambda t, who: who in t.watchers,
    Verb.UNWATCH: lambda t, who: who not in t.watchers,
    Verb.SHARE: lambda t, _: "UFRIEND" in t.watchers,
    Verb.CORRECT: lambda t, who: [e.who for e in t.history if e.what == "corrected"] == [who],
    Verb.SELF_RESOLVE: lambda t, who: (t.status, t.resolver) == (Status.RESOLVED, who),
}


@dataclass(frozen=True, slots=True)
class SurfaceResponse:
    """The answer of a surface.

    Attributes:
        done: whether the answer reports success; None if it does not say.
    """

    done: bool | None
    text: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class SurfaceClient:
    """A client of all surfaces, with a member and a token for each role."""

    services: Services
    http: ClientSession
    tokens: Mapping[Role, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.services.settings.port}"

    async def member_with_role(self, role: Role) -> Member:
        return await self.services.members.get_or_create_member("T1", f"U{role.upper()}")

    async def post_to_slack_endpoint(self, **fields: str) -> SurfaceResponse:
        """The answer to a signed request of Slack."""
        body = urlencode({"team_id": "T1", **fields}).encode()
        stamp = int(utc_now().timestamp())
        headers = signature_headers(body, secret="x", timestamp=stamp)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        url = f"{self.url}/slack/events"
        async with self.http.post(url, data=body, headers=headers) as response:
            return SurfaceResponse(None, await response.text(), response.status)

    async def post_interaction(self, member: Member, **payload: Any) -> SurfaceResponse:
        """The answer to an interaction in a message or a form."""
        user = {"id": member.slack_id, "team_id": "T1"}
        fields = {"user": user, "team": {"id": "T1"}, "trigger_id": "1.1"}
        return await self.post_to_slack_endpoint(payload=json.dumps(fields | payload))

    async def press_button(
        self, member: Member, action: str, ticket: Ticket, **options: Any
    ) -> SurfaceResponse:
        value = f"{ticket.id}:{ticket.state_version}"
        pressed = {"type": "button", "action_id": action, "block_id": "moves", "value": value}
        place = {"type": "message", "message_ts": "1.0", "channel_id": "D1"}
        return await self.post_interaction(
            member, type="block_actions", container=place, actions=[pressed], **options
        )

    async def call_api(
        self, member: Member, method: str, path: str, **sent: Any
    ) -> SurfaceResponse:
        headers = {"Authorization": f"Bearer {self.tokens[member.role]}", **sent.pop("headers", {})}
        url = f"{self.url}/api/v1{path}"
        async with self.http.request(method, url, headers=headers, **sent) as response:
            return SurfaceResponse(response.status < 300, await response.text(), response.status)

    async def use_email_link(self, member: Member, verb: str, ticket: Ticket) -> SurfaceResponse:
        """The answer to the button behind an e-mail link."""
        token = self.services.email_links.sign(
            member,
            ticket_id=ticket.id,
            verb=verb,
            notice_id=f"{ticket.id}.offer.1",
            event_at=utc_now(),
            lifetime=timedelta(days=1),
        )
        url = f"{self.url}/link/{token}?seen={ticket.state_version}"
        async with self.http.post(url) as response:
            return SurfaceResponse(response.status == 200, await response.text(), response.status)

    async def make_ticket(
        self, verb: Verb, member: Member, related: Relation, **options: Any
    ) -> Ticket:
        """A ticket with this relation to the member, in a status that allows the verb."""
        slack_id = member.slack_id
        # A user in another relation who also watches would be allowed to stop watching.
        watching = related is Relation.WATCHER or (verb is Verb.UNWATCH and member.can_moderate)
        fields = {
            "status": _start(verb),
            "requester": slack_id if related is Relation.REQUESTER else "UADA",
            "assignee": slack_id if related is Relation.ASSIGNEE else "UBOB",
            "watchers": (slack_id,) if watching and related is not Relation.OTHER else (),
            "triage": make_triage("vpn"),
            "pending": (),
        }

        def make(number: int, _now: datetime) -> Ticket:
            ticket = new_ticket(id=f"T-{number}", key=f"view:{uuid4()}", title=TITLE, **options)
            return ticket.model_copy(update=fields)

        return await self.services.intake.insert(make)


def _start(verb: Verb) -> Status:
    """A status that allows the verb."""
    starts = ACTIONS[verb].from_statuses
    return Status.OFFERED if Status.OFFERED in starts else min(starts)


PerformVerb = Callable[[SurfaceClient, Member, Ticket], Awaitable[SurfaceResponse]]


def press_card_button(action: Button) -> PerformVerb:
    return lambda client, member, ticket: client.press_button(member, action.value, ticket)


def type_command(subcommand: str, *, watching: bool) -> PerformVerb:
    """A command, whose answer says whether it was done."""

    async def perform(client: SurfaceClient, member: Member, ticket: Ticket) -> SurfaceResponse:
        text = f"{subcommand} {ticket.id}"
        response = await client.post_to_slack_endpoint(
            command="/ticket", text=text, user_id=member.slack_id, trigger_id="1.1"
        )
        text = json.loads(response.text)["text"] if response.text.startswith("{") else response.text
        return SurfaceResponse(
            text == confirmation(ticket, watching=watching), text, response.status
        )

    return perform


def post_to_api(verb: Verb) -> PerformVerb:
    return lambda client, member, ticket: client.call_api(
        member, "POST", f"/tickets/{ticket.id}/{verb}"
    )


def open_email_link(verb: Verb) -> PerformVerb:
    return lambda client, member, ticket: client.use_email_link(member, verb, ticket)


async def open_in_slack(client: SurfaceClient, member: Member, other: Ticket) -> SurfaceResponse:
    """The ticket form; it has no requester field, since the sender is the requester."""
    values = {"title": {"value": {"type": "plain_text_input", "value": _new_title(other)}}}
    view: dict[str, Any] = {"id": f"V{uuid4()}", "callback_id": ticket_form.CALLBACK}
    view |= {"type": "modal", "state": {"values": values}, "blocks": []}
    response = await client.post_interaction(member, type="view_submission", view=view)
    return await _find_opened_ticket(client, member, other, response)


async def open_by_api(client: SurfaceClient, member: Member, other: Ticket) -> SurfaceResponse:
    key = {"Idempotency-Key": str(uuid4())}
    response = await client.call_api(
        member, "POST", "/tickets", headers=key, json={"title": _new_title(other)}
    )
    return await _find_opened_ticket(client, member, other, response)


async def _find_opened_ticket(
    client: SurfaceClient, member: Member, other: Ticket, response: SurfaceResponse
) -> SurfaceResponse:
    """The answer, with `done` if the member has the new ticket."""
    query = {"requester": member.slack_id, "title": _new_title(other)}
    document = await client.services.database.tickets.find_one(query)
    return SurfaceResponse(document is not None, "", response.status)


def _new_title(ticket: Ticket) -> str:
    """The title of a new ticket for the cell of this ticket."""
    return f"{TITLE} besides {ticket.id}"


async def view_by_api(client: SurfaceClient, member: Member, ticket: Ticket) -> SurfaceResponse:
    return await client.call_api(member, "GET", f"/tickets/{ticket.id}")


async def solve_in_slack(client: SurfaceClient, member: Member, ticket: Ticket) -> SurfaceResponse:
    """The button of the form that confirms a new ticket."""
    return await client.press_button(member, ticket_form.SOLVE_ACTION_ID, ticket, view={"id": "V1"})


async def share_by_api(client: SurfaceClient, member: Member, ticket: Ticket) -> SurfaceResponse:
    return await client.call_api(member, "PUT", f"/tickets/{ticket.id}/watchers/UFRIEND")


# How each surface performs each verb; None if it has no way.
SLACK: Mapping[Verb, PerformVerb | None] = {
    Verb.OPEN: open_in_slack,
    Verb.VIEW: None,
    Verb.CLAIM: press_card_button(Button.CLAIM),
    Verb.DECLINE: press_card_button(Button.DECLINE),
    Verb.RELEASE: press_card_button(Button.RELEASE),
    Verb.RESOLVE: press_card_button(Button.RESOLVE),
    Verb.REOPEN: press_card_button(Button.REOPEN),
    Verb.WATCH: type_command("watch", watching=True),
    Verb.UNWATCH: type_command("unwatch", watching=False),
    Verb.SHARE: None,
    Verb.CORRECT: press_card_button(Button.CHOOSE_LIKELIEST),
    Verb.DETAILS: press_card_button(Button.DETAILS),
    Verb.SELF_RESOLVE: solve_in_slack,
}
API: Mapping[Verb, PerformVerb | None] = {
    Verb.OPEN: open_by_api,
    Verb.VIEW: view_by_api,
    Verb.CLAIM: post_to_api(Verb.CLAIM),
    Verb.DECLINE: post_to_api(Verb.DECLINE),
    Verb.RELEASE: post_to_api(Verb.RELEASE),
    Verb.RESOLVE: post_to_api(Verb.RESOLVE),
    Verb.REOPEN: post_to_api(Verb.REOPEN),
    Verb.WATCH: post_to_api(Verb.WATCH),
    Verb.UNWATCH: post_to_api(Verb.UNWATCH),
    Verb.SHARE: share_by_api,
    Verb.CORRECT: post_to_api(Verb.CORRECT),
    Verb.DETAILS: None,
    Verb.SELF_RESOLVE: post_to_api(Verb.SELF_RESOLVE),
}
LINK: Mapping[Verb, PerformVerb | None] = {
    Verb.OPEN: None,
    Verb.VIEW: open_email_link(Verb.VIEW),
    Verb.CLAIM: open_email_link(Verb.CLAIM),
    Verb.DECLINE: None,
    Verb.RELEASE: None,
    Verb.RESOLVE: None,
    Verb.REOPEN: None,
    Verb.WATCH: None,
    Verb.UNWATCH: None,
    Verb.SHARE: None,
    Verb.CORRECT: None,
    Verb.DETAILS: None,
    Verb.SELF_RESOLVE: None,
}
# The verb of each card button; several buttons may perform one verb.
BUTTONS = {
    card_button.button: verb for verb, action in ACTIONS.items() for card_button in action.buttons
}
SURFACES = {"Slack": SLACK, "API": API, "link": LINK}
FORGED: Mapping[str, Callable[[Verb], PerformVerb]] = {
    "Slack": lambda verb: (
        lambda client, member, t: client.press_button(member, f"{verb}_ticket", t)
    ),
    "API": post_to_api,
    "link": open_email_link,
}


@pytest.fixture(scope="module")
async def surface_client(servers: DatabaseServers) -> AsyncIterator[SurfaceClient]:
    """A client of a running bot; Slack does not answer this bot."""
    options = {"slack_api_url": "http://127.0.0.1:1/"}
    async with (
        run_services(servers, port=find_free_port(), **options) as services,
        ClientSession() as http,
    ):
        bot = Bot(services)
        bot.app, bot.team_id = build_app(services, IDENTITY), "T1"
        tokens = {}
        for role in Role:
            member = await services.members.set_role("T1", f"U{role.upper()}", role=role)
            tokens[role], _ = await services.api_tokens.issue_token(
                member, name="test", scopes=tuple(Scope), lifetime=timedelta(hours=1)
            )
        await services.members.get_or_create_member("T1", "UFRIEND")
        async with run_http_server(bot):
            yield SurfaceClient(services, http, tokens)
        await services.background.wait(timeout_seconds=10)


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_has_a_row_for_every_verb(surface: str) -> None:
    assert set(SURFACES[surface]) == set(PEOPLES_VERBS)
    assert any(SURFACES[surface].values())


def test_every_verb_that_changes_a_ticket_has_a_check() -> None:
    assert set(DONE) == set(PEOPLES_VERBS) - {Verb.OPEN, Verb.VIEW, Verb.DETAILS}


def test_every_card_button_performs_a_verb_of_slack() -> None:
    assert set(BUTTONS) == set(Button)
    assert [button for button, verb in BUTTONS.items() if SLACK[verb] is None] == []


@pytest.mark.fault("F86")
@pytest.mark.parametrize("verb", PEOPLES_VERBS)
@pytest.mark.parametrize("surface", SURFACES)
async def test_each_cell_follows_the_permission_table(
    surface_client: SurfaceClient, surface: str, verb: Verb
) -> None:
    cells = list(product(Role, Relation))
    mismatches = await asyncio.gather(
        *(_find_mismatch(surface_client, surface, verb, *cell) for cell in cells)
    )

    assert {cell: text for cell, text in zip(cells, mismatches, strict=True) if text} == {}


async def _find_mismatch(
    client: SurfaceClient, surface: str, verb: Verb, role: Role, related: Relation
) -> str:
    """The difference from the permission table when the verb is tried; "" if there is none."""
    member = await client.member_with_role(role)
    ticket = await client.make_ticket(verb, member, related)
    perform = SURFACES[surface][verb]
    # A new ticket always belongs to its sender, so other relations have nothing to open.
    is_offered = perform is not None and (verb is not Verb.OPEN or related is Relation.REQUESTER)

    response = await (perform if is_offered and perform else FORGED[surface](verb))(
        client, member, ticket
    )

    after, _ = await client.services.tickets.get_ticket(ticket.id)
    if is_offered and is_permitted(verb, role, related):
        done = verb not in DONE or DONE[verb](after, member.slack_id)
        return "" if done and response.done is not False else f"not done: {response}"
    if after != ticket or response.done or TITLE in response.text:
        return f"done, or revealed: {response}"
    is_visible = is_permitted(Verb.VIEW, role, related)
    refusals = {
        "Slack": 200,
        "API": 403 if is_offered and is_visible else 404,
        "link": 403 if is_offered else 404,
    }
    return "" if response.status == refusals[surface] else f"unexpected status: {response}"


@pytest.mark.fault("F86")
@pytest.mark.parametrize("surface", SURFACES)
async def test_a_confidential_ticket_is_hidden_from_untrusted_staff(
    surface_client: SurfaceClient, surface: str
) -> None:
    verbs = [verb for verb in PEOPLES_VERBS if verb is not Verb.OPEN]
    cells = list(product(verbs, (Relation.WATCHER, Relation.OTHER)))
    hidden = await asyncio.gather(*(_is_hidden(surface_client, surface, *cell) for cell in cells))

    assert [cell for cell, is_hidden in zip(cells, hidden, strict=True) if not is_hidden] == []


@asynccontextmanager
async def excluded_guest(client: SurfaceClient) -> AsyncIterator[Member]:
    """The member with the role `user`, as a guest whom the guest policy excludes."""
    member = await client.member_with_role(Role.USER)
    await client.services.members.update_member("T1", member.slack_id, guest=True)
    await client.services.workspace_settings.update("T1", {"guests": False})
    try:
        yield await client.member_with_role(Role.USER)
    finally:
        await client.services.workspace_settings.update("T1", {"guests": True})
        await client.services.members.update_member("T1", member.slack_id, guest=False)


@pytest.mark.parametrize("surface", SURFACES)
async def test_an_excluded_guest_may_do_nothing(
    surface_client: SurfaceClient, surface: str
) -> None:
    member = await surface_client.member_with_role(Role.USER)
    relations = (Relation.REQUESTER, Relation.WATCHER)
    cells = list(product(PEOPLES_VERBS, relations))
    # Their tickets are older than the policy.
    tickets = [await surface_client.make_ticket(verb, member, related) for verb, related in cells]

    async with excluded_guest(surface_client) as guest:
        refused = await asyncio.gather(
            *(
                _changes_and_shows_nothing(surface_client, surface, verb, guest, ticket)
                for (verb, _), ticket in zip(cells, tickets, strict=True)
            )
        )

    assert [cell for cell, is_refused in zip(cells, refused, strict=True) if not is_refused] == []


async def test_sharing_with_an_excluded_guest_names_the_field(
    surface_client: SurfaceClient,
) -> None:
    admin = await surface_client.member_with_role(Role.ADMIN)
    ticket = await surface_client.make_ticket(Verb.SHARE, admin, Relation.ASSIGNEE)

    async with excluded_guest(surface_client) as guest:
        path = f"/tickets/{ticket.id}/watchers/{guest.slack_id}"
        response = await surface_client.call_api(admin, "PUT", path)

    assert response.status == 422
    assert "may not see this ticket" in response.text
    assert "slack_id" in response.text
    assert (await surface_client.services.tickets.get_ticket(ticket.id))[0] == ticket


async def _is_hidden(client: SurfaceClient, surface: str, verb: Verb, related: Relation) -> bool:
    member = await client.member_with_role(Role.ADMIN)
    ticket = await client.make_ticket(verb, member, related, confidential=True)
    return await _changes_and_shows_nothing(client, surface, verb, member, ticket)


async def _changes_and_shows_nothing(
    client: SurfaceClient, surface: str, verb: Verb, member: Member, ticket: Ticket
) -> bool:
    """Whether the verb is refused to this person, without a word about the ticket."""
    perform = SURFACES[surface][verb] or FORGED[surface](verb)

    response = await perform(client, member, ticket)

    after, _ = await client.services.tickets.get_ticket(ticket.id)
    return after == ticket and not response.done and TITLE not in response.text


async def test_a_ticket_for_another_requester_is_refused(surface_client: SurfaceClient) -> None:
    member = await surface_client.member_with_role(Role.ADMIN)
    body = {"title": TITLE, "requester": "UADA"}
    key = {"Idempotency-Key": str(uuid4())}

    assert (
        await surface_client.call_api(member, "POST", "/tickets", headers=key, json=body)
    ).status == 422


async def test_the_button_on_a_watchers_card_stops_watching(
    surface_client: SurfaceClient,
) -> None:
    member = await surface_client.member_with_role(Role.USER)
    ticket = await surface_client.make_ticket(Verb.UNWATCH, member, Relation.WATCHER)

    await surface_client.press_button(member, Button.UNWATCH.value, ticket)

    assert (await surface_client.services.tickets.get_ticket(ticket.id))[0].watchers == ()


async def test_a_requester_reads_that_only_moderators_watch(
    surface_client: SurfaceClient,
) -> None:
    member = await surface_client.member_with_role(Role.USER)
    ticket = await surface_client.make_ticket(Verb.WATCH, member, Relation.REQUESTER)

    response = await type_command("watch", watching=True)(surface_client, member, ticket)

    assert "Only moderators can watch tickets." in response.text
