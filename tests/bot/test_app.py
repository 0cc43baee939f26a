"""The Bolt app: exactly one listener fits each command, so the order of features is free."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.app import build_app
from bot.background import BackgroundTasks
from bot.services import BotServices
from models.messages.slack_client import BotIdentity
from models.services import open_connections
from models.settings import Settings
from models.tickets.actions import Button

IDENTITY = BotIdentity(team_id="T1", team_name="Acme", bot_id="B1", bot_user_id="UBOT")


@pytest.fixture
async def app() -> AsyncIterator[AsyncApp]:
    """The app of a workspace; nothing connects before the first use."""
    settings = Settings.model_validate(
        {"slack_bot_token": "xoxb-1", "slack_signing_secret": "s", "jwt_secret": "j" * 32}
    )
    async with open_connections(
        settings, database_timeout_seconds=1, slack_timeout_seconds=1, interactive=True
    ) as connections:
        yield build_app(BotServices(connections, BackgroundTasks()), IDENTITY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "help",
        " HELP ",
        "admin",
        "token",
        "help me with the VPN",
        "watch T-1",
        "Unwatch t-42",
        "watch",
        "watch T-1 please",
        "help T-1",
        "VPN is down",
    ],
)
async def test_one_listener_fits_each_command_text(app: AsyncApp, text: str) -> None:
    body = {"command": "/ticket", "text": text, "user_id": "U1", "team_id": "T1"}

    assert len(await _matching_listeners(app, body)) == 1


@pytest.mark.parametrize("button", Button)
async def test_one_listener_fits_each_button(app: AsyncApp, button: Button) -> None:
    action = {"type": "button", "action_id": button.value, "block_id": "moves", "value": "T-1:1"}
    body = {"type": "block_actions", "user": {"id": "U1", "team_id": "T1"}, "actions": [action]}

    assert len(await _matching_listeners(app, body)) == 1


async def _matching_listeners(app: AsyncApp, body: dict[str, Any]) -> list[str]:
    request = AsyncBoltRequest(mode="socket_mode", body=body)
    response = BoltResponse(status=200)
    # Bolt has no public list of its listeners.
    return [
        listener.ack_function.__name__
        for listener in vars(app)["_async_listeners"]
        if await listener.async_matches(req=request, resp=response)
    ]
