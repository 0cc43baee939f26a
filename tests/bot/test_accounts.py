"""What the bot answers to events, and to people whom Slack says it may not serve."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.app import build_app
from bot.background import Background
from bot.views import audit, member_form, ticket_form, token_form, welcome_form
from models.account import Scope
from models.clock import now
from models.desk import Desk
from models.member import Role
from models.opening import open_desk
from models.settings import Settings
from models.slack import Identity
from models.welcome import Welcome
from sandbox.servers import Servers
from sandbox.slack.manifest import load_manifest
from sandbox.slack.person import Person
from sandbox.slack.usergroups import Usergroup
from sandbox.slack.workspace import Workspace
from tests.bot.filled_in import filled_in
from tests.desks import desk_on

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
TEAM = "T0FRONT01"
IDENTITY = Identity(team_id=TEAM, team_name="Acme", bot_id="B1", bot_user_id="U0")


class Bot:
    """The bot's app in the test itself, with its desk and what goes on after an answer."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.background = Background()
        self.app: AsyncApp = build_app(desk, IDENTITY, self.background)

    async def answers(self, body: dict[str, Any]) -> BoltResponse:
        """The answer to a request of Slack's, once all that follows from it is done."""
        request = AsyncBoltRequest(mode="socket_mode", body={"team_id": TEAM, **body})
        answer = await self.app.async_dispatch(request)
        await self.background.wait(seconds=10)
        return answer

    async def errors(self, person: str, view: dict[str, Any]) -> dict[str, str]:
        """What is said under the fields of a form that this person sends."""
        user = {"id": person, "team_id": TEAM}
        answer = await self.answers({"type": "view_submission", "user": user, "view": view})
        errors: dict[str, str] = json.loads(answer.body or "{}").get("errors", {})
        return errors

    async def role(self, person: Person) -> str:
        member = await self.desk.store.member(TEAM, person.id)
        return member.role.value


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    """A workspace."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@asynccontextmanager
async def bot_of(slack: Workspace, servers: Servers, **more: Any) -> AsyncIterator[Bot]:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token, **more}
    async with desk_on(servers, **settings) as desk:
        yield Bot(desk)


def event(**inner: Any) -> dict[str, Any]:
    """An event as Slack sends it."""
    return {"type": "event_callback", "event_id": "Ev1", "event_time": 1, "event": inner}


def joined(group: Usergroup) -> dict[str, Any]:
    return event(type="subteam_members_changed", subteam_id=group.id, team_id=TEAM)


async def test_an_event_that_can_not_be_stored_is_not_taken() -> None:
    settings = Settings.model_validate(
        {
            "slack_bot_token": "xoxb-1",
            "slack_signing_secret": "s",
            "jwt_secret": "j" * 32,
            "mongodb_uri": "mongodb://127.0.0.1:1",
        }
    )
    user = {"id": "U1", "team_id": TEAM, "deleted": True, "profile": {}}
    async with open_desk(settings, database_seconds=0.2, slack_seconds=1, hurried=True) as desk:
        answer = await Bot(desk).answers(event(type="user_change", user=user))

    assert answer.status == 503


async def test_an_event_of_a_newer_manifest_is_taken_and_left_alone(
    slack: Workspace, servers: Servers
) -> None:
    async with bot_of(slack, servers) as bot:
        assert (await bot.answers(event(type="team_join", user={"id": "U1"}))).status == 200


async def test_who_joins_the_user_group_is_a_moderator_until_they_leave_it(
    slack: Workspace, servers: Servers
) -> None:
    ivy, admin = (
        slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example")
        for handle in ("ivy", "adm")
    )
    group = slack.add_usergroup("helpdesk", name="Help", users=[ivy])
    other = slack.add_usergroup("cooks", name="Cooks")
    async with bot_of(slack, servers) as bot:
        await bot.desk.welcomes.change(TEAM, {"moderators": group.id})
        await bot.desk.store.set_role(TEAM, admin.id, role=Role.ADMIN)
        await bot.answers(joined(other))
        assert await bot.role(ivy) == "user"

        assert (await bot.answers(joined(group))).status == 200
        assert await bot.role(ivy) == "moderator"
        refused = await bot.errors(admin.id, wants(ivy, "user"))
        assert "by a Slack user group" in refused[f"role:{ivy.id}"]

        group.users = []
        updated = event(type="subteam_updated", subteam={"id": group.id})
        assert (await bot.answers(updated)).status == 200
        assert await bot.role(ivy) == "user"


def wants(person: Person, role: str) -> dict[str, Any]:
    """The admin's form, sent for somebody."""
    picked = {"person": {"pick_person": {"selected_user": person.id}}}
    chosen = {f"role:{person.id}": {"value": {"selected_option": {"value": role}}}}
    return {
        "type": "modal",
        "id": "V1",
        "callback_id": member_form.CALLBACK,
        "blocks": [{"type": "input", "block_id": "person"}],
        "state": {"values": picked | chosen},
    }


