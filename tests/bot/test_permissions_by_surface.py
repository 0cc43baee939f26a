"""Verb by role by relation by surface: each cell does what the one table says, nothing else.

The surfaces are Slack (signed requests to the bot's own door), the API, and links in letters. Each
says how it does a verb, or that it has none; then it is tried as if it had one.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from aiohttp import ClientSession

from bot.app import build_app
from bot.background import BackgroundTasks
from bot.tickets import ticket_form
from bot.web.server import Bot, run_http_server
from models.access.api_token import Scope
from models.clock import utc_now
from models.messages.buttons import Button
from models.people.member import Member, Role
from models.ticket_service import TicketService
from models.tickets.permissions import Relation, Verb, is_permitted
from models.tickets.ticket import Status, Ticket
from models.tickets.watchers import confirmation
from models.tickets.workflow import TRANSITIONS, Move
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.slack.delivery.signing import signature_headers
from tests.bot.api.conftest import IDENTITY
from tests.sample_tickets import make_triage, new_ticket
from tests.service_factory import run_service

TITLE = "Zebras have eaten the VPN"
MOVES = {
    Verb.CLAIM: Move.CLAIM,
    Verb.DECLINE: Move.DECLINE,
    Verb.RELEASE: Move.RELEASE,
    Verb.RESOLVE: Move.RESOLVE,
    Verb.REOPEN: Move.REOPEN,
    Verb.CORRECT: Move.CORRECT,
    Verb.SELF_RESOLVE: Move.SELF_RESOLVE,
}
# What has come of a verb when it was done; the rest change nothing of a ticket.
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
    """What a surface has answered.

    Attributes:
        done: whether it says that it was done; None where it does not say.
    """

    done: bool | None
    text: str
    status: int = 200


@dataclass(frozen=True, slots=True)
class SurfaceClient:
    """The bot's doors, and a person of each role with a token."""

    service: TicketService
    http: ClientSession
    tokens: Mapping[Role, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.service.settings.port}"

    async def member_with_role(self, role: Role) -> Member:
        return await self.service.members.get_or_create_member("T1", f"U{role.upper()}")

    async def post_to_slack_endpoint(self, **fields: str) -> SurfaceResponse:
        """What Slack is answered to a signed request."""
        body = urlencode({"team_id": "T1", **fields}).encode()
        stamp = int(utc_now().timestamp())
        headers = signature_headers(body, secret="x", timestamp=stamp)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        url = f"{self.url}/slack/events"
        async with self.http.post(url, data=body, headers=headers) as answer:
            return SurfaceResponse(None, await answer.text(), answer.status)

    async def post_interaction(self, member: Member, **payload: Any) -> SurfaceResponse:
        """What Slack is answered to something done in a message or a form."""
        user = {"id": member.slack_id, "team_id": "T1"}
        known = {"user": user, "team": {"id": "T1"}, "trigger_id": "1.1"}
        return await self.post_to_slack_endpoint(payload=json.dumps(known | payload))

    async def press_button(
        self, member: Member, action: str, ticket: Ticket, **more: Any
    ) -> SurfaceResponse:
        """A button on a card."""
        value = f"{ticket.id}:{ticket.version}"
        pressed = {"type": "button", "action_id": action, "block_id": "moves", "value": value}
        place = {"type": "message", "message_ts": "1.0", "channel_id": "D1"}
        return await self.post_interaction(
            member, type="block_actions", container=place, actions=[pressed], **more
        )

    async def call_api(
        self, member: Member, method: str, path: str, **sent: Any
    ) -> SurfaceResponse:
        """The API."""
        headers = {"Authorization": f"Bearer {self.tokens[member.role]}", **sent.pop("headers", {})}
        url = f"{self.url}/api/v1{path}"
        async with self.http.request(method, url, headers=headers, **sent) as answer:
            return SurfaceResponse(answer.status < 300, await answer.text(), answer.status)

    async def use_email_link(self, member: Member, verb: str, ticket: Ticket) -> SurfaceResponse:
        """The link in a letter, and the button behind it."""
        token = self.service.email_links.sign(
            member,
            ticket_id=ticket.id,
            verb=verb,
            notice_id=f"{ticket.id}.offer.1",
            event_at=utc_now(),
            lifetime=timedelta(days=1),
        )
        url = f"{self.url}/link/{token}?seen={ticket.version}"
        async with self.http.post(url) as answer:
            return SurfaceResponse(answer.status == 200, await answer.text(), answer.status)

    async def make_ticket(
        self, verb: Verb, member: Member, related: Relation, **more: Any
    ) -> Ticket:
        """A ticket that this person is that to, where the verb could be done."""
        me = member.slack_id
        watches = related is Relation.WATCHER or verb is Verb.UNWATCH
        known = {
            "status": _start(verb),
            "requester": me if related is Relation.REQUESTER else "UADA",
            "assignee": me if related is Relation.ASSIGNEE else "UBOB",
            "watchers": (me,) if watches and related is not Relation.OTHER else (),
            "triage": make_triage("vpn"),
            "pending": (),
        }

        def made(number: int, _now: datetime) -> Ticket:
            ticket = new_ticket(id=f"T-{number}", key=f"view:{uuid4()}", title=TITLE, **more)
            return ticket.model_copy(update=known)

        return await self.service.intake.insert(made)


