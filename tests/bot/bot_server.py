"""A bot that answers the simulated workspace over HTTP, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.app import build_app
from bot.web.server import Bot, run_http_server
from models.messages.slack_client import BotIdentity
from models.services import Services
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.slack.workspace import Workspace
from tests.service_factory import run_services

TEAM = "T0FRONT01"


@asynccontextmanager
async def run_bot_server(slack: Workspace, servers: DatabaseServers) -> AsyncIterator[Services]:
    """The ticket service of a running bot."""
    port = find_free_port()
    settings = {
        "slack_api_url": slack.api_url,
        "slack_bot_token": slack.bot_token,
        "slack_signing_secret": slack.signing_secret,
        "port": port,
    }
    async with run_services(servers, **settings) as services:
        bot = Bot(services)
        identity = BotIdentity(
            team_id=TEAM, team_name="Acme", bot_id=slack.bot_id, bot_user_id=slack.bot_user_id
        )
        bot.app, bot.team_id = build_app(services, identity), TEAM
        async with run_http_server(bot):
            slack.request_url = f"http://127.0.0.1:{port}/slack/events"
            yield services
            await services.background.wait(timeout_seconds=10)
