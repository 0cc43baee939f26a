"""Modals: opening, filling in, submitting, and everything Slack refuses on the way."""

import json
from collections.abc import Callable

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.acks import TROUBLE
from sandbox.slack.person import Person
from sandbox.slack.shapes import Json
from sandbox.slack.submitting import REQUIRED
from sandbox.slack.workspace import Workspace

Opens = Callable[[Json], None]


def button_block(label: str, action_id: str = "press") -> Json:
    text = {"type": "plain_text", "text": label}
    element = {"type": "button", "action_id": action_id, "text": text}
    return {"type": "actions", "block_id": "buttons", "elements": [element]}


async def test_what_was_typed_is_what_the_app_gets(
    slack: Workspace, app: AsyncApp, open_form: Person
) -> None:
    got: list[Json] = []

    @app.view("form")
    async def take(ack: AsyncAck, view: Json) -> None:
        got.append(view["state"]["values"])
        await ack()

    await open_form.fills("What?", "tea")
    await open_form.submits()

    assert got[0]["what"]["text"] == {"type": "plain_text_input", "value": "tea"}
    assert got[0]["speed"]["option"] == {"type": "static_select", "selected_option": None}
    assert open_form.modal is None


async def test_an_incomplete_form_is_never_sent(slack: Workspace, open_form: Person) -> None:
    await open_form.submits()

    assert open_form.modal
    assert open_form.modal.errors == {"What?": REQUIRED}
    assert slack.journal.deliveries("view_submission") == []


async def test_a_choice_can_be_taken_back(open_form: Person) -> None:
    await open_form.fills("How fast?", "Walking")
    await open_form.fills("How fast?", None)

    assert open_form.modal
    assert open_form.modal.values["How fast?"] is None


@pytest.mark.parametrize(
    ("label", "value"), [("Which?", "tea"), ("How fast?", "Flying"), ("How fast?", ["a", "b"])]
)
async def test_only_what_is_shown_can_be_filled_in(
    open_form: Person, label: str, value: str
) -> None:
    with pytest.raises(LookupError):
        await open_form.fills(label, value)


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"unheard": "No."}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": {"type": "modal", "blocks": []}},
        {"response_action": "update"},
        {"response_action": "explode"},
        {"text": "thanks"},
        "thanks",
    ],
)
async def test_an_answer_slack_cannot_follow_is_trouble_and_keeps_the_text(
    app: AsyncApp, open_form: Person, answer: Json | str
) -> None:
    @app.view("form")
    async def reply() -> BoltResponse:
        kind = "text/plain" if isinstance(answer, str) else "application/json"
        body = answer if isinstance(answer, str) else json.dumps(answer)
        return BoltResponse(status=200, body=body, headers={"content-type": kind})

    await open_form.fills("What?", "tea")
    await open_form.submits()

    assert open_form.alerts == [TROUBLE]
    assert open_form.modal
    assert open_form.modal.values["What?"] == "tea"


async def test_an_app_that_fails_is_trouble_too(app: AsyncApp, open_form: Person) -> None:
    @app.view("form")
    async def fail() -> BoltResponse:
        return BoltResponse(status=500, body="")

    await open_form.fills("What?", "tea")
    await open_form.submits()

    assert open_form.alerts == [TROUBLE]


async def test_the_answer_can_show_another_view(
    app: AsyncApp, open_form: Person, form: Json
) -> None:
    done = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Done"},
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "All *set*."}}],
    }

    @app.view("form")
    async def reply(ack: AsyncAck) -> None:
        await ack(response_action="update", view=done)

    await open_form.fills("What?", "tea")
    await open_form.submits()

    assert open_form.modal
    assert open_form.modal.says.splitlines() == ["Done", "All set."]
    with pytest.raises(LookupError, match="no submit button"):
        await open_form.submits()


async def test_views_stack_up_to_three_and_close_one_by_one(
    app: AsyncApp, open_form: Person, form: Json
) -> None:
    @app.view("form")
    async def reply(ack: AsyncAck, view: Json) -> None:
        await ack(response_action="push", view=form)

    first = open_form.modal
    assert first
    for _ in range(3):
        await open_form.fills("What?", "tea")
        await open_form.submits()

    assert open_form.alerts == [TROUBLE]
    await open_form.closes()
    await open_form.closes()
    assert open_form.modal
    assert open_form.modal.id == first.id
    await open_form.closes()
    assert open_form.modal is None


async def test_clear_closes_the_whole_stack(app: AsyncApp, open_form: Person, form: Json) -> None:
    @app.view("form")
    async def reply(ack: AsyncAck, view: Json) -> None:
        pushed = view["previous_view_id"] is not None
        await (ack(response_action="clear") if pushed else ack(response_action="push", view=form))

    await open_form.fills("What?", "tea")
    await open_form.submits()
    await open_form.fills("What?", "milk")
    await open_form.submits()

    assert open_form.modal is None


@pytest.mark.parametrize("wanted", [True, False])
async def test_closing_is_told_only_when_asked_for(
    app: AsyncApp, opens: Opens, ana: Person, form: Json, wanted: bool
) -> None:
    closed: list[Json] = []

    @app.view_closed("form")
    async def note(ack: AsyncAck, body: Json) -> None:
        closed.append(body)
        await ack()

    opens(form | {"notify_on_close": wanted})
    await ana.types("/errand")
    await ana.closes()

    assert [body["is_cleared"] for body in closed] == ([False] if wanted else [])


async def test_a_button_in_a_modal_can_update_and_push(
    app: AsyncApp, client: AsyncWebClient, opens: Opens, ana: Person, form: Json
) -> None:
    @app.action("press")
    async def pressed(ack: AsyncAck, body: Json) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=form)

    opens(form | {"blocks": [*form["blocks"], button_block("More")]})
    await ana.types("/errand")
    await ana.fills("What?", "tea")
    first = ana.modal
    assert first
    assert first.buttons == ["More"]
    await ana.clicks(first, "More")

    assert ana.modal
    assert ana.modal.id != first.id
    with pytest.raises(LookupError, match="no longer open"):
        await ana.clicks(first, "More")
    await ana.closes()
    assert ana.modal.values["What?"] == "tea"


async def test_a_choice_that_dispatches_is_told_at_once(
    app: AsyncApp, opens: Opens, ana: Person, form: Json
) -> None:
    told: list[Json] = []

    @app.action("option")
    async def chosen(ack: AsyncAck, action: Json, body: Json) -> None:
        told.append(action)
        assert body["view"]["state"]["values"]["speed"]["option"]["selected_option"]
        await ack()

    form["blocks"][1]["dispatch_action"] = True
    opens(form)
    await ana.types("/errand")
    await ana.fills("How fast?", "Walking")

    assert told[0]["selected_option"]["value"] == "walk"
    assert ana.alerts == []
