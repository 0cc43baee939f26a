"""Clicks in messages, ephemeral messages and the Home tab, and their response URLs."""

from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


def button(label: str, *, value: str = "1", action_id: str = "press", **more: Any) -> Json:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "text": text, "value": value, "action_id": action_id, **more}


def actions(*elements: Json) -> list[Json]:
    return [{"type": "actions", "block_id": "row", "elements": list(elements)}]


@pytest.fixture
def click_payloads(http_app: AsyncApp) -> list[Json]:
    """The payloads of all clicks; the app only acknowledges them."""
    payloads: list[Json] = []

    @http_app.action("press")
    async def press(ack: AsyncAck, body: Json) -> None:
        payloads.append(body)
        await ack()

    return payloads


@pytest.fixture
async def card(client: AsyncWebClient, ana: Person) -> Json:
    """A message with two buttons for Ana."""
    blocks = actions(button("Yes", value="y"), button("No", value="n", action_id="decline"))
    answer = await client.chat_postMessage(channel=ana.id, text="Really?", blocks=blocks)
    return {"channel": answer["channel"], "ts": answer["ts"]}


async def test_click_payload_names_person_button_and_message(
    slack: Workspace, click_payloads: list[Json], card: Json, ana: Person
) -> None:
    await ana.click(ana.messages[0], "Yes")

    (body,) = click_payloads
    assert body["user"]["id"] == ana.id
    assert body["container"]["message_ts"] == body["message"]["ts"] == card["ts"]
    assert body["channel"] == {"id": card["channel"], "name": "directmessage"}
    (action,) = body["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("press", "row", "y")
    assert ana.alerts == []


async def test_click_on_a_missing_button_is_refused(
    click_payloads: list[Json], card: Json, ana: Person
) -> None:
    with pytest.raises(LookupError, match="'Maybe' to click here, only: No, Yes"):
        await ana.click(ana.messages[0], "Maybe")

    assert click_payloads == []


async def test_click_without_a_listener_fails(http_app: AsyncApp, card: Json, ana: Person) -> None:
    await ana.click(ana.messages[0], "No")

    assert ana.alerts == ["dispatch_failed"]


async def test_outdated_card_can_be_clicked_until_it_is_deleted(
    client: AsyncWebClient, click_payloads: list[Json], card: Json, ana: Person
) -> None:
    old_message = ana.messages[0]
    await client.chat_update(**card, text="Too late", blocks=[])

    await ana.click(old_message, "Yes")
    assert len(click_payloads) == 1

    await client.chat_delete(**card)
    with pytest.raises(LookupError, match="gone"):
        await ana.click(old_message, "Yes")


async def test_buttons_with_one_label_are_selected_by_value(
    client: AsyncWebClient, click_payloads: list[Json], ana: Person
) -> None:
    blocks = actions(button("Take", value="1", action_id="press"))
    blocks += [dict(actions(button("Take", value="2"))[0], block_id="second")]
    await client.chat_postMessage(channel=ana.id, text="x", blocks=blocks)

    await ana.click(ana.messages[0], "Take", value="2")

    assert click_payloads[0]["actions"][0]["value"] == "2"


async def test_menu_in_a_message_is_selected_by_placeholder(
    client: AsyncWebClient, click_payloads: list[Json], ana: Person, bob: Person
) -> None:
    menu = {
        "type": "users_select",
        "action_id": "press",
        "placeholder": {"type": "plain_text", "text": "Give to…"},
    }
    await client.chat_postMessage(channel=ana.id, text="x", blocks=actions(menu))

    await ana.click(ana.messages[0], "Give to…", value="bob")

    assert click_payloads[0]["actions"][0]["selected_user"] == bob.id
    assert click_payloads[0]["state"]["values"]["row"]["press"]["selected_user"] == bob.id


async def test_overflow_menu_is_clicked_by_option(
    client: AsyncWebClient, click_payloads: list[Json], ana: Person
) -> None:
    options = [
        {"text": {"type": "plain_text", "text": text}, "value": text} for text in ("Edit", "Drop")
    ]
    menu = {"type": "overflow", "action_id": "press", "options": options}
    await client.chat_postMessage(channel=ana.id, text="x", blocks=actions(menu))

    await ana.click(ana.messages[0], "Drop")

    assert click_payloads[0]["actions"][0]["selected_option"]["value"] == "Drop"


async def test_respond_can_replace_add_and_delete_messages(
    http_app: AsyncApp, card: Json, ana: Person
) -> None:
    @http_app.action("press")
    async def press(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond("Only you", replace_original=False)
        await respond("Done", replace_original=True)

    @http_app.action("decline")
    async def decline(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(delete_original=True)

    card_before = ana.messages[0]
    await ana.click(card_before, "Yes")
    assert [message.visible_text for message in ana.ephemeral_messages] == ["Only you"]
    assert [message.visible_text for message in ana.messages] == ["Done"]

    await ana.click(card_before, "No")
    assert ana.messages == []


async def test_ephemeral_message_is_changed_by_its_response_url(
    http_app: AsyncApp, client: AsyncWebClient, ana: Person
) -> None:
    bodies: list[Json] = []

    @http_app.action("press")
    async def press(ack: AsyncAck, body: Json, respond: AsyncRespond) -> None:
        bodies.append(body)
        await ack()
        await respond("Gone quiet", replace_original=True)

    await client.chat_postEphemeral(
        channel=ana.direct_channel.id, user=ana.id, text="psst", blocks=actions(button("Hush"))
    )
    await ana.click(await ana.wait_for_ephemeral(), "Hush")

    assert [message.visible_text for message in ana.ephemeral_messages] == ["Gone quiet"]
    assert bodies[0]["container"]["is_ephemeral"] is True
    assert "message" not in bodies[0]


async def test_response_url_works_five_times(
    slack: Workspace, click_payloads: list[Json], card: Json, ana: Person
) -> None:
    await ana.click(ana.messages[0], "Yes")
    hook = AsyncWebhookClient(click_payloads[0]["response_url"])

    answers = [await hook.send(text=str(n), response_type="ephemeral") for n in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [404]
    assert "used_url" in answers[5].body
    assert [message.visible_text for message in ana.ephemeral_messages] == ["0", "1", "2", "3", "4"]


async def test_response_url_expires_after_30_minutes(
    slack: Workspace, click_payloads: list[Json], card: Json, ana: Person
) -> None:
    await ana.click(ana.messages[0], "Yes")
    hook = AsyncWebhookClient(click_payloads[0]["response_url"])

    slack.clock.advance(29 * 60)
    in_time = await hook.send(text="in time", response_type="ephemeral")
    slack.clock.advance(61)
    late = await hook.send(text="late", response_type="ephemeral")

    assert (in_time.status_code, late.status_code) == (200, 404)
    assert "expired_url" in late.body


async def test_response_url_refuses_invalid_posts(
    slack: Workspace, click_payloads: list[Json], card: Json, ana: Person
) -> None:
    await ana.click(ana.messages[0], "Yes")
    url = click_payloads[0]["response_url"]

    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=b"{broken") as answer:
            assert answer.status == 400
        async with session.post(url, json={"blocks": []}) as answer:
            assert (await answer.json())["error"] == "no_text"
        async with session.post(url[:-3] + "xyz", json={"text": "x"}) as answer:
            assert answer.status == 404


async def test_home_tab_is_published_and_clicked(
    slack: Workspace,
    http_app: AsyncApp,
    client: AsyncWebClient,
    click_payloads: list[Json],
    ana: Person,
) -> None:
    @http_app.event("app_home_opened")
    async def publish_home(event: Json) -> None:
        blocks = [
            {"type": "header", "text": {"type": "plain_text", "text": "Your errands"}},
            *actions(button("Refresh")),
        ]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    await ana.open_home()
    home = ana.home
    assert home
    assert home.visible_text == "Your errands\nRefresh"
    await ana.click(home, "Refresh")

    assert click_payloads[0]["container"] == {"type": "view", "view_id": home.id}
    assert click_payloads[0]["view"]["type"] == "home"
    view = {"type": "home", "blocks": home.blocks}
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_publish(user_id=ana.id, hash="1.stale", view=view)


async def test_shortcuts_are_used_by_name(
    slack: Workspace, http_app: AsyncApp, ana: Person, bob: Person, form: Json
) -> None:
    bodies: list[Json] = []

    @http_app.shortcut("new_errand")
    @http_app.shortcut("errand_from_message")
    async def open_form(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        bodies.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=form)
        await ack()

    general = slack.add_channel("general", members=[ana, bob])
    await bob.type_text("who fetches tea for @ana?", channel=general)
    await ana.use_shortcut("New errand")
    assert ana.modal
    await ana.use_shortcut("Make it an errand", message=ana.read_channel(general)[0])

    global_body, message_body = bodies
    assert "channel" not in global_body
    assert "response_url" not in global_body
    assert message_body["message"]["text"] == f"who fetches tea for <@{ana.id}>?"
    assert message_body["channel"] == {"id": general.id, "name": "general"}
    with pytest.raises(LookupError, match="no global shortcut"):
        await ana.use_shortcut("Make it an errand")


async def test_external_person_has_their_own_team_in_payloads(
    slack: Workspace, client: AsyncWebClient, click_payloads: list[Json], ana: Person
) -> None:
    eve = slack.add_person("eve", real_name="Eve", email="eve@x.example", team_id="T0ELSE0001")
    general = slack.add_channel("general", members=[ana, eve])
    await ana.invite_app(general)
    await client.chat_postMessage(channel=general.id, text="x", blocks=actions(button("Yes")))

    await eve.click(eve.read_channel(general)[0], "Yes")

    (body,) = click_payloads
    assert body["user"]["team_id"] == body["team"]["id"] == "T0ELSE0001"
    user = (await client.users_info(user=eve.id))["user"]
    assert user["is_stranger"] is True
