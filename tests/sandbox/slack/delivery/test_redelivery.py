"""Repeated, forged, changed and outdated requests."""

import asyncio
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


def record_commands(app: AsyncApp) -> list[Json]:
    bodies: list[Json] = []

    @app.command("/errand")
    async def record(ack: AsyncAck, body: Json) -> None:
        bodies.append(body)
        await ack("Noted")

    return bodies


async def test_resend_repeats_the_request_and_changes_no_screen(
    slack: Workspace, either_app: AsyncApp, ana: Person
) -> None:
    bodies = record_commands(either_app)
    await ana.type_text("/errand tea")
    (first,) = slack.traffic_log.deliveries("slash_command")

    acks = await asyncio.gather(slack.resend(first), slack.resend(first))

    assert len(bodies) == 3
    assert bodies[0] == bodies[1] == bodies[2]
    assert all(ack.ok for ack in acks)
    repeats = slack.traffic_log.deliveries("slash_command")[1:]
    assert all((entry.body, entry.headers) == (first.body, first.headers) for entry in repeats)
    assert len(ana.ephemeral_messages) == 1


async def test_only_signed_requests_reach_the_app(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    bodies = record_commands(http_app)
    await ana.type_text("/errand tea")
    (real,) = slack.traffic_log.deliveries("slash_command")
    changed_body = real.body.replace(b"tea", b"gold")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    long_ago = int(slack.clock.real_now()) - 301

    as_sent = await slack.send_raw(real.body, real.headers)
    forged = await slack.send_raw(changed_body, real.headers)
    unsigned = await slack.send_raw(real.body, form)
    stale = await slack.send_raw(
        real.body, form | slack.signature_headers(real.body, timestamp=long_ago)
    )
    resigned = await slack.send_raw(changed_body, form | slack.signature_headers(changed_body))

    statuses = [ack.status for ack in (as_sent, forged, unsigned, stale, resigned)]
    assert statuses == [200, 401, 401, 401, 200]
    assert [body["text"] for body in bodies] == ["tea", "tea", "gold"]


async def test_advanced_clock_does_not_age_signatures(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    bodies = record_commands(http_app)
    slack.clock.advance(86_400)

    await ana.type_text("/errand tea")

    assert len(bodies) == 1


async def test_traffic_log_has_payload_person_and_answer(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    bodies: list[Any] = record_commands(http_app)
    await ana.type_text("/errand tea")

    (delivery,) = slack.traffic_log.deliveries()
    (ack,) = slack.traffic_log.acks("slash_command")

    assert slack.entry_payload(delivery) == bodies[0]
    assert delivery.person == ana.id
    assert ack.response == {"outcome": "ok", "status": 200, "body": "Noted"}
