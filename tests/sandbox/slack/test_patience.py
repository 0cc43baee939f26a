"""Three real seconds: the only test that waits for Slack to give up."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp

from sandbox.slack.acks import TROUBLE
from sandbox.slack.manifest import Manifest
from sandbox.slack.person import Person
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace


async def test_after_three_seconds_slack_gives_up_on_whatever_was_asked(
    *,
    manifest: Manifest,
    slack: Workspace,
    app: AsyncApp,
    ana: Person,
    bob: Person,
    opens: Callable[[Json], None],
    form: Json,
    raw_socket: Callable[[Workspace], Awaitable[Any]],
) -> None:
    """The app's own patience cannot be put forward, so all kinds wait side by side."""
    opens(form)
    never = asyncio.Event()

    async def sleep() -> None:
        await never.wait()

    app.command("/escaped")(sleep)
    app.view("form")(sleep)
    app.action("go")(sleep)
    await ana.types("/errand")
    await ana.fills("What?", "tea")
    button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}
    blocks = [{"type": "actions", "elements": [button]}]
    await app.client.chat_postMessage(channel=bob.id, text="Go", blocks=blocks)
    message = await bob.gets_message("Go")

    async with Workspace(manifest) as other:
        eve = other.add_person("eve", real_name="Eve Egger", email="eve@acme.example")
        deaf = await raw_socket(other)
        await deaf.hears()
        await asyncio.gather(
            ana.types("/escaped"), ana.submits(), bob.clicks(message, "Go"), eve.types("/errand")
        )
        await deaf.acks(await deaf.hears(), payload={"text": "too late"})
        await other.until(lambda: other.sockets.late_acks)

    assert sorted(ana.alerts) == ['/escaped failed with the error "operation_timeout"', TROUBLE]
    assert ana.modal
    assert ana.modal.values["What?"] == "tea"
    assert bob.alerts == ["operation_timeout"]
    assert eve.alerts == ['/errand failed with the error "operation_timeout"']
    assert eve.whispers == []
    never.set()
