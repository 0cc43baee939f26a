"""External selects: the app supplies the options for a typed text."""

from collections.abc import Callable

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json

PLACES = ("Bakery", "Bank", "Teashop")


@pytest.fixture
def picker() -> Json:
    return {
        "type": "modal",
        "callback_id": "picker",
        "title": {"type": "plain_text", "text": "Where to?"},
        "submit": {"type": "plain_text", "text": "Go"},
        "blocks": [
            {
                "type": "input",
                "block_id": "place",
                "label": {"type": "plain_text", "text": "Place"},
                "element": {
                    "type": "external_select",
                    "action_id": "places",
                    "min_query_length": 1,
                    "placeholder": {"type": "plain_text", "text": "Type a name"},
                },
            }
        ],
    }


def matching_options(typed: str) -> list[Json]:
    names = [place for place in PLACES if place.lower().startswith(typed.lower())]
    return [{"text": {"type": "plain_text", "text": name}, "value": name} for name in names]


@pytest.fixture
def suggestion_requests(either_app: AsyncApp) -> list[Json]:
    bodies: list[Json] = []

    @either_app.options("places")
    async def suggest(ack: AsyncAck, body: Json) -> None:
        bodies.append(body)
        await ack(options=matching_options(body["value"]))

    return bodies


async def test_options_match_the_typed_text(
    suggestion_requests: list[Json],
    open_on_command: Callable[[Json], None],
    ana: Person,
    picker: Json,
) -> None:
    open_on_command(picker)
    await ana.type_text("/errand")

    assert await ana.search_options("Place", "ba") == ["Bakery", "Bank"]
    assert await ana.search_options("Place", "x") == []
    assert await ana.search_options("Place", "") == []
    await ana.fill("Place", "Teashop")

    assert ana.modal
    assert ana.modal.values == {"Place": "Teashop"}
    body = suggestion_requests[0]
    assert (body["action_id"], body["block_id"], body["value"]) == ("places", "place", "ba")
    assert body["container"] == {"type": "view", "view_id": ana.modal.id}


async def test_option_that_is_not_offered_is_refused(
    suggestion_requests: list[Json],
    open_on_command: Callable[[Json], None],
    ana: Person,
    picker: Json,
) -> None:
    open_on_command(picker)
    await ana.type_text("/errand")

    with pytest.raises(LookupError, match="no option 'Pub'"):
        await ana.fill("Place", "Pub")


async def test_answer_without_options_shows_an_error(
    http_app: AsyncApp, open_on_command: Callable[[Json], None], ana: Person, picker: Json
) -> None:
    @http_app.options("places")
    async def answer(ack: AsyncAck) -> None:
        await ack({"places": []})

    open_on_command(picker)
    await ana.type_text("/errand")

    assert await ana.search_options("Place", "ba") == []
    assert ana.alerts == ["dispatch_failed"]
