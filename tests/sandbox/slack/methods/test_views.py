"""views.*: triggers, hashes and external ids, and the views that Slack refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace

OpenOnCommand = Callable[[Json], None]


def latest_trigger_id(slack: Workspace) -> str:
    """Return the trigger id of the latest delivery."""
    return str(slack.entry_payload(slack.traffic_log.deliveries()[-1])["trigger_id"])


async def error_response(call: Any) -> Json:
    with pytest.raises(SlackApiError) as raised:
        await call
    answer = raised.value.response.data
    assert isinstance(answer, dict)
    return answer


async def test_update_keeps_values_of_unchanged_fields(
    slack: Workspace, client: AsyncWebClient, person_with_form: Person, form: Json
) -> None:
    await person_with_form.fill("What?", "tea")
    await person_with_form.fill("How fast?", "Running")
    assert person_with_form.modal
    form["blocks"][1]["block_id"] = "another"

    await client.views_update(
        view_id=person_with_form.modal.id, hash=person_with_form.modal.hash, view=form
    )

    assert person_with_form.modal.values == {"What?": "tea", "How fast?": None}


async def test_update_of_a_stale_or_closed_view_is_refused(
    client: AsyncWebClient, person_with_form: Person, form: Json
) -> None:
    before = person_with_form.modal
    assert before
    await client.views_update(view_id=before.id, view=form)

    stale = await error_response(
        client.views_update(view_id=before.id, hash=before.hash, view=form)
    )
    await person_with_form.close_modal()
    closed = await error_response(client.views_update(view_id=before.id, view=form))

    assert stale["error"] == "hash_conflict"
    assert closed["error"] == "not_found"


async def test_trigger_works_once(
    slack: Workspace, client: AsyncWebClient, person_with_form: Person, form: Json
) -> None:
    used = await error_response(client.views_open(trigger_id=latest_trigger_id(slack), view=form))
    unknown = await error_response(client.views_open(trigger_id="1.2.abc", view=form))

    assert used["error"] == "exchanged_trigger_id"
    assert unknown["error"] == "invalid_trigger_id"


async def test_trigger_expires_after_three_seconds(
    slack: Workspace, http_app: AsyncApp, client: AsyncWebClient, ana: Person, form: Json
) -> None:
    @http_app.command("/errand")
    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    await ana.type_text("/errand")
    slack.clock.advance(3.1)
    late = await error_response(client.views_open(trigger_id=latest_trigger_id(slack), view=form))

    assert late["error"] == "expired_trigger_id"
    assert ana.modal is None


async def test_invalid_view_is_refused_with_reasons(
    slack: Workspace, http_app: AsyncApp, client: AsyncWebClient, ana: Person, form: Json
) -> None:
    @http_app.command("/errand")
    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    await ana.type_text("/errand")
    del form["title"]
    answer = await error_response(client.views_open(trigger_id=latest_trigger_id(slack), view=form))

    assert answer["error"] == "invalid_arguments"
    assert any("title" in line for line in answer["response_metadata"]["messages"])
    form["title"] = {"type": "plain_text", "text": "x"}
    form["private_metadata"] = "x" * 250_001
    answer = await error_response(client.views_open(trigger_id=latest_trigger_id(slack), view=form))
    assert answer["error"] == "view_too_large"
    del form["private_metadata"]
    await client.views_open(trigger_id=latest_trigger_id(slack), view=form)
    assert ana.modal


async def test_external_id_of_an_open_view_is_refused(
    *,
    slack: Workspace,
    http_app: AsyncApp,
    open_on_command: OpenOnCommand,
    ana: Person,
    bob: Person,
    form: Json,
) -> None:
    open_on_command(form | {"external_id": "one"})
    await ana.type_text("/errand")
    await bob.type_text("/errand")

    assert bob.modal is None
    assert slack.traffic_log.api_calls("views.open")[-1].response == {
        "ok": False,
        "error": "duplicate_external_id",
    }
    await ana.close_modal()
    await bob.type_text("/errand")
    assert bob.modal
