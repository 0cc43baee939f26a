"""An admin's webhooks in Slack: what is shown, what is refused, what is done, and by whom."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from bot.admin.integrations import webhooks_form
from bot.app import build_app
from bot.background import BackgroundTasks
from bot.web.server import Bot, run_http_server
from models.clock import utc_now
from models.errors import InvalidInput
from models.messages.slack_client import BotIdentity
from models.people.member import Role
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft
from models.tickets.workflow import Move
from models.webhooks.store import MAX_LISTED_DELIVERIES, MAX_WEBHOOKS
from models.webhooks.webhook import MAX_URL_LENGTH, Delivery, Webhook
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.blockkit import check_view
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.service_factory import run_service

TEAM = "T0FRONT01"
URL = "https://example.com/frontdesk"
BUTTONS = {
    "open": webhooks_form.TITLE,
    "remove": "Remove",
    "log": "Deliveries",
    "replay": "Tell again",
    "back": "All webhooks",
}


def webhook(number: int = 1, **more: Any) -> Webhook:
    usual = {
        "url": URL,
        "secret": SecretStr("s3cret"),
        "created_by": "UADM",
        "created_at": utc_now(),
    }
    return Webhook(**{"id": f"{number:032x}", "team_id": TEAM, **usual, **more})


def delivery(number: int = 1, **more: Any) -> Delivery:
    usual = {"type": "ticket.claimed", "ticket_id": "T-1", "webhook_id": f"{1:032x}"}
    known = {"id": f"{1:032x}.T-1.{number}", "team_id": TEAM, "tried_at": utc_now()}
    return Delivery(**{**known, **usual, **more})


def sent(url: str | None, *events: str) -> dict[str, Any]:
    """The form as Slack sends it back."""
    chosen = [{"value": event} for event in events]
    values = {
        "url": {"value": {"value": url}},
        "events": {"value": {"selected_options": chosen}},
    }
    return {"state": {"values": values}}


def test_slack_opens_the_form_at_its_worst() -> None:
    hostile = "https://x/" + "<!channel>&🔥" * 400
    most = [
        webhook(n, url=hostile[:MAX_URL_LENGTH], events=tuple(Move) * 9)
        for n in range(MAX_WEBHOOKS)
    ]
    told = [
        delivery(n, outcome="<!channel>&" * 200, type="ticket.claimed" * 9, attempts=10**6)
        for n in range(MAX_LISTED_DELIVERIES)
    ]

    assert check_view(webhooks_form.render(most)) == []
    assert check_view(webhooks_form.render([])) == []
    assert check_view(webhooks_form.render_secret(most[0])) == []
    assert check_view(webhooks_form.render_deliveries("1", told)) == []
    assert check_view(webhooks_form.render_deliveries("1", [])) == []
    assert "s3cret" not in str(webhooks_form.render(most))
    assert "<!channel>" not in str(webhooks_form.render_deliveries("1", told))


def test_an_event_that_is_none_is_refused_at_its_field() -> None:
    assert webhooks_form.read(sent(f" {URL} ", "claimed")).events == ("claimed",)
    with pytest.raises(InvalidInput) as error:
        webhooks_form.read(sent(URL, "exploded"))
    assert list(error.value.fields) == ["events"]


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def service(slack: Workspace, servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A desk whose bot answers the workspace over HTTP."""
    port = find_free_port()
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    more = settings | {"slack_signing_secret": slack.signing_secret, "port": port}
    background = BackgroundTasks()
    async with run_service(servers, **more) as service:
        bot = Bot(service)
        identity = BotIdentity(
            team_id=TEAM, team_name="Acme", bot_id=slack.bot_id, bot_user_id=slack.bot_user_id
        )
        bot.app, bot.team_id = build_app(service, identity, background), TEAM
        async with run_http_server(bot):
            slack.request_url = f"http://127.0.0.1:{port}/slack/events"
            yield service
            await background.wait(timeout_seconds=10)


@pytest.fixture(scope="module")
async def grace(slack: Workspace, service: TicketService) -> Person:
    grace = slack.add_person("grace", real_name="Grace", email="grace@acme.example")
    await service.members.set_role(TEAM, grace.id, role=Role.ADMIN)
    return grace


async def opens(slack: Workspace, person: Person) -> None:
    """Go from `/ticket admin` to the webhooks."""
    await enters(slack, person)
    assert person.modal
    await person.click(person.modal, webhooks_form.TITLE)


async def enters(slack: Workspace, person: Person) -> None:
    """Open the form behind `/ticket admin`."""
    while person.modal:
        await person.close_modal()
    await person.type_text("/ticket admin")
    await slack.wait_until(lambda: person.modal and webhooks_form.TITLE in person.modal.buttons)


async def until_it_says(slack: Workspace, person: Person, words: str) -> str:
    """What the modal on top says, as soon as it says this."""

    def says() -> str:
        return (
            person.modal.visible_text if person.modal and words in person.modal.visible_text else ""
        )

    return await slack.wait_until(says, timeout_seconds=10)


