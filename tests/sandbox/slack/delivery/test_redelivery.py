"""The same request twice, a forged one, an altered one, one that is too old."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


def taught(http_app: AsyncApp) -> list[Json]:
    bodies: list[Json] = []

    @http_app.command("/errand")
    async def note(ack: AsyncAck, body: Json) -> None:
        bodies.append(body)
        await ack("Noted")

    return bodies


async def test_a_redelivery_is_the_very_same_request_and_changes_no_screen(
    slack: Workspace, either_app: AsyncApp, ana: Person
) -> None:
    bodies = taught(either_app)
    await ana.type_text("/errand tea")
    (first,) = slack.traffic_log.deliveries("slash_command")

    acks = await asyncio.gather(slack.resend(first), slack.resend(first))

    assert len(bodies) == 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert all(ack.ok for ack in acks)
    again = slack.traffic_log.deliveries("slash_command")[1:]
    assert all((one.body, one.headers) == (first.body, first.headers) for one in again)
    assert len(ana.ephemeral_messages) == 1


async def test_only_what_slack_signed_is_heard(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    bodies = taught(http_app)
    await ana.type_text("/errand tea")
    (real,) = slack.traffic_log.deliveries("slash_command")
    altered = real.body.replace(b"tea", b"gold")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    long_ago = int(slack.clock.real_now()) - 301

    as_sent = await slack.send_raw(real.body, real.headers)
    forged = await slack.send_raw(altered, real.headers)
    unsigned = await slack.send_raw(real.body, form)
    stale = await slack.send_raw(
        real.body, form | slack.signature_headers(real.body, timestamp=long_ago)
    )
    signed_anew = await slack.send_raw(altered, form | slack.signature_headers(altered))

    statuses = [ack.status for ack in (as_sent, forged, unsigned, stale, signed_anew)]
    assert statuses == [200, 401, 401, 401, 200]
    assert [body["text"] for body in bodies] == ["tea", "tea", "gold"]


async def test_the_clock_put_forward_does_not_age_a_signature(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    bodies = taught(http_app)
    slack.clock.advance(86_400)

    await ana.type_text("/errand tea")

    assert len(bodies) == 1


async def test_a_payload_can_be_read_from_the_journal(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    bodies: list[Any] = taught(http_app)
    await ana.type_text("/errand tea")

    (delivery,) = slack.traffic_log.deliveries()
    (ack,) = slack.traffic_log.acks("slash_command")

    assert slack.entry_payload(delivery) == bodies[0]
    assert delivery.person == ana.id
    assert ack.response == {"outcome": "ok", "status": 200, "body": "Noted"}
