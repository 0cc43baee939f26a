"""Modals: opening, filling in, submitting, and everything Slack refuses on the way."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.acks import TROUBLE
from sandbox.slack.person import Person
from sandbox.slack.shapes import Json
from sandbox.slack.submitting import REQUIRED
from sandbox.slack.workspace import Workspace

Opens = Callable[[Json], None]


def trigger_of(slack: Workspace) -> str:
    """The trigger of the latest thing that was delivered."""
    return str(slack.payload_of(slack.journal.deliveries()[-1])["trigger_id"])


def button_block(label: str, action_id: str = "press") -> Json:
    text = {"type": "plain_text", "text": label}
    element = {"type": "button", "action_id": action_id, "text": text}
    return {"type": "actions", "block_id": "buttons", "elements": [element]}


async def refused(call: Any) -> Json:
    with pytest.raises(SlackApiError) as refusal:
        await call
    answer = refusal.value.response.data
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
async def open_form(app: AsyncApp, opens: Opens, form: Json, ana: Person) -> Person:
    """Ana, with the form open before her."""
    opens(form)
    await ana.types("/errand")
    return ana


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


async def test_an_update_keeps_what_was_typed_where_the_field_stays(
    slack: Workspace, client: AsyncWebClient, open_form: Person, form: Json
) -> None:
    await open_form.fills("What?", "tea")
    await open_form.fills("How fast?", "Running")
    assert open_form.modal
    form["blocks"][1]["block_id"] = "another"

    await client.views_update(view_id=open_form.modal.id, hash=open_form.modal.hash, view=form)

    assert open_form.modal.values == {"What?": "tea", "How fast?": None}


async def test_a_stale_or_closed_view_cannot_be_updated(
    client: AsyncWebClient, open_form: Person, form: Json
) -> None:
    before = open_form.modal
    assert before
    await client.views_update(view_id=before.id, view=form)

    stale = await refused(client.views_update(view_id=before.id, hash=before.hash, view=form))
    await open_form.closes()
    gone = await refused(client.views_update(view_id=before.id, view=form))

    assert stale["error"] == "hash_conflict"
    assert gone["error"] == "not_found"


async def test_a_trigger_is_good_once(
    slack: Workspace, client: AsyncWebClient, open_form: Person, form: Json
) -> None:
    spent = await refused(client.views_open(trigger_id=trigger_of(slack), view=form))
    invented = await refused(client.views_open(trigger_id="1.2.abc", view=form))

    assert spent["error"] == "exchanged_trigger_id"
    assert invented["error"] == "invalid_trigger_id"


async def test_a_trigger_expires_after_three_seconds_of_the_clock(
    slack: Workspace, app: AsyncApp, client: AsyncWebClient, ana: Person, form: Json
) -> None:
    @app.command("/errand")
    async def only_ack(ack: AsyncAck) -> None:
        await ack()

    await ana.types("/errand")
    slack.clock.advance(3.1)
    late = await refused(client.views_open(trigger_id=trigger_of(slack), view=form))

    assert late["error"] == "expired_trigger_id"
    assert ana.modal is None


async def test_a_view_slack_would_refuse_is_refused_with_its_reasons(
    slack: Workspace, app: AsyncApp, client: AsyncWebClient, ana: Person, form: Json
) -> None:
    @app.command("/errand")
    async def only_ack(ack: AsyncAck) -> None:
        await ack()

    await ana.types("/errand")
    del form["title"]
    answer = await refused(client.views_open(trigger_id=trigger_of(slack), view=form))

    assert answer["error"] == "invalid_arguments"
    assert any("title" in line for line in answer["response_metadata"]["messages"])
    form["title"] = {"type": "plain_text", "text": "x"}
    form["private_metadata"] = "x" * 250_001
    assert (await refused(client.views_open(trigger_id=trigger_of(slack), view=form)))[
        "error"
    ] == "view_too_large"
    del form["private_metadata"]
    await client.views_open(trigger_id=trigger_of(slack), view=form)
    assert ana.modal


async def test_an_external_id_is_taken_while_the_view_is_open(
    *, slack: Workspace, app: AsyncApp, opens: Opens, ana: Person, bob: Person, form: Json
) -> None:
    opens(form | {"external_id": "one"})
    await ana.types("/errand")
    await bob.types("/errand")

    assert bob.modal is None
    assert slack.journal.calls("views.open")[-1].response == {
        "ok": False,
        "error": "duplicate_external_id",
    }
    await ana.closes()
    await bob.types("/errand")
    assert bob.modal


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