def _start(verb: Verb) -> Status:
    """Where a ticket stands when the verb can be done."""
    starts = TRANSITIONS[MOVES[verb]].from_statuses if verb in MOVES else {Status.OFFERED}
    return Status.OFFERED if Status.OFFERED in starts else min(starts)


PerformVerb = Callable[[SurfaceClient, Member, Ticket], Awaitable[SurfaceResponse]]


def button(action: Button) -> PerformVerb:
    return lambda doors, member, ticket: doors.press_button(member, action.value, ticket)


def command(word: str, *, watches: bool) -> PerformVerb:
    """A command, which is answered with what was done."""

    async def typed(doors: SurfaceClient, member: Member, ticket: Ticket) -> SurfaceResponse:
        text = f"{word} {ticket.id}"
        answer = await doors.post_to_slack_endpoint(
            command="/ticket", text=text, user_id=member.slack_id, trigger_id="1.1"
        )
        told = json.loads(answer.text)["text"] if answer.text.startswith("{") else answer.text
        return SurfaceResponse(told == confirmation(ticket, watching=watches), told, answer.status)

    return typed


def verb_of_api(verb: Verb) -> PerformVerb:
    return lambda doors, member, ticket: doors.call_api(
        member, "POST", f"/tickets/{ticket.id}/{verb}"
    )


def link(verb: Verb) -> PerformVerb:
    return lambda doors, member, ticket: doors.use_email_link(member, verb, ticket)


async def opens_in_slack(doors: SurfaceClient, member: Member, other: Ticket) -> SurfaceResponse:
    """The form, which names nobody: who sends it is the requester."""
    typed = {"title": {"value": {"type": "plain_text_input", "value": _another(other)}}}
    view: dict[str, Any] = {"id": f"V{uuid4()}", "callback_id": ticket_form.CALLBACK}
    view |= {"type": "modal", "state": {"values": typed}, "blocks": []}
    answer = await doors.post_interaction(member, type="view_submission", view=view)
    return await _opened(doors, member, other, answer)


async def opens_by_api(doors: SurfaceClient, member: Member, other: Ticket) -> SurfaceResponse:
    key = {"Idempotency-Key": str(uuid4())}
    answer = await doors.call_api(
        member, "POST", "/tickets", headers=key, json={"title": _another(other)}
    )
    return await _opened(doors, member, other, answer)


async def _opened(
    doors: SurfaceClient, member: Member, other: Ticket, answer: SurfaceResponse
) -> SurfaceResponse:
    """Whether there is a ticket of theirs that was not there before."""
    query = {"requester": member.slack_id, "title": _another(other)}
    found = await doors.service.database.tickets.find_one(query)
    return SurfaceResponse(found is not None, "", answer.status)


def _another(ticket: Ticket) -> str:
    """The title of a ticket that is opened in place of this one."""
    return f"{TITLE} besides {ticket.id}"


async def views_by_api(doors: SurfaceClient, member: Member, ticket: Ticket) -> SurfaceResponse:
    return await doors.call_api(member, "GET", f"/tickets/{ticket.id}")


async def solves_in_slack(doors: SurfaceClient, member: Member, ticket: Ticket) -> SurfaceResponse:
    """The button on the receipt, which is a form."""
    return await doors.press_button(member, ticket_form.SOLVE_ACTION_ID, ticket, view={"id": "V1"})


async def shares_by_api(doors: SurfaceClient, member: Member, ticket: Ticket) -> SurfaceResponse:
    return await doors.call_api(member, "PUT", f"/tickets/{ticket.id}/watchers/UFRIEND")


