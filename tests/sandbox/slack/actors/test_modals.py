"""Modals: opening, filling in, submitting, and the refusals of Slack."""

import json
from collections.abc import Callable

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.actors.submissions import REQUIRED_TEXT
from sandbox.slack.delivery.acks import CONNECTION_TROUBLE_TEXT
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace

OpenOnCommand = Callable[[Json], None]


def button_block(label: str, action_id: str = "press") -> Json:
    text = {"type": "plain_text", "text": label}
    element = {"type": "button", "action_id": action_id, "text": text}
    return {"type": "actions", "block_id": "buttons", "elements": [element]}


async def test_submission_carries_the_entered_values(
    slack: Workspace, http_app: AsyncApp, person_with_form: Person
) -> None:
    submissions: list[Json] = []

    @http_app.view("form")
    async def record(ack: AsyncAck, view: Json) -> None:
        submissions.append(view["state"]["values"])
        await ack()

    await person_with_form.fill("What?", "tea")
    await person_with_form.submit_modal()

    (values,) = submissions
    assert values["what"]["text"] == {"type": "plain_text_input", "value": "tea"}
    assert values["speed"]["option"] == {"type": "static_select", "selected_option": None}
    assert person_with_form.modal is None


async def test_form_without_a_required_field_is_not_sent(
    slack: Workspace, person_with_form: Person
) -> None:
    await person_with_form.submit_modal()

    assert person_with_form.modal
    assert person_with_form.modal.errors == {"What?": REQUIRED_TEXT}
    assert slack.traffic_log.deliveries("view_submission") == []


async def test_selected_option_can_be_cleared(person_with_form: Person) -> None:
    await person_with_form.fill("How fast?", "Walking")
    await person_with_form.fill("How fast?", None)

    assert person_with_form.modal
    assert person_with_form.modal.values["How fast?"] is None


@pytest.mark.parametrize(
    ("label", "value"), [("Which?", "tea"), ("How fast?", "Flying"), ("How fast?", ["a", "b"])]
)
async def test_unknown_label_or_option_is_refused(
    person_with_form: Person, label: str, value: str
) -> None:
    with pytest.raises(LookupError):
        await person_with_form.fill(label, value)


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
async def test_malformed_answer_shows_an_error_and_keeps_the_text(
    http_app: AsyncApp, person_with_form: Person, answer: Json | str
) -> None:
    @http_app.view("form")
    async def reply() -> BoltResponse:
        kind = "text/plain" if isinstance(answer, str) else "application/json"
        body = answer if isinstance(answer, str) else json.dumps(answer)
        return BoltResponse(status=200, body=body, headers={"content-type": kind})

    await person_with_form.fill("What?", "tea")
    await person_with_form.submit_modal()

    assert person_with_form.alerts == [CONNECTION_TROUBLE_TEXT]
    assert person_with_form.modal
    assert person_with_form.modal.values["What?"] == "tea"


async def test_failed_submission_shows_an_error(
    http_app: AsyncApp, person_with_form: Person
) -> None:
    @http_app.view("form")
    async def fail() -> BoltResponse:
        return BoltResponse(status=500, body="")

    await person_with_form.fill("What?", "tea")
    await person_with_form.submit_modal()

    assert person_with_form.alerts == [CONNECTION_TROUBLE_TEXT]


async def test_answer_can_show_another_view(
    http_app: AsyncApp, person_with_form: Person, form: Json
) -> None:
    done = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Done"},
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "All *set*."}}],
    }

    @http_app.view("form")
    async def reply(ack: AsyncAck) -> None:
        await ack(response_action="update", view=done)

    await person_with_form.fill("What?", "tea")
    await person_with_form.submit_modal()

    assert person_with_form.modal
    assert person_with_form.modal.visible_text.splitlines() == ["Done", "All set."]
    with pytest.raises(LookupError, match="no submit button"):
        await person_with_form.submit_modal()


async def test_up_to_three_views_stack_and_close_one_by_one(
    http_app: AsyncApp, person_with_form: Person, form: Json
) -> None:
    @http_app.view("form")
    async def reply(ack: AsyncAck, view: Json) -> None:
        await ack(response_action="push", view=form)

    first = person_with_form.modal
    assert first
    for _ in range(3):
        await person_with_form.fill("What?", "tea")
        await person_with_form.submit_modal()

    assert person_with_form.alerts == [CONNECTION_TROUBLE_TEXT]
    await person_with_form.close_modal()
    await person_with_form.close_modal()
    assert person_with_form.modal
    assert person_with_form.modal.id == first.id
    await person_with_form.close_modal()
    assert person_with_form.modal is None


async def test_response_action_clear_closes_the_whole_stack(
    http_app: AsyncApp, person_with_form: Person, form: Json
) -> None:
    @http_app.view("form")
    async def reply(ack: AsyncAck, view: Json) -> None:
        is_pushed = view["previous_view_id"] is not None
        await (
            ack(response_action="clear") if is_pushed else ack(response_action="push", view=form)
        )

    await person_with_form.fill("What?", "tea")
    await person_with_form.submit_modal()
    await person_with_form.fill("What?", "milk")
    await person_with_form.submit_modal()

    assert person_with_form.modal is None


@pytest.mark.parametrize("notify_on_close", [True, False])
async def test_view_closed_is_sent_only_with_notify_on_close(
    http_app: AsyncApp,
    open_on_command: OpenOnCommand,
    ana: Person,
    form: Json,
    notify_on_close: bool,
) -> None:
    bodies: list[Json] = []

    @http_app.view_closed("form")
    async def record(ack: AsyncAck, body: Json) -> None:
        bodies.append(body)
        await ack()

    open_on_command(form | {"notify_on_close": notify_on_close})
    await ana.type_text("/errand")
    await ana.close_modal()

    assert [body["is_cleared"] for body in bodies] == ([False] if notify_on_close else [])


async def test_button_in_a_modal_can_push_a_view(
    http_app: AsyncApp,
    client: AsyncWebClient,
    open_on_command: OpenOnCommand,
    ana: Person,
    form: Json,
) -> None:
    @http_app.action("press")
    async def push_form(ack: AsyncAck, body: Json) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=form)

    open_on_command(form | {"blocks": [*form["blocks"], button_block("More")]})
    await ana.type_text("/errand")
    await ana.fill("What?", "tea")
    first = ana.modal
    assert first
    assert first.buttons == ["More"]
    await ana.click(first, "More")

    assert ana.modal
    assert ana.modal.id != first.id
    with pytest.raises(LookupError, match="no longer open"):
        await ana.click(first, "More")
    await ana.close_modal()
    assert ana.modal.values["What?"] == "tea"


async def test_dispatched_choice_is_sent_at_once(
    http_app: AsyncApp, open_on_command: OpenOnCommand, ana: Person, form: Json
) -> None:
    actions: list[Json] = []

    @http_app.action("option")
    async def record(ack: AsyncAck, action: Json, body: Json) -> None:
        actions.append(action)
        assert body["view"]["state"]["values"]["speed"]["option"]["selected_option"]
        await ack()

    form["blocks"][1]["dispatch_action"] = True
    open_on_command(form)
    await ana.type_text("/errand")
    await ana.fill("How fast?", "Walking")

    assert actions[0]["selected_option"]["value"] == "walk"
    assert ana.alerts == []
