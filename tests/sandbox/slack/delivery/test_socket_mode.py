"""Socket Mode: connecting, refresh, lost connections, the connection limit and late acks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace

# The type of the fixture connect_raw_socket.
Connect = Callable[[Workspace], Awaitable[Any]]


async def test_socket_gets_hello_and_envelopes(
    slack: Workspace, connect_raw_socket: Connect, ana: Person
) -> None:
    socket = await connect_raw_socket(slack)
    hello = await socket.receive()
    typing = asyncio.ensure_future(ana.type_text("/errand tea"))
    envelope = await socket.receive()
    await socket.acknowledge(envelope, payload={"text": "Noted"})
    await typing

    assert hello["type"] == "hello"
    assert hello["connection_info"]["app_id"] == slack.app_id
    assert envelope["type"] == "slash_commands"
    assert envelope["accepts_response_payload"] is True
    assert envelope["payload"]["text"] == "tea"
    assert (await ana.wait_for_ephemeral()).visible_text == "Noted"


async def test_event_envelope_carries_the_retry_number(
    slack: Workspace, connect_raw_socket: Connect, ana: Person
) -> None:
    await ana.type_text("Anybody there?")
    await slack.wait_until(lambda: len(slack.traffic_log.acks("message")) == 2)

    socket = await connect_raw_socket(slack)
    await socket.receive()
    slack.clock.advance(60)
    envelope = await socket.receive()
    await socket.acknowledge(envelope)
    await slack.wait_until(lambda: len(slack.traffic_log.acks("message")) == 3)

    assert envelope["type"] == "events_api"
    assert envelope["accepts_response_payload"] is False
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (2, "connection_failed")


async def test_eleventh_connection_is_refused(
    slack: Workspace, connect_raw_socket: Connect
) -> None:
    hellos = [await (await connect_raw_socket(slack)).receive() for _ in range(10)]
    disconnect = await (await connect_raw_socket(slack)).receive()

    assert [hello["num_connections"] for hello in hellos] == list(range(1, 11))
    assert (disconnect["type"], disconnect["reason"]) == ("disconnect", "too_many_websockets")
    assert len(slack.sockets) == 10


async def test_socket_url_works_once(slack: Workspace) -> None:
    url = slack.sockets.new_url()
    async with aiohttp.ClientSession() as http:
        await http.ws_connect(url)
        async with http.get(url.replace("ws://", "http://")) as second:
            assert second.status == 401


async def test_any_socket_may_acknowledge_an_envelope(
    slack: Workspace, connect_raw_socket: Connect, ana: Person
) -> None:
    sockets = [await connect_raw_socket(slack) for _ in range(2)]
    for socket in sockets:
        await socket.receive()
    typing = asyncio.ensure_future(ana.type_text("/errand tea"))
    receivers = {asyncio.ensure_future(socket.receive()): socket for socket in sockets}
    done, pending = await asyncio.wait(receivers, return_when=asyncio.FIRST_COMPLETED)
    (with_envelope,) = done
    (without_envelope,) = pending
    await receivers[without_envelope].acknowledge(with_envelope.result())
    await typing
    without_envelope.cancel()

    assert ana.alerts == []


async def test_app_reconnects_after_a_refresh(
    slack: Workspace, bolt_app: AsyncApp, socket_handler: AsyncSocketModeHandler, ana: Person
) -> None:
    @bolt_app.command("/errand")
    async def answer(ack: AsyncAck) -> None:
        await ack("Noted")

    await slack.sockets.request_disconnect("refresh_requested")
    await slack.wait_until(lambda: len(slack.traffic_log.api_calls("apps.connections.open")) == 2)
    await slack.wait_until(lambda: len(slack.sockets) == 1)
    await ana.type_text("/errand")

    assert (await ana.wait_for_ephemeral()).visible_text == "Noted"


async def test_dropped_connection_ends_without_a_message(
    slack: Workspace, connect_raw_socket: Connect, ana: Person
) -> None:
    socket = await connect_raw_socket(slack)
    await socket.receive()
    await slack.sockets.drop_connections()
    await ana.type_text("/errand")

    assert ana.alerts == ['/errand failed with the error "dispatch_failed"']
    end = await socket.websocket.receive(timeout=5)
    assert end.type is not aiohttp.WSMsgType.TEXT
    assert socket.websocket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE


async def test_second_ack_of_an_envelope_has_no_effect(
    slack: Workspace, connect_raw_socket: Connect, ana: Person
) -> None:
    socket = await connect_raw_socket(slack)
    await socket.receive()
    typing = asyncio.ensure_future(ana.type_text("/errand"))
    envelope = await socket.receive()
    await socket.acknowledge(envelope, payload={"text": "Noted"})
    await typing
    await socket.acknowledge(envelope, payload={"text": "Noted again"})
    await slack.wait_until(lambda: slack.sockets.late_ack_ids)

    assert [message.visible_text for message in ana.ephemeral_messages] == ["Noted"]
    assert slack.sockets.late_ack_ids == [envelope["envelope_id"]]


async def test_submission_is_answered_over_the_socket(
    bolt_app: AsyncApp,
    socket_handler: AsyncSocketModeHandler,
    open_on_command: Any,
    ana: Person,
    form: Json,
) -> None:
    @bolt_app.view("form")
    async def answer_with_errors(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"what": "Not today."})

    open_on_command(form)
    await ana.type_text("/errand")
    await ana.fill("What?", "tea")
    await ana.submit_modal()

    assert ana.modal
    assert ana.modal.errors == {"What?": "Not today."}
