"""Socket Mode: connecting, refreshing, losing connections, too many of them, late acks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace

# A connection without any framework, from the fixture of the same name.
Connect = Callable[[Workspace], Awaitable[Any]]


async def test_slack_says_hello_and_sends_envelopes(
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


async def test_events_carry_their_retries_in_the_envelope(
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


async def test_the_eleventh_connection_is_sent_away(
    slack: Workspace, connect_raw_socket: Connect
) -> None:
    hellos = [await (await connect_raw_socket(slack)).receive() for _ in range(10)]
    goodbye = await (await connect_raw_socket(slack)).receive()

    assert [hello["num_connections"] for hello in hellos] == list(range(1, 11))
    assert (goodbye["type"], goodbye["reason"]) == ("disconnect", "too_many_websockets")
    assert len(slack.sockets) == 10


async def test_a_link_is_good_for_one_connection(slack: Workspace) -> None:
    url = slack.sockets.new_url()
    async with aiohttp.ClientSession() as http:
        await http.ws_connect(url)
        async with http.get(url.replace("ws://", "http://")) as second:
            assert second.status == 401


async def test_each_envelope_goes_to_one_socket_and_any_socket_may_ack(
    slack: Workspace, connect_raw_socket: Connect, ana: Person
) -> None:
    one, two = await connect_raw_socket(slack), await connect_raw_socket(slack)
    await one.receive()
    await two.receive()
    typing = asyncio.ensure_future(ana.type_text("/errand tea"))
    listening = {asyncio.ensure_future(socket.receive()): socket for socket in (one, two)}
    done, waiting = await asyncio.wait(listening, return_when=asyncio.FIRST_COMPLETED)
    (heard,) = done
    (deaf,) = waiting
    await listening[deaf].acknowledge(heard.result())
    await typing
    deaf.cancel()

    assert ana.alerts == []


async def test_a_refresh_brings_the_app_back(
    slack: Workspace, bolt_app: AsyncApp, socket_handler: AsyncSocketModeHandler, ana: Person
) -> None:
    @bolt_app.command("/errand")
    async def note(ack: AsyncAck) -> None:
        await ack("Noted")

    await slack.sockets.request_disconnect("refresh_requested")
    await slack.wait_until(lambda: len(slack.traffic_log.api_calls("apps.connections.open")) == 2)
    await slack.wait_until(lambda: len(slack.sockets) == 1)
    await ana.type_text("/errand")

    assert (await ana.wait_for_ephemeral()).visible_text == "Noted"


async def test_a_connection_that_is_cut_ends_without_a_word(
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


async def test_a_second_ack_of_the_same_envelope_is_only_noted(
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

    assert [one.visible_text for one in ana.ephemeral_messages] == ["Noted"]
    assert slack.sockets.late_ack_ids == [envelope["envelope_id"]]


async def test_a_submission_is_answered_over_the_socket(
    bolt_app: AsyncApp,
    socket_handler: AsyncSocketModeHandler,
    open_on_command: Any,
    ana: Person,
    form: Json,
) -> None:
    @bolt_app.view("form")
    async def refuse(ack: AsyncAck) -> None:
        await ack(response_action="errors", errors={"what": "Not today."})

    open_on_command(form)
    await ana.type_text("/errand")
    await ana.fill("What?", "tea")
    await ana.submit_modal()

    assert ana.modal
    assert ana.modal.errors == {"What?": "Not today."}
