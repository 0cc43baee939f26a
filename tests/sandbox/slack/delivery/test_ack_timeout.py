"""The limit of three seconds for acknowledgements: the only test that waits in real time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import Manifest
from sandbox.slack.delivery.acks import CONNECTION_TROUBLE_TEXT
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


async def test_missing_ack_fails_after_three_seconds(
    *,
    manifest: Manifest,
    slack: Workspace,
    http_app: AsyncApp,
    ana: Person,
    bob: Person,
    open_on_command: Callable[[Json], None],
    form: Json,
    connect_raw_socket: Callable[[Workspace], Awaitable[Any]],
) -> None:
    """All kinds of request wait in parallel: the ack limit counts real seconds."""
    open_on_command(form)
    released = asyncio.Event()

    async def wait_for_release() -> None:
        await released.wait()

    http_app.command("/escaped")(wait_for_release)
    http_app.view("form")(wait_for_release)
    http_app.action("go")(wait_for_release)
    await ana.type_text("/errand")
    await ana.fill("What?", "tea")
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
    blocks = [{"type": "actions", "elements": [button]}]
    await http_app.client.chat_postMessage(channel=bob.id, text="Go", blocks=blocks)
    message = await bob.wait_for_message("Go")

    async with Workspace(manifest) as other:
        eve = other.add_person("eve", real_name="Eve Egger", email="eve@acme.example")
        socket = await connect_raw_socket(other)
        await socket.receive()
        await asyncio.gather(
            ana.type_text("/escaped"),
            ana.submit_modal(),
            bob.click(message, "Go"),
            eve.type_text("/errand"),
        )
        await socket.acknowledge(await socket.receive(), payload={"text": "too late"})
        await other.wait_until(lambda: other.sockets.late_ack_ids)

    assert sorted(ana.alerts) == [
        '/escaped failed with the error "operation_timeout"',
        CONNECTION_TROUBLE_TEXT,
    ]
    assert ana.modal
    assert ana.modal.values["What?"] == "tea"
    assert bob.alerts == ["operation_timeout"]
    assert eve.alerts == ['/errand failed with the error "operation_timeout"']
    assert eve.ephemeral_messages == []
    released.set()
