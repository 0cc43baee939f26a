"""What the bot answers to events, and to people whom Slack says it may not serve."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.admin.integrations import api_token_form
from bot.admin.people import guest_policy_form, member_form
from bot.admin.reports import audit_log_view
from bot.app import build_app
from bot.background import BackgroundTasks
from bot.tickets import ticket_form
from models.access.api_token import Scope
from models.clock import utc_now
from models.messages.slack_client import BotIdentity
from models.open_app import open_app
from models.people.guest_policy import GuestPolicy
from models.people.member import Role
from models.settings import Settings
from models.ticket_service import TicketService
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.entities.usergroups import Usergroup
from sandbox.slack.workspace import Workspace
from tests.bot.form_values import with_values
from tests.project import MANIFEST
from tests.service_factory import run_service

TEAM = "T0FRONT01"
IDENTITY = BotIdentity(team_id=TEAM, team_name="Acme", bot_id="B1", bot_user_id="U0")


class BotUnderTest:
    """The bot's app in the test itself, with its desk and what goes on after an answer."""

    def __init__(self, service: TicketService) -> None:
        self.service = service
        self.background = BackgroundTasks()
        self.app: AsyncApp = build_app(service, IDENTITY, self.background)

    async def dispatch(self, body: dict[str, Any]) -> BoltResponse:
        """The answer to a request of Slack's, once all that follows from it is done."""
        request = AsyncBoltRequest(mode="socket_mode", body={"team_id": TEAM, **body})
        answer = await self.app.async_dispatch(request)
        await self.background.wait(timeout_seconds=10)
        return answer

    async def form_errors(self, person: str, view: dict[str, Any]) -> dict[str, str]:
        """What is said under the fields of a form that this person sends."""
        user = {"id": person, "team_id": TEAM}
        answer = await self.dispatch({"type": "view_submission", "user": user, "view": view})
        errors: dict[str, str] = json.loads(answer.body or "{}").get("errors", {})
        return errors

    async def stored_role(self, person: Person) -> str:
        member = await self.service.members.get_or_create_member(TEAM, person.id)
        return member.role.value


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    """A workspace."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@asynccontextmanager
async def run_bot(
    slack: Workspace, servers: DatabaseServers, **more: Any
) -> AsyncIterator[BotUnderTest]:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token, **more}
    async with run_service(servers, **settings) as service:
        yield BotUnderTest(service)


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
    async with open_app(
        settings, database_timeout_seconds=0.2, slack_timeout_seconds=1, interactive=True
    ) as service:
        answer = await BotUnderTest(service).dispatch(event(type="user_change", user=user))

    assert answer.status == 503


async def test_an_event_of_a_newer_manifest_is_taken_and_left_alone(
    slack: Workspace, servers: DatabaseServers
) -> None:
    async with run_bot(slack, servers) as bot:
        assert (await bot.dispatch(event(type="team_join", user={"id": "U1"}))).status == 200


async def test_who_joins_the_user_group_is_a_moderator_until_they_leave_it(
    slack: Workspace, servers: DatabaseServers
) -> None:
    ivy, admin = (
        slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example")
        for handle in ("ivy", "adm")
    )
    group = slack.add_usergroup("helpdesk", name="Help", users=[ivy])
    other = slack.add_usergroup("cooks", name="Cooks")
    async with run_bot(slack, servers) as bot:
        await bot.service.guest_policies.update(TEAM, {"moderators": group.id})
        await bot.service.members.set_role(TEAM, admin.id, role=Role.ADMIN)
        await bot.dispatch(joined(other))
        assert await bot.stored_role(ivy) == "user"

        assert (await bot.dispatch(joined(group))).status == 200
        assert await bot.stored_role(ivy) == "moderator"
        refused = await bot.form_errors(admin.id, wants(ivy, "user"))
        assert "by a Slack user group" in refused[f"role:{ivy.id}"]

        group.users = []
        updated = event(type="subteam_updated", subteam={"id": group.id})
        assert (await bot.dispatch(updated)).status == 200
        assert await bot.stored_role(ivy) == "user"


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
    "button",
    [
        api_token_form.SHOW_MEMBER_TOKENS,
        api_token_form.REVOKE_AS_ADMIN,
        audit_log_view.OPEN,
        guest_policy_form.OPEN,
    ],
)
async def test_what_admins_press_does_nothing_for_others(
    slack: Workspace, servers: DatabaseServers, button: str
) -> None:
    person = slack.add_person(button, real_name=button, email=f"{button}@acme.example")
    slack.traffic_log.clear()
    async with run_bot(slack, servers) as bot:
        await bot.service.members.set_role(TEAM, "UADMIN", role=Role.ADMIN)
        member = await bot.service.members.get_or_create_member(TEAM, person.id)
        life = timedelta(hours=1)
        _, record = await bot.service.api_tokens.issue_token(
            member, name="ci", scopes=[Scope.READ], lifetime=life
        )
        value = person.id if button == api_token_form.SHOW_MEMBER_TOKENS else record.id

        await bot.dispatch(
            {
                "type": "block_actions",
                "user": {"id": person.id, "team_id": TEAM},
                "trigger_id": "1.2.3",
                "view": {"id": "V1"},
                "actions": [{"action_id": button, "block_id": "b", "value": value}],
            }
        )

        assert await bot.service.api_tokens.active_tokens(TEAM, person.id)
    [pushed] = slack.traffic_log.api_calls("views.push")
    assert "Only admins of the desk can open this" in str(pushed.request)


async def test_where_guests_are_refused_they_open_no_ticket(
    slack: Workspace, servers: DatabaseServers
) -> None:
    form = {
        "type": "modal",
        "callback_id": ticket_form.CALLBACK,
        "blocks": [{"type": "input", "block_id": "title"}],
        "state": {"values": {"title": {"value": {"value": "VPN is down"}}}},
    }
    new = slack.add_person("new", real_name="New", email="new@acme.example")
    async with run_bot(slack, servers) as bot:
        await bot.service.guest_policies.update(TEAM, {"guests": False})
        note = bot.service.members.update_member
        await note(TEAM, "UGUEST", profiled_at=utc_now(), guest=True)
        await note(TEAM, "UFULL", profiled_at=utc_now())

        guest, full, unknown = [
            await bot.form_errors(slack_id, form | {"id": f"V{slack_id}"})
            for slack_id in ("UGUEST", "UFULL", new.id)
        ]

        assert "you are a guest" in guest["title"]
        assert full == {}
        # Slack is asked meanwhile.
        assert "press Submit again" in unknown["title"]
        assert await bot.form_errors(new.id, form | {"id": "VAGAIN"}) == {}


async def test_people_of_other_workspaces_are_guests_where_an_admin_lets_them(
    slack: Workspace, servers: DatabaseServers
) -> None:
    zed = slack.add_person("zed", real_name="Zed", email="zed@x.example", team_id="T0OTHER01")
    form = ticket_form.render("let me in")
    user = {"id": zed.id, "team_id": "T0OTHER01"}
    view = with_values(form) | {"id": "V1"}
    sent = {"type": "view_submission", "user": user, "view": view, "team_id": TEAM}
    async with run_bot(slack, servers) as bot:
        assert "of Acme only" in str((await bot.dispatch(sent)).body)
        await bot.service.guest_policies.update(TEAM, {"guests": False, "strangers": True})
        answer = await bot.dispatch(sent)
        assert "is stored" in (answer.body or "")
        member = await bot.service.members.get_or_create_member(TEAM, zed.id)
        assert (member.guest, member.stranger, member.role) == (True, True, Role.USER)
        ticket, _ = await bot.service.tickets.get_ticket("T-1")
        assert (ticket.team_id, ticket.requester) == (TEAM, zed.id)


async def test_only_an_admin_says_whom_the_desk_serves(
    slack: Workspace, servers: DatabaseServers
) -> None:
    form = with_values(
        guest_policy_form.render(GuestPolicy(), ()), guests="refuse", strangers="user"
    )
    async with run_bot(slack, servers) as bot:
        await bot.service.members.set_role(TEAM, "UADMIN", role=Role.ADMIN)
        await bot.service.members.update_member(TEAM, "UADMIN", profiled_at=utc_now())
        await bot.service.members.set_role(TEAM, "UMOD", role=Role.MODERATOR)
        await bot.service.members.update_member(TEAM, "UMOD", profiled_at=utc_now())

        refused = await bot.form_errors("UMOD", form | {"id": "V1"})
        assert "Only admins of the desk" in refused[guest_policy_form.GUESTS]
        assert await bot.service.guest_policies.load(TEAM) == GuestPolicy()
        assert await bot.form_errors("UADMIN", form | {"id": "V2"}) == {}

        assert await bot.service.guest_policies.load(TEAM) == GuestPolicy(
            guests=False, strangers=True
        )
        [act] = await bot.service.audit_log.entries(TEAM)
        assert (act.who, act.what) == ("UADMIN", "changed who is let in")
        assert (act.before["guests"], act.after["guests"]) == (True, False)
