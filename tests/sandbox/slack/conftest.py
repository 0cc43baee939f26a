"""A workspace, people in it, and a real Bolt app that each test teaches what it needs."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.manifest import Manifest, load_manifest
from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace

MANIFEST = Path(__file__).parent / "manifest.yml"
SocketModeHandlers = Callable[[], Any]


@pytest.fixture(scope="session")
def manifest() -> Manifest:
    return load_manifest(MANIFEST)


@pytest.fixture
async def slack(manifest: Manifest) -> AsyncIterator[Workspace]:
    async with Workspace(manifest) as workspace:
        yield workspace


@pytest.fixture
def ana(slack: Workspace) -> Person:
    return slack.add_person("ana", real_name="Ana Alba", email="ana@acme.example", owner=True)


@pytest.fixture
def bob(slack: Workspace) -> Person:
    return slack.add_person("bob", real_name="Bob Brandt", email="bob@acme.example")


@pytest.fixture
def client(slack: Workspace) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def bolt(slack: Workspace, client: AsyncWebClient) -> AsyncApp:
    """Knows nothing yet, and listens nowhere yet."""
    return AsyncApp(
        client=client, signing_secret=slack.signing_secret, process_before_response=True
    )


@pytest.fixture
async def app(slack: Workspace, bolt: AsyncApp) -> AsyncIterator[AsyncApp]:
    """The Bolt app, listening to signed HTTP."""
    runner = web.AppRunner(bolt.web_app("/slack/events"), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    slack.request_url = f"http://127.0.0.1:{port}/slack/events"
    yield bolt
    await runner.cleanup()