# How each surface does each verb, and how one tries what it has not.
SLACK: Mapping[Verb, PerformVerb | None] = {
    Verb.OPEN: opens_in_slack,
    Verb.VIEW: None,
    Verb.CLAIM: button(Button.CLAIM),
    Verb.DECLINE: button(Button.DECLINE),
    Verb.RELEASE: button(Button.RELEASE),
    Verb.RESOLVE: button(Button.RESOLVE),
    Verb.REOPEN: button(Button.REOPEN),
    Verb.WATCH: command("watch", watches=True),
    Verb.UNWATCH: command("unwatch", watches=False),
    Verb.SHARE: None,
    Verb.CORRECT: button(Button.CHOOSE_LIKELIEST),
    Verb.SELF_RESOLVE: solves_in_slack,
}
API: Mapping[Verb, PerformVerb | None] = {
    Verb.OPEN: opens_by_api,
    Verb.VIEW: views_by_api,
    Verb.CLAIM: verb_of_api(Verb.CLAIM),
    Verb.DECLINE: verb_of_api(Verb.DECLINE),
    Verb.RELEASE: verb_of_api(Verb.RELEASE),
    Verb.RESOLVE: verb_of_api(Verb.RESOLVE),
    Verb.REOPEN: verb_of_api(Verb.REOPEN),
    Verb.WATCH: verb_of_api(Verb.WATCH),
    Verb.UNWATCH: verb_of_api(Verb.UNWATCH),
    Verb.SHARE: shares_by_api,
    Verb.CORRECT: verb_of_api(Verb.CORRECT),
    Verb.SELF_RESOLVE: verb_of_api(Verb.SELF_RESOLVE),
}
LINK: Mapping[Verb, PerformVerb | None] = {
    Verb.OPEN: None,
    Verb.VIEW: link(Verb.VIEW),
    Verb.CLAIM: link(Verb.CLAIM),
    Verb.DECLINE: None,
    Verb.RELEASE: None,
    Verb.RESOLVE: None,
    Verb.REOPEN: None,
    Verb.WATCH: None,
    Verb.UNWATCH: None,
    Verb.SHARE: None,
    Verb.CORRECT: None,
    Verb.SELF_RESOLVE: None,
}
# What each button on a card is for; another one that does the same is a row more.
BUTTONS: Mapping[Button, Verb] = {
    Button.CLAIM: Verb.CLAIM,
    Button.DECLINE: Verb.DECLINE,
    Button.RELEASE: Verb.RELEASE,
    Button.RESOLVE: Verb.RESOLVE,
    Button.REOPEN: Verb.REOPEN,
    Button.UNWATCH: Verb.UNWATCH,
    Button.RESOLVE_WITH_NOTE: Verb.RESOLVE,
    Button.ANSWER_ALL: Verb.RESOLVE,
    Button.CORRECT: Verb.CORRECT,
    Button.CHOOSE_LIKELIEST: Verb.CORRECT,
    Button.CHOOSE_SECOND: Verb.CORRECT,
    Button.DETAILS: Verb.CORRECT,
}
SURFACES = {"Slack": SLACK, "API": API, "link": LINK}
FORGED: Mapping[str, Callable[[Verb], PerformVerb]] = {
    "Slack": lambda verb: lambda doors, member, t: doors.press_button(member, f"{verb}_ticket", t),
    "API": verb_of_api,
    "link": link,
}


@pytest.fixture(scope="module")
async def surface_client(servers: DatabaseServers) -> AsyncIterator[SurfaceClient]:
    """A desk with open doors; Slack itself does not answer it."""
    background = BackgroundTasks()
    more = {"slack_api_url": "http://127.0.0.1:1/"}
    async with (
        run_service(servers, port=find_free_port(), **more) as service,
        ClientSession() as http,
    ):
        bot = Bot(service)
        bot.app, bot.team_id = build_app(service, IDENTITY, background), "T1"
        tokens = {}
        for role in Role:
            member = await service.members.set_role("T1", f"U{role.upper()}", role=role)
            tokens[role], _ = await service.api_tokens.issue_token(
                member, name="test", scopes=tuple(Scope), lifetime=timedelta(hours=1)
            )
        await service.members.get_or_create_member("T1", "UFRIEND")
        async with run_http_server(bot):
            yield SurfaceClient(service, http, tokens)
        await background.wait(timeout_seconds=10)


@pytest.mark.parametrize("surface", SURFACES)
def test_every_surface_says_of_every_verb_how_it_is_done(surface: str) -> None:
    assert set(SURFACES[surface]) == set(Verb)
    assert any(SURFACES[surface].values())


