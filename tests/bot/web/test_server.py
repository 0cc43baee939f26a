"""The HTTP server: health routes, lazy loading of the site, and Slack's route."""

import subprocess
import sys
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.web.server import SLACK_EVENTS_PATH, Bot, run_http_server
from models.services import Services
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.project import ROOT
from tests.service_factory import run_services

HEAVY = ("fastapi", "bot.web.site", "bot.api")
# Requests /healthz in a new process, and prints the status and the loaded modules.
REQUEST_HEALTH = """
import asyncio, sys
import bot.web.process
from types import SimpleNamespace
from bot.web.server import Bot, _HttpApp

async def request_health():
    messages = []
    async def send(message):
        messages.append(message)
    settings = SimpleNamespace(slack_app_token=None)
    http_app = _HttpApp(Bot(SimpleNamespace(settings=settings)))
    scope = {"type": "http", "method": "GET", "path": "/healthz", "headers": []}
    await http_app(scope, None, send)
    return messages[0]["status"]

print(asyncio.run(request_health()), *sys.modules)
"""

# Starts a bot without settings, which ends at once.
START_BOT = """
import gc, runpy
try:
    runpy.run_module("bot", run_name="__main__")
except SystemExit:
    print(gc.isenabled(), gc.get_freeze_count() > 0)
"""


@pytest.fixture(params=["", "xapp-1"], ids=["HTTP", "Socket Mode"])
async def services(
    servers: DatabaseServers, request: pytest.FixtureRequest
) -> AsyncIterator[Services]:
    """A service with an HTTP server, whose bot is not ready yet."""
    more = {"slack_app_token": request.param} if request.param else {}
    async with (
        run_services(servers, port=find_free_port(), **more) as services,
        run_http_server(Bot(services)),
    ):
        yield services


def test_the_health_route_does_not_load_the_site() -> None:
    argv = [sys.executable, "-c", REQUEST_HEALTH]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)  # noqa: S603  # ours
    status, *loaded = ran.stdout.split()

    assert status == "200"
    assert "bot.web.server" in loaded
    assert not set(HEAVY) & set(loaded)


def test_the_garbage_collector_runs_but_skips_loaded_modules(
    tmp_path: Path,
) -> None:
    argv = [sys.executable, "-c", START_BOT]
    ran = subprocess.run(  # noqa: S603  # ours
        argv,
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )

    assert ran.stdout.split() == ["True", "True"]


async def test_the_slack_route_accepts_only_signed_posts(services: Services) -> None:
    url = f"http://127.0.0.1:{services.settings.port}"
    uses_socket_mode = services.settings.slack_app_token is not None
    no_such_route = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
    async with ClientSession() as http:
        async with http.get(url + SLACK_EVENTS_PATH) as answer:
            assert answer.status in no_such_route
        async with http.post(url + SLACK_EVENTS_PATH, data="{}") as answer:
            # The request is not signed. With Socket Mode there is no such route.
            expected = HTTPStatus.NOT_FOUND if uses_socket_mode else HTTPStatus.UNAUTHORIZED
            assert answer.status == expected


async def test_health_routes_allow_only_get_and_head(services: Services) -> None:
    url = f"http://127.0.0.1:{services.settings.port}"
    async with ClientSession() as http:
        async with http.get(f"{url}/healthz") as answer:
            assert (answer.status, await answer.text()) == (HTTPStatus.OK, "ok\n")
        async with http.get(f"{url}/readyz") as answer:
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        async with http.head(f"{url}/healthz") as answer:
            assert answer.status == HTTPStatus.OK
        async with http.post(f"{url}/healthz") as answer:
            assert answer.status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