async def test_an_admin_adds_a_webhook_and_sees_its_secret_once(
    slack: Workspace, service: TicketService, grace: Person
) -> None:
    await opens(slack, grace)
    assert grace.modal
    assert "Nobody is told yet" in grace.modal.visible_text
    await grace.fill("Address of a new one", "http://example.com")
    await grace.submit_modal()
    assert "https://" in grace.modal.errors["Address of a new one"]
    await grace.fill("Address of a new one", URL)
    await grace.fill("What it is told of", ["claimed", "resolved"])
    await grace.submit_modal()

    [stored] = await service.webhooks.list_webhooks(TEAM)
    assert (stored.url, stored.events) == (URL, ("claimed", "resolved"))
    assert stored.secret.get_secret_value() in grace.modal.visible_text
    await opens(slack, grace)
    assert URL in grace.modal.visible_text
    assert stored.secret.get_secret_value() not in str(grace.modal.blocks)
    [act, *_] = await service.audit_log.entries(TEAM)
    assert (act.who, act.what, act.to) == (grace.id, "added webhook", stored.id)
    assert act.after == {"url": URL, "events": ["claimed", "resolved"]}


async def test_the_same_form_twice_is_one_webhook(service: TicketService, grace: Person) -> None:
    admin = await service.members.get_or_create_member(TEAM, grace.id)
    twice = [
        await service.webhooks.add(admin, url=URL, idempotency_key="view:V1") for _ in range(2)
    ]

    assert twice[0] == twice[1]
    await service.webhooks.remove(TEAM, twice[0].id)


async def test_an_admin_sees_what_was_told_and_has_it_told_again(
    slack: Workspace, service: TicketService, grace: Person
) -> None:
    [hook] = await service.webhooks.list_webhooks(TEAM)
    draft = Draft(key="view:1", team_id=TEAM, requester=grace.id, title="VPN is down")
    ticket = await service.open_ticket(draft)
    told = delivery(1, webhook_id=hook.id, ticket_id=ticket.id, outcome="it answered 200")
    await service.webhooks.record_attempt(told.model_copy(update={"delivered": True}))
    await service.update_ticket(ticket.id, lambda t, _: t.model_copy(update={"pending": ()}))

    await opens(slack, grace)
    assert grace.modal
    await grace.click(grace.modal, "Deliveries")
    await until_it_says(slack, grace, f"{ticket.id}: delivered after 1 try")
    await grace.click(grace.modal, "Tell again")
    await until_it_says(slack, grace, "not delivered")

    await grace.click(grace.modal, "All webhooks")
    await until_it_says(slack, grace, URL)
    again, _ = await service.tickets.get_ticket(ticket.id)
    assert again.find_step(Step.DELIVER_WEBHOOKS)
    [act, *_] = await service.audit_log.entries(TEAM)
    assert (act.who, act.what, act.to) == (grace.id, "replayed delivery", told.id)


async def test_an_admin_removes_a_webhook(
    slack: Workspace, service: TicketService, grace: Person
) -> None:
    [hook] = await service.webhooks.list_webhooks(TEAM)
    await opens(slack, grace)
    assert grace.modal
    await grace.click(grace.modal, "Remove")
    await until_it_says(slack, grace, "Nobody is told yet")

    assert await service.webhooks.list_webhooks(TEAM) == []
    [act, *_] = await service.audit_log.entries(TEAM)
    assert (act.who, act.what, act.to) == (grace.id, "removed webhook", hook.id)
    assert act.before["url"] == URL


@pytest.mark.fault("F85")
@pytest.mark.parametrize("did", ["add", *BUTTONS])
async def test_who_is_no_admin_any_more_does_nothing_of_it(
    slack: Workspace, service: TicketService, grace: Person, did: str
) -> None:
    admin = await service.members.get_or_create_member(TEAM, grace.id)
    hook = await service.webhooks.add(admin, url=URL)
    await service.webhooks.record_attempt(delivery(1, webhook_id=hook.id, outcome="x"))
    other = slack.add_person(f"al{did}", real_name="Al", email=f"al{did}@acme.example")
    await service.members.set_role(TEAM, other.id, role=Role.ADMIN)
    await (enters if did == "open" else opens)(slack, other)
    if did in {"replay", "back"}:
        assert other.modal
        await other.click(other.modal, "Deliveries")
        await until_it_says(slack, other, "not delivered")
    await service.members.set_role(TEAM, other.id, role=Role.MODERATOR)
    acts = await service.audit_log.entries(TEAM)

    await _tries(other, did)

    assert [one.id for one in await service.webhooks.list_webhooks(TEAM)] == [hook.id]
    assert await service.audit_log.entries(TEAM) == acts
    await slack.wait_until(lambda: "Only admins" in _shown(other), timeout_seconds=10)
    await service.webhooks.remove(TEAM, hook.id)


def _shown(person: Person) -> str:
    return f"{person.modal.visible_text} {person.modal.errors}" if person.modal else ""


async def _tries(person: Person, did: str) -> None:
    if did == "add":
        await person.fill("Address of a new one", URL)
        await person.submit_modal()
        return
    assert person.modal
    await person.click(person.modal, BUTTONS[did])
