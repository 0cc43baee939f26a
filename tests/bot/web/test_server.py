"""What the bot's door does before, and without, all that only programs and links need."""

import subprocess
import sys
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.web.server import SLACK_EVENTS_PATH, Bot, run_http_server
from models.ticket_service import TicketService
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.project import ROOT
from tests.service_factory import run_service

HEAVY = ("fastapi", "bot.web.site", "bot.api")
# Asks the front of a bot for its health, in a process of its own, and prints what that has loaded.
ASK = """
import asyncio, sys
import bot.web.process
from types import SimpleNamespace
from bot.web.server import Bot, _HttpApp

async def ask():
    said = []
    async def send(message):
        said.append(message)
    settings = SimpleNamespace(slack_app_token=None)
    front = _HttpApp(Bot(SimpleNamespace(settings=settings)))
    scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": []}
    await front(scope, None, send)
    return said[0]["status"]

print(asyncio.run(ask()), *sys.modules)
"""

# Begins a bot that has no settings, and so ends at once.
BEGIN = """
import gc, runpy
try:
    runpy.run_module("bot", run_name="__main__")
except SystemExit:
    print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


@pytest.fixture(params=["", "xapp-1"], ids=["HTTP", "Socket Mode"])
async def service(
    servers: DatabaseServers, request: pytest.FixtureRequest
) -> AsyncIterator[TicketService]:
    """A desk whose doors are open, though Slack has not said yet who the bot is."""
    more = {"slack_app_token": request.param} if request.param else {}
    async with (
        run_service(servers, port=find_free_port(), **more) as service,
        run_http_server(Bot(service)),
    ):
        yield service


def test_health_is_told_without_what_programs_and_links_need() -> None:
    argv = [sys.executable, "-c", ASK]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)  # noqa: S603  # ours
    status, *loaded = ran.stdout.split()

    assert status == "200"
    assert "bot.web.server" in loaded
    assert not set(HEAVY) & set(loaded)


def test_while_the_bot_runs_garbage_is_looked_for_but_not_among_what_was_loaded(
    tmp_path: Path,
) -> None:
    argv = [sys.executable, "-c", BEGIN]
    ran = subprocess.run(  # noqa: S603  # ours
        argv,
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )

    assert ran.stdout.split() == ["True", "True"]


async def test_slack_s_door_is_open_to_what_slack_posts_alone(service: TicketService) -> None:
    url = f"http://127.0.0.1:{service.settings.port}"
    by_socket = service.settings.slack_app_token is not None
    missing = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    async with ClientSession() as http:
        async with http.get(url + SLACK_EVENTS_PATH) as answer:
            assert answer.status in missing
        async with http.post(url + SLACK_EVENTS_PATH, data="{}") as answer:
            # Nobody has signed it; by Socket Mode there is no such door at all.
            wanted = HTTPStatus.NOT_FOUND if by_socket else HTTPStatus.UNAUTHORIZED
            assert answer.status == wanted


async def test_health_is_told_and_changed_by_nobody(service: TicketService) -> None:
    url = f"http://127.0.0.1:{service.settings.port}"
    async with ClientSession() as http:
        async with http.get(f"{url}/healthz") as answer:
            assert (answer.status, await answer.text()) == (HTTPStatus.OK, "ok\n")
        async with http.get(f"{url}/readyz") as answer:
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        async with http.head(f"{url}/healthz") as answer:
            assert answer.status == HTTPStatus.OK
        async with http.post(f"{url}/healthz") as answer:
            assert answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
