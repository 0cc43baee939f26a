"""An admin's webhooks in Slack: what is shown, what is refused, what is done, and by whom."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app import build_app
from bot.background import Background
from bot.serve import Bot, open_doors
from bot.views import webhooks_form
from models.clock import now
from models.desk import Desk
from models.errors import InvalidDraft
from models.flow import Move
from models.member import Role
from models.slack import Identity
from models.step import Step
from models.ticket import Draft
from models.webhook import LONGEST_URL, Delivery, Webhook
from models.webhooks import MOST, MOST_DELIVERIES
from sandbox.servers import Servers, free_port
from sandbox.slack.blockkit import check_view
from sandbox.slack.manifest import load_manifest
from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace
from tests.desks import desk_on

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
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
    usual = {"url": URL, "secret": SecretStr("s3cret"), "created_by": "UADM", "created_at": now()}
    return Webhook(**{"id": f"{number:032x}", "team_id": TEAM, **usual, **more})


def delivery(number: int = 1, **more: Any) -> Delivery:
    usual = {"type": "ticket.claimed", "ticket_id": "T-1", "webhook_id": f"{1:032x}"}
    known = {"id": f"{1:032x}.T-1.{number}", "team_id": TEAM, "tried_at": now()}
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
    most = [webhook(n, url=hostile[:LONGEST_URL], events=tuple(Move) * 9) for n in range(MOST)]
    told = [
        delivery(n, outcome="<!channel>&" * 200, type="ticket.claimed" * 9, attempts=10**6)
        for n in range(MOST_DELIVERIES)
    ]

    assert check_view(webhooks_form.draw(most)) == []
    assert check_view(webhooks_form.draw([])) == []
    assert check_view(webhooks_form.added(most[0])) == []
    assert check_view(webhooks_form.deliveries("1", told)) == []
    assert check_view(webhooks_form.deliveries("1", [])) == []
    assert "s3cret" not in str(webhooks_form.draw(most))
    assert "<!channel>" not in str(webhooks_form.deliveries("1", told))


def test_an_event_that_is_none_is_refused_at_its_field() -> None:
    assert webhooks_form.read(sent(f" {URL} ", "claimed")).events == ("claimed",)
    with pytest.raises(InvalidDraft) as error:
        webhooks_form.read(sent(URL, "exploded"))
    assert list(error.value.fields) == ["events"]


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def desk(slack: Workspace, servers: Servers) -> AsyncIterator[Desk]:
    """A desk whose bot answers the workspace over HTTP."""
    port = free_port()
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    more = settings | {"slack_signing_secret": slack.signing_secret, "port": port}
    background = Background()
    async with desk_on(servers, **more) as desk:
        bot = Bot(desk)
        identity = Identity(
            team_id=TEAM, team_name="Acme", bot_id=slack.bot_id, bot_user_id=slack.bot_user_id
        )
        bot.app, bot.team_id = build_app(desk, identity, background), TEAM
        async with open_doors(bot):
            slack.request_url = f"http://127.0.0.1:{port}/slack/events"
            yield desk
            await background.wait(seconds=10)


@pytest.fixture(scope="module")
async def grace(slack: Workspace, desk: Desk) -> Person:
    grace = slack.add_person("grace", real_name="Grace", email="grace@acme.example")
    await desk.store.set_role(TEAM, grace.id, role=Role.ADMIN)
    return grace


async def opens(slack: Workspace, person: Person) -> None:
    """Go from `/ticket admin` to the webhooks."""
    await enters(slack, person)
    assert person.modal
    await person.clicks(person.modal, webhooks_form.TITLE)


async def enters(slack: Workspace, person: Person) -> None:
    """Open the form behind `/ticket admin`."""
    while person.modal:
        await person.closes()
    await person.types("/ticket admin")
    await slack.until(lambda: person.modal and webhooks_form.TITLE in person.modal.buttons)


async def until_it_says(slack: Workspace, person: Person, words: str) -> str:
    """What the modal on top says, as soon as it says this."""

    def says() -> str:
        return person.modal.says if person.modal and words in person.modal.says else ""

    return await slack.until(says, timeout=10)


async def test_an_admin_adds_a_webhook_and_sees_its_secret_once(
    slack: Workspace, desk: Desk, grace: Person
) -> None:
    await opens(slack, grace)
    assert grace.modal
    assert "Nobody is told yet" in grace.modal.says
    await grace.fills("Address of a new one", "http://example.com")
    await grace.submits()
    assert "https://" in grace.modal.errors["Address of a new one"]
    await grace.fills("Address of a new one", URL)
    await grace.fills("What it is told of", ["claimed", "resolved"])
    await grace.submits()

    [stored] = await desk.webhooks.of(TEAM)
    assert (stored.url, stored.events) == (URL, ("claimed", "resolved"))
    assert stored.secret.get_secret_value() in grace.modal.says
    await opens(slack, grace)
    assert URL in grace.modal.says
    assert stored.secret.get_secret_value() not in str(grace.modal.blocks)
    [act, *_] = await desk.accounts.acts(TEAM)
    assert (act.who, act.what, act.to) == (grace.id, "added webhook", stored.id)
    assert act.after == {"url": URL, "events": ["claimed", "resolved"]}


async def test_the_same_form_twice_is_one_webhook(desk: Desk, grace: Person) -> None:
    admin = await desk.store.member(TEAM, grace.id)
    twice = [await desk.webhooks.add(admin, url=URL, key="view:V1") for _ in range(2)]

    assert twice[0] == twice[1]
    await desk.webhooks.remove(TEAM, twice[0].id)


async def test_an_admin_sees_what_was_told_and_has_it_told_again(
    slack: Workspace, desk: Desk, grace: Person
) -> None:
    [hook] = await desk.webhooks.of(TEAM)
    draft = Draft(key="view:1", team_id=TEAM, requester=grace.id, title="VPN is down")
    ticket = await desk.open_ticket(draft)
    told = delivery(1, webhook_id=hook.id, ticket_id=ticket.id, outcome="it answered 200")
    await desk.webhooks.note(told.model_copy(update={"delivered": True}))
    await desk.amend(ticket.id, lambda t, _: t.model_copy(update={"pending": ()}))

    await opens(slack, grace)
    assert grace.modal
    await grace.clicks(grace.modal, "Deliveries")
    await until_it_says(slack, grace, f"{ticket.id}: delivered after 1 try")
    await grace.clicks(grace.modal, "Tell again")
    await until_it_says(slack, grace, "not delivered")

    await grace.clicks(grace.modal, "All webhooks")
    await until_it_says(slack, grace, URL)
    again, _ = await desk.store.ticket(ticket.id)
    assert again.step(Step.DELIVER_WEBHOOKS)
    [act, *_] = await desk.accounts.acts(TEAM)
    assert (act.who, act.what, act.to) == (grace.id, "replayed delivery", told.id)


async def test_an_admin_removes_a_webhook(slack: Workspace, desk: Desk, grace: Person) -> None:
    [hook] = await desk.webhooks.of(TEAM)
    await opens(slack, grace)
    assert grace.modal
    await grace.clicks(grace.modal, "Remove")
    await until_it_says(slack, grace, "Nobody is told yet")

    assert await desk.webhooks.of(TEAM) == []
    [act, *_] = await desk.accounts.acts(TEAM)
    assert (act.who, act.what, act.to) == (grace.id, "removed webhook", hook.id)
    assert act.before["url"] == URL


@pytest.mark.fault("F85")
@pytest.mark.parametrize("did", ["add", *BUTTONS])
async def test_who_is_no_admin_any_more_does_nothing_of_it(
    slack: Workspace, desk: Desk, grace: Person, did: str
) -> None:
    admin = await desk.store.member(TEAM, grace.id)
    hook = await desk.webhooks.add(admin, url=URL)
    await desk.webhooks.note(delivery(1, webhook_id=hook.id, outcome="x"))
    other = slack.add_person(f"al{did}", real_name="Al", email=f"al{did}@acme.example")
    await desk.store.set_role(TEAM, other.id, role=Role.ADMIN)
    await (enters if did == "open" else opens)(slack, other)
    if did in {"replay", "back"}:
        assert other.modal
        await other.clicks(other.modal, "Deliveries")
        await until_it_says(slack, other, "not delivered")
    await desk.store.set_role(TEAM, other.id, role=Role.MODERATOR)
    acts = await desk.accounts.acts(TEAM)

    await _tries(other, did)

    assert [one.id for one in await desk.webhooks.of(TEAM)] == [hook.id]
    assert await desk.accounts.acts(TEAM) == acts
    await slack.until(lambda: "Only admins" in _shown(other), timeout=10)
    await desk.webhooks.remove(TEAM, hook.id)


def _shown(person: Person) -> str:
    return f"{person.modal.says} {person.modal.errors}" if person.modal else ""


async def _tries(person: Person, did: str) -> None:
    if did == "add":
        await person.fills("Address of a new one", URL)
        await person.submits()
        return
    assert person.modal
    await person.clicks(person.modal, BUTTONS[did])
