"""What Slack sends for a person, made by hand: to be sent several times, elsewhere, or spoilt."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientSession

from sandbox.slack import payloads
from sandbox.slack.journal import Entry
from sandbox.slack.person import Person
from sandbox.slack.shapes import dug
from sandbox.world import World
from tests.faults.invariants import check_invariants
from tests.faults.walking import TITLE, Stage

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot said: the status, and the body where it is JSON."""

    status: int
    body: Any = None

    @property
    def number(self) -> str:
        """The number on the receipt; empty when it is none."""
        title = str(dug(self.body, "view", "title", "text") or "")
        return title.removeprefix("Ticket ") if title.startswith("Ticket T-") else ""


def submission_of(person: Person, **typed: Any) -> dict[str, Any]:
    """What Slack sends when they press Submit in the form that is open; some of it changed."""
    state = person.hand.state
    view = state.views.top(person.id)
    assert view, f"{person.handle} has no form open"
    payload = payloads.view_submission(state, person.member, view, response_urls=[])
    # It shares its parts with the form itself.
    payload = json.loads(json.dumps(payload))
    for field, value in typed.items():
        payload["view"]["state"]["values"][field]["value"]["value"] = value
    return dict(payload)


async def interacts(person: Person, payload: dict[str, Any]) -> Answer:
    """Have Slack send this for that person."""
    ack = await person.hand.interact(payload)
    return Answer(ack.status if ack.ok else 0, ack.body)


async def posts(
    world: World, body: bytes | BytesIO, headers: dict[str, str], *, url: str | None = None
) -> Answer:
    """Send these bytes to a bot, not by way of Slack; status 0 when it takes no connection."""
    to = url or world.bot_url
    try:
        async with (
            ClientSession() as http,
            http.post(f"{to}/slack/events", data=body, headers=headers) as answer,
        ):
            is_json = answer.content_type == "application/json"
            return Answer(answer.status, await (answer.json() if is_json else answer.text()))
    except ClientError:
        return Answer(0)


def interactive(payload: dict[str, Any]) -> bytes:
    """The body in which Slack sends it; halves of characters stay what they are."""
    return f"payload={quote(json.dumps(payload))}".encode()


def signed(world: World, body: bytes, *, timestamp: int | None = None) -> dict[str, str]:
    """The headers with which Slack sends it."""
    return world.slack.sign(body, timestamp) | {"Content-Type": FORM}


def last(world: World, name: str) -> Entry:
    """What Slack has sent last of this kind."""
    return world.slack.journal.deliveries(name)[-1]


async def is_ready(world: World) -> bool:
    """What `/readyz` says."""
    async with ClientSession() as http, http.get(f"{world.bot_url}/readyz") as answer:
        return answer.status == HTTPStatus.OK


async def fills_form(person: Person, title: str = TITLE) -> None:
    """Open the form and fill it in."""
    await person.types(f"/ticket {title}")
    await person.fills("Description", "since this morning")


async def settled(stage: Stage, *numbers: str) -> None:
    """In the end there are these tickets, and all is well."""
    await stage.settles()
    assert {ticket["_id"] for ticket in await stage.world.documents("tickets")} == {*numbers}
    await check_invariants(stage.world)


async def only_ticket(world: World) -> dict[str, Any]:
    """The only ticket, as it is stored."""
    [ticket] = await world.documents("tickets")
    return ticket


async def pressed_as(world: World, person: Person, action_id: str, value: object) -> dict[str, Any]:
    """What Slack would send if that person had been shown such a button on the last card."""
    payload = world.slack.payload_of(last(world, "block_actions"))
    payload = json.loads(json.dumps(payload))
    payload["user"] |= {"id": person.id, "username": person.handle, "name": person.handle}
    payload["actions"][0] |= {"action_id": action_id, "value": value}
    return dict(payload)
