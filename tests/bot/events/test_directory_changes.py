"""The bot's answers to directory events, and to people excluded by the guest policy."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.admin import workspace_settings_form
from bot.admin.integrations import api_token_form
from bot.admin.people import member_form
from bot.admin.reports import audit_log_view
from bot.app import build_app
from bot.background import BackgroundTasks
from bot.services import BotServices
from bot.tickets import ticket_form
from models.access.api_token import Scope
from models.clock import utc_now
from models.messages.slack_client import BotIdentity
from models.people.member import Role
from models.services import open_connections
from models.settings import Settings
from models.workspace.workspace_settings import WorkspaceSettings
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.entities.usergroups import Usergroup
from sandbox.slack.workspace import Workspace
from tests.bot.form_values import with_values
from tests.project import MANIFEST
from tests.service_factory import run_services

TEAM = "T0FRONT01"
IDENTITY = BotIdentity(team_id=TEAM, team_name="Acme", bot_id="B1", bot_user_id="U0")


class BotUnderTest:
    """The Bolt app in the test process, with its service and background tasks."""

    def __init__(self, services: BotServices) -> None:
        self.services = services
        self.app: AsyncApp = build_app(services, IDENTITY)

    async def dispatch(self, body: dict[str, Any]) -> BoltResponse:
        """The answer to a request, after its background tasks have ended."""
        request = AsyncBoltRequest(mode="socket_mode", body={"team_id": TEAM, **body})
        response = await self.app.async_dispatch(request)
        await self.services.background.wait(timeout_seconds=10)
        return response

    async def form_errors(self, person: str, view: dict[str, Any]) -> dict[str, str]:
        """The errors under the fields of a form that this person submits."""
        user = {"id": person, "team_id": TEAM}
        response = await self.dispatch({"type": "view_submission", "user": user, "view": view})
        errors: dict[str, str] = json.loads(response.body or "{}").get("errors", {})
        return errors

    async def stored_role(self, person: Person) -> str:
        member = await self.services.members.get_or_create_member(TEAM, person.id)
        return member.role.value


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@asynccontextmanager
async def run_bot(
    slack: Workspace, servers: DatabaseServers, **more: Any
) -> AsyncIterator[BotUnderTest]:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token, **more}
    async with run_services(servers, **settings) as services:
        yield BotUnderTest(services)


def slack_event(**inner: Any) -> dict[str, Any]:
    return {"type": "event_callback", "event_id": "Ev1", "event_time": 1, "event": inner}


def group_change_event(group: Usergroup) -> dict[str, Any]:
    return slack_event(type="subteam_members_changed", subteam_id=group.id, team_id=TEAM)


async def test_an_event_that_cannot_be_stored_is_answered_503() -> None:
    settings = Settings.model_validate(
        {
            "slack_bot_token": "xoxb-1",
            "slack_signing_secret": "s",
            "jwt_secret": "j" * 32,
            "mongodb_uri": "mongodb://127.0.0.1:1",
        }
    )
    user = {"id": "U1", "team_id": TEAM, "deleted": True, "profile": {}}
    async with open_connections(
        settings, database_timeout_seconds=0.2, slack_timeout_seconds=1, interactive=True
    ) as connections:
        bot = BotUnderTest(BotServices(connections, BackgroundTasks()))
        response = await bot.dispatch(slack_event(type="user_change", user=user))

    assert response.status == 503


async def test_an_unknown_event_is_acknowledged_and_ignored(
    slack: Workspace, servers: DatabaseServers
) -> None:
    async with run_bot(slack, servers) as bot:
        assert (await bot.dispatch(slack_event(type="team_join", user={"id": "U1"}))).status == 200


async def test_the_user_group_gives_and_takes_the_moderator_role(
    slack: Workspace, servers: DatabaseServers
) -> None:
    ivy, admin = (
        slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example")
        for handle in ("ivy", "adm")
    )
    group = slack.add_usergroup("helpdesk", name="Help", users=[ivy])
    other = slack.add_usergroup("cooks", name="Cooks")
    async with run_bot(slack, servers) as bot:
        await bot.services.workspace_settings.update(TEAM, {"moderators": group.id})
        await bot.services.members.set_role(TEAM, admin.id, role=Role.ADMIN)
        await bot.dispatch(group_change_event(other))
        assert await bot.stored_role(ivy) == "user"

        assert (await bot.dispatch(group_change_event(group))).status == 200
        assert await bot.stored_role(ivy) == "moderator"
        errors = await bot.form_errors(admin.id, member_form_submission(ivy, "user"))
        assert "A Slack user group makes" in errors[f"role:{ivy.id}"]

        group.users = []
        updated = slack_event(type="subteam_updated", subteam={"id": group.id})
        assert (await bot.dispatch(updated)).status == 200
        assert await bot.stored_role(ivy) == "user"


def member_form_submission(person: Person, role: str) -> dict[str, Any]:
    """The member form of an admin, submitted with a role for this person."""
    person_values = {"person": {"pick_person": {"selected_user": person.id}}}
    role_values = {f"role:{person.id}": {"value": {"selected_option": {"value": role}}}}
    return {
        "type": "modal",
        "id": "V1",
        "callback_id": member_form.CALLBACK,
        "blocks": [{"type": "input", "block_id": "person"}],
        "state": {"values": person_values | role_values},
    }


@pytest.mark.fault("F83")
@pytest.mark.parametrize(
    "button",
    [
        api_token_form.SHOW_MEMBER_TOKENS,
        api_token_form.REVOKE_AS_ADMIN,
        audit_log_view.OPEN,
        workspace_settings_form.OPEN,
    ],
)
async def test_admin_buttons_are_refused_to_others(
    slack: Workspace, servers: DatabaseServers, button: str
) -> None:
    person = slack.add_person(button, real_name=button, email=f"{button}@acme.example")
    slack.traffic_log.clear()
    async with run_bot(slack, servers) as bot:
        await bot.services.members.set_role(TEAM, "UADMIN", role=Role.ADMIN)
        member = await bot.services.members.get_or_create_member(TEAM, person.id)
        _, record = await bot.services.api_tokens.issue_token(
            member, name="ci", scopes=[Scope.READ], lifetime=timedelta(hours=1)
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

        assert await bot.services.api_tokens.active_tokens(TEAM, person.id)
    [pushed] = slack.traffic_log.api_calls("views.push")
    assert "Only admins of Frontdesk can open this" in str(pushed.request)


async def test_denied_guests_open_no_ticket(slack: Workspace, servers: DatabaseServers) -> None:
    form = {
        "type": "modal",
        "callback_id": ticket_form.CALLBACK,
        "blocks": [{"type": "input", "block_id": "title"}],
        "state": {"values": {"title": {"value": {"value": "VPN is down"}}}},
    }
    new_person = slack.add_person("new", real_name="New", email="new@acme.example")
    async with run_bot(slack, servers) as bot:
        await bot.services.workspace_settings.update(TEAM, {"guests": False})
        update_member = bot.services.members.update_member
        await update_member(TEAM, "UGUEST", profiled_at=utc_now(), guest=True)
        await update_member(TEAM, "UFULL", profiled_at=utc_now())

        guest, full, unknown = [
            await bot.form_errors(slack_id, form | {"id": f"V{slack_id}"})
            for slack_id in ("UGUEST", "UFULL", new_person.id)
        ]

        assert "you are a guest" in guest["title"]
        assert full == {}
        # The bot fetches the profile in the background.
        assert "Press Submit again" in unknown["title"]
        assert await bot.form_errors(new_person.id, form | {"id": "VAGAIN"}) == {}


async def test_admitted_people_of_other_workspaces_are_guests(
    slack: Workspace, servers: DatabaseServers
) -> None:
    zed = slack.add_person("zed", real_name="Zed", email="zed@x.example", team_id="T0OTHER01")
    form = ticket_form.render("let me in")
    user = {"id": zed.id, "team_id": "T0OTHER01"}
    view = with_values(form) | {"id": "V1"}
    submission = {"type": "view_submission", "user": user, "view": view, "team_id": TEAM}
    async with run_bot(slack, servers) as bot:
        assert "only open to people of Acme" in str((await bot.dispatch(submission)).body)
        await bot.services.workspace_settings.update(TEAM, {"guests": False, "strangers": True})
        response = await bot.dispatch(submission)
        assert "is open" in (response.body or "")
        member = await bot.services.members.get_or_create_member(TEAM, zed.id)
        assert (member.guest, member.stranger, member.role) == (True, True, Role.USER)
        ticket, _ = await bot.services.tickets.get_ticket("T-1")
        assert (ticket.team_id, ticket.requester) == (TEAM, zed.id)


async def test_only_an_admin_changes_the_guest_policy(
    slack: Workspace, servers: DatabaseServers
) -> None:
    form = with_values(
        workspace_settings_form.render(WorkspaceSettings(), ()), guests="refuse", strangers="user"
    )
    async with run_bot(slack, servers) as bot:
        await bot.services.members.set_role(TEAM, "UADMIN", role=Role.ADMIN)
        await bot.services.members.update_member(TEAM, "UADMIN", profiled_at=utc_now())
        await bot.services.members.set_role(TEAM, "UMOD", role=Role.MODERATOR)
        await bot.services.members.update_member(TEAM, "UMOD", profiled_at=utc_now())

        errors = await bot.form_errors("UMOD", form | {"id": "V1"})
        assert "Only admins of Frontdesk" in errors["guests"]
        assert await bot.services.workspace_settings.load(TEAM) == WorkspaceSettings()
        assert await bot.form_errors("UADMIN", form | {"id": "V2"}) == {}

        assert await bot.services.workspace_settings.load(TEAM) == WorkspaceSettings(
            guests=False, strangers=True
        )
        [entry] = await bot.services.audit_log.entries(TEAM)
        assert (entry.who, entry.what) == ("UADMIN", "changed settings")
        assert (entry.before["guests"], entry.after["guests"]) == (True, False)