def test_of_every_verb_it_is_known_how_a_ticket_is_when_it_was_done() -> None:
    assert set(DONE) == set(Verb) - {Verb.OPEN, Verb.VIEW}


def test_every_button_does_a_verb_that_slack_has() -> None:
    assert set(BUTTONS) == set(Button)
    assert [button for button, verb in BUTTONS.items() if SLACK[verb] is None] == []


@pytest.mark.fault("F86")
@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("surface", SURFACES)
async def test_each_cell_does_what_the_table_says(
    surface_client: SurfaceClient, surface: str, verb: Verb
) -> None:
    cells = list(product(Role, Relation))
    wrong = await asyncio.gather(*(_wrong(surface_client, surface, verb, *cell) for cell in cells))

    assert {cell: why for cell, why in zip(cells, wrong, strict=True) if why} == {}


async def _wrong(
    doors: SurfaceClient, surface: str, verb: Verb, role: Role, related: Relation
) -> str:
    """What is not as the table says when this is tried; empty when all is."""
    member = await doors.member_with_role(role)
    ticket = await doors.make_ticket(verb, member, related)
    way = SURFACES[surface][verb]
    # Who opens a ticket is its requester: with anybody else's there is nothing to open.
    has = way is not None and (verb is not Verb.OPEN or related is Relation.REQUESTER)

    answer = await (way if has and way else FORGED[surface](verb))(doors, member, ticket)

    after, _ = await doors.service.tickets.get_ticket(ticket.id)
    if has and is_permitted(verb, role, related):
        done = verb not in DONE or DONE[verb](after, member.slack_id)
        return "" if done and answer.done is not False else f"not done: {answer}"
    if after != ticket or answer.done or TITLE in answer.text:
        return f"done, or told: {answer}"
    seen = is_permitted(Verb.VIEW, role, related)
    refusals = {"Slack": 200, "API": 403 if has and seen else 404, "link": 403 if has else 404}
    return "" if answer.status == refusals[surface] else f"answered otherwise: {answer}"


@pytest.mark.fault("F86")
@pytest.mark.parametrize("surface", SURFACES)
async def test_a_confidential_ticket_is_kept_from_staff_who_are_not_trusted(
    surface_client: SurfaceClient, surface: str
) -> None:
    verbs = [verb for verb in Verb if verb is not Verb.OPEN]
    cells = list(product(verbs, (Relation.WATCHER, Relation.OTHER)))
    kept = await asyncio.gather(*(_kept(surface_client, surface, *cell) for cell in cells))

    assert [cell for cell, is_kept in zip(cells, kept, strict=True) if not is_kept] == []


async def _kept(doors: SurfaceClient, surface: str, verb: Verb, related: Relation) -> bool:
    member = await doors.member_with_role(Role.ADMIN)
    ticket = await doors.make_ticket(verb, member, related, confidential=True)
    way = SURFACES[surface][verb] or FORGED[surface](verb)

    answer = await way(doors, member, ticket)

    after, _ = await doors.service.tickets.get_ticket(ticket.id)
    return after == ticket and not answer.done and TITLE not in answer.text


async def test_nobody_opens_a_ticket_for_somebody_else(surface_client: SurfaceClient) -> None:
    member = await surface_client.member_with_role(Role.ADMIN)
    wanted = {"title": TITLE, "requester": "UADA"}
    key = {"Idempotency-Key": str(uuid4())}

    assert (
        await surface_client.call_api(member, "POST", "/tickets", headers=key, json=wanted)
    ).status == 422


async def test_the_button_on_the_card_of_who_watches_stops_it(
    surface_client: SurfaceClient,
) -> None:
    member = await surface_client.member_with_role(Role.USER)
    ticket = await surface_client.make_ticket(Verb.UNWATCH, member, Relation.WATCHER)

    await surface_client.press_button(member, Button.UNWATCH.value, ticket)

    assert (await surface_client.service.tickets.get_ticket(ticket.id))[0].watchers == ()


async def test_who_asked_is_told_that_watching_is_for_moderators(
    surface_client: SurfaceClient,
) -> None:
    member = await surface_client.member_with_role(Role.USER)
    ticket = await surface_client.make_ticket(Verb.WATCH, member, Relation.REQUESTER)

    answer = await command("watch", watches=True)(surface_client, member, ticket)

    assert "Only moderators can watch tickets." in answer.text
