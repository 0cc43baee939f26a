"""One journey with a real Bolt app: command, form, card, click, changed card."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Message

FORM = {
    "type": "modal",
    "callback_id": "errand",
    "title": {"type": "plain_text", "text": "New errand"},
    "submit": {"type": "plain_text", "text": "Ask"},
    "blocks": [
        {
            "type": "input",
            "block_id": "what",
            "label": {"type": "plain_text", "text": "What?"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
        {
            "type": "input",
            "block_id": "who",
            "label": {"type": "plain_text", "text": "Who?"},
            "element": {"type": "users_select", "action_id": "user"},
        },
        {
            "type": "input",
            "block_id": "speed",
            "optional": True,
            "label": {"type": "plain_text", "text": "How fast?"},
            "element": {
                "type": "static_select",
                "action_id": "option",
                "options": [
                    {"text": {"type": "plain_text", "text": "Running"}, "value": "run"},
                    {"text": {"type": "plain_text", "text": "Walking"}, "value": "walk"},
                ],
            },
        },
    ],
}


def card(text: str, *buttons: str) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
    ]
    if buttons:
        elements = [
            {
                "type": "button",
                "action_id": f"do_{label.lower()}",
                "text": {"type": "plain_text", "text": label},
                "value": "errand-1",
            }
            for label in buttons
        ]
        blocks.append({"type": "actions", "elements": elements})
    return blocks


def register_listeners(app: AsyncApp) -> None:
    @app.command("/errand")
    async def open_form(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=FORM)
        await ack()

    @app.view("errand")
    async def post_errand(ack: AsyncAck, view: dict[str, Any], client: AsyncWebClient) -> None:
        values = view["state"]["values"]
        if len(values["what"]["text"]["value"]) < 5:
            await ack(response_action="errors", errors={"what": "Say a little more."})
            return
        user_id = values["who"]["user"]["selected_user"]
        text = f"*{values['what']['text']['value']}* for <@{user_id}>"
        await client.chat_postMessage(channel=user_id, text=text, blocks=card(text, "Fetch"))
        await ack()

    @app.action("do_fetch")
    async def fetch(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        blocks = card(f"Fetched by <@{body['user']['id']}>")
        await respond(replace_original=True, text="Fetched", blocks=blocks)


async def test_bolt_app_works_from_command_to_changed_card(
    either_app: AsyncApp, ana: Person, bob: Person
) -> None:
    register_listeners(either_app)

    await ana.type_text("/errand")
    assert ana.modal
    assert ana.modal.labels == ["What?", "Who?", "How fast?"]
    await ana.fill("What?", "tea")
    await ana.fill("Who?", "bob")
    await ana.fill("How fast?", "Running")
    await ana.submit_modal()
    assert ana.modal.errors == {"What?": "Say a little more."}
    assert ana.modal.values == {"What?": "tea", "Who?": "@Bob Brandt", "How fast?": "Running"}

    await ana.fill("What?", "green tea")
    await ana.submit_modal()
    assert ana.modal is None
    message: Message = await bob.wait_for_message("green tea")
    assert message.visible_text == "green tea for @Bob Brandt\nFetch"
    assert message.buttons == ["Fetch"]

    await bob.click(message, "Fetch")
    assert [message.visible_text for message in bob.messages] == ["Fetched by @Bob Brandt"]
    assert bob.messages[0].is_edited
    assert ana.alerts == bob.alerts == []
