"""The webhook pages: contents, errors, and the actions of admins and of former admins."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from bot.admin.integrations import webhooks_form
from models.clock import utc_now
from models.errors import InvalidInput
from models.people.member import Role
from models.services import Services
from models.tickets.actions import MOVE_BY_EVENT
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft
from models.webhooks.store import MAX_LISTED_DELIVERIES, MAX_WEBHOOKS
from models.webhooks.webhook import MAX_URL_LENGTH, Delivery, Webhook
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.blockkit import check_view
from sandbox.slack.workspace import Workspace
from tests.bot.bot_server import TEAM, run_bot_server
from tests.project import MANIFEST

URL = "https://example.com/frontdesk"
BUTTONS = {
    "open": webhooks_form.TITLE,
    "remove": "Remove",
    "log": "Deliveries",
    "replay": "Resend",
    "back": "All webhooks",
}


def webhook(number: int = 1, **fields: Any) -> Webhook:
    defaults = {
        "url": URL,
        "secret": SecretStr("s3cret"),
        "created_by": "UADM",
        "created_at": utc_now(),
    }
    return Webhook(**{"id": f"{number:032x}", "team_id": TEAM, **defaults, **fields})


def delivery(number: int = 1, **fields: Any) -> Delivery:
    defaults = {
        "id": f"{1:032x}.T-1.{number}",
        "team_id": TEAM,
        "tried_at": utc_now(),
        "type": "ticket.claimed",
        "ticket_id": "T-1",
        "webhook_id": f"{1:032x}",
    }
    return Delivery(**{**defaults, **fields})


def submitted(url: str | None, *events: str) -> dict[str, Any]:
    """The form as Slack submits it."""
    values = {
        "url": {"value": {"value": url}},
        "events": {"value": {"selected_options": [{"value": event} for event in events]}},
    }
    return {"state": {"values": values}}


def test_pages_fit_the_longest_contents() -> None:
    hostile = "https://x/" + "<!channel>&🔥" * 400
    webhooks = [
        webhook(n, url=hostile[:MAX_URL_LENGTH], events=tuple(MOVE_BY_EVENT) * 9)
        for n in range(MAX_WEBHOOKS)
    ]
    deliveries = [
        delivery(n, outcome="<!channel>&" * 200, type="ticket.claimed" * 9, attempts=10**6)
        for n in range(MAX_LISTED_DELIVERIES)
    ]

    assert check_view(webhooks_form.render(webhooks)) == []
    assert check_view(webhooks_form.render(webhooks, ["<!channel>" * 99] * 99)) == []
    assert check_view(webhooks_form.render([])) == []
    assert check_view(webhooks_form.render_secret(webhooks[0])) == []
    assert check_view(webhooks_form.render_deliveries("1", deliveries)) == []
    assert check_view(webhooks_form.render_deliveries("1", [])) == []
    assert "s3cret" not in str(webhooks_form.render(webhooks))
    assert "<!channel>" not in str(webhooks_form.render_deliveries("1", deliveries))


def test_unknown_event_is_refused_at_its_field() -> None:
    assert webhooks_form.read(submitted(f" {URL} ", "claimed")).events == ("claimed",)
    with pytest.raises(InvalidInput) as error:
        webhooks_form.read(submitted(URL, "exploded"))
    assert list(error.value.fields) == ["events"]


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def services(slack: Workspace, servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_bot_server(slack, servers) as services:
        yield services


@pytest.fixture(scope="module")
async def grace(slack: Workspace, services: Services) -> Person:
    grace = slack.add_person("grace", real_name="Grace", email="grace@acme.example")
    await services.members.set_role(TEAM, grace.id, role=Role.ADMIN)
    return grace


async def open_webhooks(slack: Workspace, person: Person) -> None:
    """Open the webhooks from the Settings menu."""
    await open_settings(slack, person)
    assert person.modal
    await person.click(person.modal, webhooks_form.TITLE)


async def open_settings(slack: Workspace, person: Person) -> None:
    while person.modal:
        await person.close_modal()
    await person.type_text("/ticket admin")
    await slack.wait_until(lambda: person.modal and webhooks_form.TITLE in person.modal.buttons)


async def wait_for_text(slack: Workspace, person: Person, text: str) -> None:
    """Wait until the top modal shows this text."""
    await slack.wait_until(
        lambda: person.modal and text in person.modal.visible_text, timeout_seconds=10
    )


async def test_admin_adds_a_webhook_and_sees_its_secret_once(
    slack: Workspace, services: Services, grace: Person
) -> None:
    await open_webhooks(slack, grace)
    assert grace.modal
    assert "No webhooks yet" in grace.modal.visible_text
    await grace.fill("New webhook URL", "http://example.com")
    await grace.submit_modal()
    assert "https://" in grace.modal.errors["New webhook URL"]
    await grace.fill("New webhook URL", URL)
    await grace.fill("Events", ["claimed", "resolved"])
    await grace.submit_modal()

    [stored] = await services.webhooks.list_webhooks(TEAM)
    assert (stored.url, stored.events) == (URL, ("claimed", "resolved"))
    assert stored.secret.get_secret_value() in grace.modal.visible_text
    await open_webhooks(slack, grace)
    assert URL in grace.modal.visible_text
    assert stored.secret.get_secret_value() not in str(grace.modal.blocks)
    [entry, *_] = await services.audit_log.entries(TEAM)
    assert (entry.who, entry.what, entry.to) == (grace.id, "added webhook", stored.id)
    assert entry.after == {"url": URL, "events": ["claimed", "resolved"]}


async def test_form_sent_twice_adds_one_webhook(services: Services, grace: Person) -> None:
    admin = await services.members.get_or_create_member(TEAM, grace.id)
    first, second = [
        await services.webhooks.add(admin, url=URL, idempotency_key="view:V1") for _ in range(2)
    ]

    assert first == second
    await services.webhooks.remove(TEAM, first.id)


async def test_admin_reads_deliveries_and_resends_one(
    slack: Workspace, services: Services, grace: Person
) -> None:
    [hook] = await services.webhooks.list_webhooks(TEAM)
    draft = Draft(key="view:1", team_id=TEAM, requester=grace.id, title="VPN is down")
    ticket = await services.ticket_service.open_ticket(draft)
    delivered = delivery(1, webhook_id=hook.id, ticket_id=ticket.id, outcome="it answered 200")
    await services.webhooks.record_attempt(delivered.model_copy(update={"delivered": True}))
    await services.ticket_service.update_ticket(
        ticket.id, lambda t, _: t.model_copy(update={"pending": ()})
    )

    await open_webhooks(slack, grace)
    assert grace.modal
    await grace.click(grace.modal, "Deliveries")
    await wait_for_text(slack, grace, f"{ticket.id}: delivered after 1 attempt")
    await grace.click(grace.modal, "Resend")
    await wait_for_text(slack, grace, "not delivered")

    await grace.click(grace.modal, "All webhooks")
    await wait_for_text(slack, grace, URL)
    after, _ = await services.tickets.get_ticket(ticket.id)
    assert after.find_step(Step.DELIVER_WEBHOOKS)
    [entry, *_] = await services.audit_log.entries(TEAM)
    assert (entry.who, entry.what, entry.to) == (grace.id, "replayed delivery", delivered.id)


async def test_admin_removes_a_webhook(slack: Workspace, services: Services, grace: Person) -> None:
    [hook] = await services.webhooks.list_webhooks(TEAM)
    await open_webhooks(slack, grace)
    assert grace.modal
    await grace.click(grace.modal, "Remove")
    await wait_for_text(slack, grace, "No webhooks yet")

    assert await services.webhooks.list_webhooks(TEAM) == []
    [entry, *_] = await services.audit_log.entries(TEAM)
    assert (entry.who, entry.what, entry.to) == (grace.id, "removed webhook", hook.id)
    assert entry.before["url"] == URL


async def test_admin_removes_a_webhook_whose_document_is_damaged(
    slack: Workspace, services: Services, grace: Person
) -> None:
    admin = await services.members.get_or_create_member(TEAM, grace.id)
    sound = await services.webhooks.add(admin, url=URL)
    await services.database.webhooks.insert_one({"_id": "d" * 32, "team_id": TEAM})

    await open_webhooks(slack, grace)
    assert grace.modal
    assert URL in grace.modal.visible_text
    assert "is damaged, and it gets no events" in grace.modal.visible_text
    await grace.click(grace.modal, "Remove", value="d" * 32)
    await slack.wait_until(
        lambda: grace.modal and "is damaged" not in grace.modal.visible_text, timeout_seconds=10
    )

    stored = await services.database.webhooks.find({"team_id": TEAM}).to_list()
    assert [document["_id"] for document in stored] == [sound.id]
    [entry, *_] = await services.audit_log.entries(TEAM)
    assert (entry.what, entry.to, entry.before) == ("removed webhook", "d" * 32, {})
    await services.webhooks.remove(TEAM, sound.id)


@pytest.mark.fault("F85")
@pytest.mark.parametrize("action", ["add", *BUTTONS])
async def test_former_admin_is_refused(
    slack: Workspace, services: Services, grace: Person, action: str
) -> None:
    admin = await services.members.get_or_create_member(TEAM, grace.id)
    hook = await services.webhooks.add(admin, url=URL)
    await services.webhooks.record_attempt(delivery(1, webhook_id=hook.id, outcome="x"))
    other = slack.add_person(f"al{action}", real_name="Al", email=f"al{action}@acme.example")
    await services.members.set_role(TEAM, other.id, role=Role.ADMIN)
    await (open_settings if action == "open" else open_webhooks)(slack, other)
    if action in {"replay", "back"}:
        assert other.modal
        await other.click(other.modal, "Deliveries")
        await wait_for_text(slack, other, "not delivered")
    await services.members.set_role(TEAM, other.id, role=Role.MODERATOR)
    entries = await services.audit_log.entries(TEAM)

    await _try_action(other, action)

    assert [webhook.id for webhook in await services.webhooks.list_webhooks(TEAM)] == [hook.id]
    assert await services.audit_log.entries(TEAM) == entries
    await slack.wait_until(lambda: "Only admins" in _visible_text(other), timeout_seconds=10)
    await services.webhooks.remove(TEAM, hook.id)


def _visible_text(person: Person) -> str:
    return f"{person.modal.visible_text} {person.modal.errors}" if person.modal else ""


async def _try_action(person: Person, action: str) -> None:
    if action == "add":
        await person.fill("New webhook URL", URL)
        await person.submit_modal()
        return
    assert person.modal
    await person.click(person.modal, BUTTONS[action])
