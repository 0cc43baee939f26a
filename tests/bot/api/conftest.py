"""The API at its own door, over a desk on the real servers, and people with tokens."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession

from bot.app import build_app
from bot.background import Background
from bot.serve import Bot, open_doors
from models.account import Scope
from models.desk import Desk
from models.member import Member, Role
from models.slack import Identity
from models.ticket import Draft, Ticket
from sandbox.servers import Servers, free_port
from tests.desks import desk_on

IDENTITY = Identity(team_id="T1", team_name="Acme", bot_id="B1", bot_user_id="UBOT")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API has said."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Api:
    """The API as somebody calls it."""

    url: str
    desk: Desk
    http: ClientSession

    async def call(
        self, method: str, path: str, *, token: str = "", headers: Any = None, json: Any = None
    ) -> Answer:
        """What it answers."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.url}/api/v1{path}"
        async with self.http.request(
            method, url, headers=sent | (headers or {}), json=json
        ) as answer:
            body = await answer.json() if await answer.read() else None
            return Answer(answer.status, answer.headers, body)

    async def somebody(
        self, slack_id: str, role: Role, *scopes: Scope, **known: Any
    ) -> tuple[Member, str]:
        """A member with that role, and a token of theirs that opens all it may."""
        await self.desk.store.set_role("T1", slack_id, role=role)
        await self.desk.store.note("T1", slack_id, **{"active": True, **known})
        member = await self.desk.store.member("T1", slack_id)
        token, _ = await self.desk.accounts.issue(
            member,
            key=f"view:{uuid4()}",
            name="test",
            scopes=scopes or tuple(Scope),
            life=timedelta(hours=1),
        )
        return member, token

    async def ticket(self, requester: str, title: str = "VPN is down", **more: Any) -> Ticket:
        """A ticket that somebody has opened."""
        key = f"view:{uuid4()}"
        draft = Draft(key=key, team_id="T1", requester=requester, title=title, **more)
        return await self.desk.open_ticket(draft)


@pytest.fixture(scope="session")
async def api(servers: Servers) -> AsyncIterator[Api]:
    """The API, by HTTP."""
    async with (
        desk_on(servers, port=free_port()) as desk,
        ClientSession() as http,
        api_on(desk, http) as api,
    ):
        yield api


@asynccontextmanager
async def api_on(desk: Desk, http: ClientSession) -> AsyncIterator[Api]:
    """The API of this desk."""
    bot = Bot(desk)
    bot.app, bot.team_id = build_app(desk, IDENTITY, Background()), "T1"
    async with open_doors(bot):
        yield Api(url=f"http://127.0.0.1:{desk.settings.port}", desk=desk, http=http)
