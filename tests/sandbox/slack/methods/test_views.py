"""views.*: triggers, hashes and external ids, and the views Slack refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace

Opens = Callable[[Json], None]


def trigger_of(slack: Workspace) -> str:
    """The trigger of the latest thing that was delivered."""
    return str(slack.entry_payload(slack.traffic_log.deliveries()[-1])["trigger_id"])


async def refused(call: Any) -> Json:
    with pytest.raises(SlackApiError) as refusal:
        await call
    answer = refusal.value.response.data
    assert isinstance(answer, dict)
    return answer


async def test_an_update_keeps_what_was_typed_where_the_field_stays(
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


async def test_a_stale_or_closed_view_cannot_be_updated(
    client: AsyncWebClient, person_with_form: Person, form: Json
) -> None:
    before = person_with_form.modal
    assert before
    await client.views_update(view_id=before.id, view=form)

    stale = await refused(client.views_update(view_id=before.id, hash=before.hash, view=form))
    await person_with_form.close_modal()
    gone = await refused(client.views_update(view_id=before.id, view=form))

    assert stale["error"] == "hash_conflict"
    assert gone["error"] == "not_found"


async def test_a_trigger_is_good_once(
    slack: Workspace, client: AsyncWebClient, person_with_form: Person, form: Json
) -> None:
    spent = await refused(client.views_open(trigger_id=trigger_of(slack), view=form))
    invented = await refused(client.views_open(trigger_id="1.2.abc", view=form))

    assert spent["error"] == "exchanged_trigger_id"
    assert invented["error"] == "invalid_trigger_id"


async def test_a_trigger_expires_after_three_seconds_of_the_clock(
    slack: Workspace, http_app: AsyncApp, client: AsyncWebClient, ana: Person, form: Json
) -> None:
    @http_app.command("/errand")
    async def only_ack(ack: AsyncAck) -> None:
        await ack()

    await ana.type_text("/errand")
    slack.clock.advance(3.1)
    late = await refused(client.views_open(trigger_id=trigger_of(slack), view=form))

    assert late["error"] == "expired_trigger_id"
    assert ana.modal is None


async def test_a_view_slack_would_refuse_is_refused_with_its_reasons(
    slack: Workspace, http_app: AsyncApp, client: AsyncWebClient, ana: Person, form: Json
) -> None:
    @http_app.command("/errand")
    async def only_ack(ack: AsyncAck) -> None:
        await ack()

    await ana.type_text("/errand")
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
    *,
    slack: Workspace,
    http_app: AsyncApp,
    open_on_command: Opens,
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