@pytest.mark.fault("F83")
@pytest.mark.parametrize(
    "button", [token_form.TOKENS_OF, token_form.REVOKE_OF, audit.OPEN, welcome_form.OPEN]
)
async def test_what_admins_press_does_nothing_for_others(
    slack: Workspace, servers: Servers, button: str
) -> None:
    person = slack.add_person(button, real_name=button, email=f"{button}@acme.example")
    slack.journal.clear()
    async with bot_of(slack, servers) as bot:
        await bot.desk.store.set_role(TEAM, "UADMIN", role=Role.ADMIN)
        member = await bot.desk.store.member(TEAM, person.id)
        life = timedelta(hours=1)
        _, record = await bot.desk.accounts.issue(member, name="ci", scopes=[Scope.READ], life=life)
        value = person.id if button == token_form.TOKENS_OF else record.id

        await bot.answers(
            {
                "type": "block_actions",
                "user": {"id": person.id, "team_id": TEAM},
                "trigger_id": "1.2.3",
                "view": {"id": "V1"},
                "actions": [{"action_id": button, "block_id": "b", "value": value}],
            }
        )

        assert await bot.desk.accounts.issued_to(TEAM, person.id)
    [pushed] = slack.journal.calls("views.push")
    assert "Only admins of the desk can open this" in str(pushed.request)


async def test_where_guests_are_refused_they_open_no_ticket(
    slack: Workspace, servers: Servers
) -> None:
    form = {
        "type": "modal",
        "callback_id": ticket_form.CALLBACK,
        "blocks": [{"type": "input", "block_id": "title"}],
        "state": {"values": {"title": {"value": {"value": "VPN is down"}}}},
    }
    new = slack.add_person("new", real_name="New", email="new@acme.example")
    async with bot_of(slack, servers) as bot:
        await bot.desk.welcomes.change(TEAM, {"guests": False})
        note = bot.desk.store.note
        await note(TEAM, "UGUEST", profiled_at=now(), guest=True)
        await note(TEAM, "UFULL", profiled_at=now())

        guest, full, unknown = [
            await bot.errors(slack_id, form | {"id": f"V{slack_id}"})
            for slack_id in ("UGUEST", "UFULL", new.id)
        ]

        assert "you are a guest" in guest["title"]
        assert full == {}
        # Slack is asked meanwhile.
        assert "press Submit again" in unknown["title"]
        assert await bot.errors(new.id, form | {"id": "VAGAIN"}) == {}


async def test_people_of_other_workspaces_are_guests_where_an_admin_lets_them(
    slack: Workspace, servers: Servers
) -> None:
    zed = slack.add_person("zed", real_name="Zed", email="zed@x.example", team_id="T0OTHER01")
    form = ticket_form.draw("let me in")
    user = {"id": zed.id, "team_id": "T0OTHER01"}
    view = filled_in(form) | {"id": "V1"}
    sent = {"type": "view_submission", "user": user, "view": view, "team_id": TEAM}
    async with bot_of(slack, servers) as bot:
        assert "of Acme only" in str((await bot.answers(sent)).body)
        await bot.desk.welcomes.change(TEAM, {"guests": False, "strangers": True})
        answer = await bot.answers(sent)
        assert "is stored" in (answer.body or "")
        member = await bot.desk.store.member(TEAM, zed.id)
        assert (member.guest, member.stranger, member.role) == (True, True, Role.USER)
        ticket, _ = await bot.desk.store.ticket("T-1")
        assert (ticket.team_id, ticket.requester) == (TEAM, zed.id)


async def test_only_an_admin_says_whom_the_desk_serves(slack: Workspace, servers: Servers) -> None:
    form = filled_in(welcome_form.draw(Welcome(), ()), guests="refuse", strangers="user")
    async with bot_of(slack, servers) as bot:
        await bot.desk.store.set_role(TEAM, "UADMIN", role=Role.ADMIN)
        await bot.desk.store.note(TEAM, "UADMIN", profiled_at=now())
        await bot.desk.store.set_role(TEAM, "UMOD", role=Role.MODERATOR)
        await bot.desk.store.note(TEAM, "UMOD", profiled_at=now())

        refused = await bot.errors("UMOD", form | {"id": "V1"})
        assert "Only admins of the desk" in refused[welcome_form.GUESTS]
        assert await bot.desk.welcomes.of(TEAM) == Welcome()
        assert await bot.errors("UADMIN", form | {"id": "V2"}) == {}

        assert await bot.desk.welcomes.of(TEAM) == Welcome(guests=False, strangers=True)
        [act] = await bot.desk.accounts.acts(TEAM)
        assert (act.who, act.what) == ("UADMIN", "changed who is let in")
        assert (act.before["guests"], act.after["guests"]) == (True, False)
