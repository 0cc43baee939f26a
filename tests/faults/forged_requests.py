"""Requests as Slack sends them, built by hand, so tests can repeat, redirect or damage them."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession

from sandbox.slack.actors.person import Person
from sandbox.slack.delivery import request_payloads
from sandbox.slack.primitives.json_types import get_path
from sandbox.slack.state.traffic_log import TrafficEntry
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import TITLE, ProxiedWorld

FORM_CONTENT_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class BotResponse:
    """The bot's answer: the status, and the body (parsed if it is JSON)."""

    status: int
    body: Any = None

    @property
    def receipt_ticket_id(self) -> str:
        """The ticket id on the receipt, or an empty string if the answer is no receipt."""
        title = str(get_path(self.body, "view", "title", "text") or "")
        return title.removeprefix("Ticket ") if title.startswith("Ticket T-") else ""


def submission_payload(person: Person, **field_values: Any) -> dict[str, Any]:
    """The payload of Submit in the person's open form, with some field values replaced."""
    state = person.actor.state
    view = state.views.top_modal(person.id)
    assert view, f"{person.handle} has no form open"
    payload = request_payloads.view_submission(state, person.member, view, response_urls=[])
    # A deep copy: the payload shares objects with the open form.
    payload = json.loads(json.dumps(payload))
    for field, value in field_values.items():
        payload["view"]["state"]["values"][field]["value"]["value"] = value
    return dict(payload)


async def send_as_slack(person: Person, payload: dict[str, Any]) -> BotResponse:
    """Send the payload to the bot as a request from Slack for that person."""
    ack = await person.actor.send_interaction(payload)
    return BotResponse(ack.status if ack.ok else 0, ack.body)


async def post_to_bot(
    world: World, body: bytes | BytesIO, headers: dict[str, str], *, url: str | None = None
) -> BotResponse:
    """Send bytes straight to a bot. The status is 0 if the bot accepts no connection."""
    base_url = url or world.bot_url
    try:
        async with (
            ClientSession() as http,
            http.post(f"{base_url}/slack/events", data=body, headers=headers) as answer,
        ):
            is_json = answer.content_type == "application/json"
            return BotResponse(answer.status, await (answer.json() if is_json else answer.text()))
    except ClientError:
        return BotResponse(0)


def interactive_body(payload: dict[str, Any]) -> bytes:
    """The payload as a form-encoded body. Lone surrogates are kept."""
    return f"payload={quote(json.dumps(payload))}".encode()


def signed_headers(world: World, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
    """The headers of a request that Slack has signed."""
    return world.slack.signature_headers(body, timestamp) | {"Content-Type": FORM_CONTENT_TYPE}


def last_delivery(world: World, kind: str) -> TrafficEntry:
    """The newest delivery of this kind."""
    return world.slack.traffic_log.deliveries(kind)[-1]


async def is_ready(world: World) -> bool:
    """Whether the bot's `/readyz` answers 200."""
    async with ClientSession() as http, http.get(f"{world.bot_url}/readyz") as answer:
        return answer.status == HTTPStatus.OK


async def fill_in_ticket_form(person: Person, title: str = TITLE) -> None:
    await person.type_text(f"/ticket {title}")
    await person.fill("Description", "since this morning")


async def check_final_tickets(proxied_world: ProxiedWorld, *ticket_ids: str) -> None:
    """Wait for all steps, then check that exactly these tickets exist and all invariants hold."""
    await proxied_world.wait_until_no_pending_steps()
    assert {ticket["_id"] for ticket in await proxied_world.world.find_documents("tickets")} == {
        *ticket_ids
    }
    await check_invariants(proxied_world.world)


async def only_ticket(world: World) -> dict[str, Any]:
    """The document of the only ticket."""
    [ticket] = await world.find_documents("tickets")
    return ticket


async def button_press_payload(
    world: World, person: Person, action_id: str, value: object
) -> dict[str, Any]:
    """The payload of a button press by that person, as if the last card had such a button."""
    payload = world.slack.entry_payload(last_delivery(world, "block_actions"))
    payload = json.loads(json.dumps(payload))
    payload["user"] |= {"id": person.id, "username": person.handle, "name": person.handle}
    payload["actions"][0] |= {"action_id": action_id, "value": value}
    return dict(payload)
