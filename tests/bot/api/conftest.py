"""Fixtures for API tests: the API over HTTP on real databases, and members with tokens."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession

from bot.app import build_app
from bot.services import BotServices
from bot.web.server import Bot, run_http_server
from models.access.api_token import Scope
from models.messages.slack_client import BotIdentity
from models.people.member import Member, Role
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.service_factory import run_services

IDENTITY = BotIdentity(team_id="T1", team_name="Acme", bot_id="B1", bot_user_id="UBOT")


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A response of the API."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A client of the API, with the service behind it."""

    url: str
    services: BotServices
    http: ClientSession

    async def call(
        self, method: str, path: str, *, token: str = "", headers: Any = None, json: Any = None
    ) -> ApiResponse:
        """The response to one call."""
        auth_headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.url}/api/v1{path}"
        async with self.http.request(
            method, url, headers=auth_headers | (headers or {}), json=json
        ) as response:
            body = await response.json() if await response.read() else None
            return ApiResponse(response.status, response.headers, body)

    async def create_member_with_token(
        self, slack_id: str, role: Role, *scopes: Scope, **fields: Any
    ) -> tuple[Member, str]:
        """A member with this role, and a token with these scopes; without scopes, with all."""
        await self.services.members.set_role("T1", slack_id, role=role)
        await self.services.members.update_member("T1", slack_id, **{"active": True, **fields})
        member = await self.services.members.get_or_create_member("T1", slack_id)
        token, _ = await self.services.api_tokens.issue_token(
            member,
            idempotency_key=f"view:{uuid4()}",
            name="test",
            scopes=scopes or tuple(Scope),
            lifetime=timedelta(hours=1),
        )
        return member, token

    async def open_ticket(
        self, requester: str, title: str = "VPN is down", **fields: Any
    ) -> Ticket:
        key = f"view:{uuid4()}"
        draft = Draft(key=key, team_id="T1", requester=requester, title=title, **fields)
        return await self.services.ticket_service.open_ticket(draft)


@pytest.fixture(scope="session")
async def api(servers: DatabaseServers) -> AsyncIterator[ApiClient]:
    async with (
        run_services(servers, port=find_free_port()) as services,
        ClientSession() as http,
        serve_api(services, http) as api,
    ):
        yield api


@asynccontextmanager
async def serve_api(services: BotServices, http: ClientSession) -> AsyncIterator[ApiClient]:
    """The API of this service, over HTTP."""
    bot = Bot(services)
    bot.app, bot.team_id = build_app(services, IDENTITY), "T1"
    async with run_http_server(bot):
        yield ApiClient(
            url=f"http://127.0.0.1:{services.settings.port}", services=services, http=http
        )
