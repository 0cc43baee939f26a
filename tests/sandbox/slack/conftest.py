"""Fixtures: a simulated workspace with people, and a Bolt app to which tests add listeners."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import Manifest, load_manifest
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace

MANIFEST = Path(__file__).parent / "manifest.yml"


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
def bolt_app(slack: Workspace, client: AsyncWebClient) -> AsyncApp:
    """A Bolt app without listeners that does not receive requests yet."""
    return AsyncApp(
        client=client, signing_secret=slack.signing_secret, process_before_response=True
    )


@asynccontextmanager
async def serve_http(slack: Workspace, bolt: AsyncApp) -> AsyncIterator[AsyncApp]:
    runner = web.AppRunner(bolt.web_app("/slack/events"), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield bolt
    await runner.cleanup()


@asynccontextmanager
async def connect_socket(slack: Workspace, bolt: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    web_client = AsyncWebClient(token=slack.app_token, base_url=slack.api_url)
    handler = AsyncSocketModeHandler(bolt, slack.app_token, web_client=web_client)
    count_before = len(slack.sockets)
    await handler.connect_async()
    await slack.wait_until(lambda: len(slack.sockets) > count_before, waiting_for="a connection")
    yield handler
    await handler.close_async()


class RawSocket:
    """A connection without any framework, for the exact messages of Slack."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self.websocket = websocket

    async def receive(self) -> Json:
        message: Json = await self.websocket.receive_json(timeout=5)
        return message

    async def acknowledge(self, envelope: Json, **payload: object) -> None:
        await self.websocket.send_json({"envelope_id": envelope["envelope_id"], **payload})


@pytest.fixture
async def connect_raw_socket() -> AsyncIterator[Callable[[Workspace], Awaitable[RawSocket]]]:
    """A function that connects without any framework."""
    sockets: list[RawSocket] = []
    async with aiohttp.ClientSession() as http:

        async def connect(slack: Workspace) -> RawSocket:
            client = AsyncWebClient(base_url=slack.api_url)
            answer = await client.apps_connections_open(app_token=slack.app_token)
            # aiohttp closes a connection without references (connector.py, Connection.__del__).
            sockets.append(RawSocket(await http.ws_connect(answer["url"])))
            return sockets[-1]

        yield connect


@pytest.fixture
async def http_app(slack: Workspace, bolt_app: AsyncApp) -> AsyncIterator[AsyncApp]:
    """The Bolt app with signed HTTP."""
    async with serve_http(slack, bolt_app) as running:
        yield running


@pytest.fixture
async def socket_handler(
    slack: Workspace, bolt_app: AsyncApp
) -> AsyncIterator[AsyncSocketModeHandler]:
    """The handler of the Bolt app with Socket Mode."""
    async with connect_socket(slack, bolt_app) as handler:
        yield handler


@pytest.fixture(params=["http", "socket"])
async def either_app(
    request: pytest.FixtureRequest, slack: Workspace, bolt_app: AsyncApp
) -> AsyncIterator[AsyncApp]:
    """The Bolt app, once with HTTP and once with Socket Mode."""
    if request.param == "http":
        async with serve_http(slack, bolt_app):
            yield bolt_app
    else:
        async with connect_socket(slack, bolt_app):
            yield bolt_app


@pytest.fixture
def form() -> Json:
    """A modal with one required text and one optional choice."""
    return {
        "type": "modal",
        "callback_id": "form",
        "title": {"type": "plain_text", "text": "Form"},
        "submit": {"type": "plain_text", "text": "Send"},
        "blocks": [
            {
                "type": "input",
                "block_id": "what",
                "label": {"type": "plain_text", "text": "What?"},
                "element": {"type": "plain_text_input", "action_id": "text"},
            },
            {
                "type": "input",
                "block_id": "speed",
                "optional": True,
                "label": {"type": "plain_text", "text": "How fast?"},
                "element": {
                    "type": "static_select",
                    "action_id": "option",
                    "options": [
                        {"text": {"type": "plain_text", "text": "Running"}, "value": "run"},
                        {"text": {"type": "plain_text", "text": "Walking"}, "value": "walk"},
                    ],
                },
            },
        ],
    }


@pytest.fixture
def open_on_command(bolt_app: AsyncApp) -> Callable[[Json], None]:
    """A function that makes the app open a view on /errand."""

    def register(view: Json) -> None:
        async def open_view(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
            await client.views_open(trigger_id=body["trigger_id"], view=view)
            await ack()

        bolt_app.command("/errand")(open_view)

    return register


@pytest.fixture
async def person_with_form(
    http_app: AsyncApp, open_on_command: Callable[[Json], None], form: Json, ana: Person
) -> Person:
    """Ana with the form open."""
    open_on_command(form)
    await ana.type_text("/errand")
    return ana
