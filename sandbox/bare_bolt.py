"""`python -m sandbox.bare_bolt`: what Bolt costs by itself, to hold the desk against (`bench.py`).

It checks the signature and acknowledges; `/with-view` opens a form first, as `/ticket` does. It is
set up as favourably as the desk: no `auth.test` inside a request, one session for calls of Slack.
"""

import asyncio
import os
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

_VIEW = {
    "type": "modal",
    "callback_id": "bare",
    "title": {"type": "plain_text", "text": "Bare"},
    "submit": {"type": "plain_text", "text": "Submit"},
    "blocks": [
        {
            "type": "input",
            "block_id": "title",
            "label": {"type": "plain_text", "text": "Title"},
            "element": {"type": "plain_text_input", "action_id": "value"},
        }
    ],
}


def build(token: str, client: AsyncWebClient) -> AsyncApp:
    """An app whose listeners do nothing but what they must."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id="T0FRONT01",
            bot_token=token,
            bot_id="B0BARE",
            bot_user_id="U0BARE",
        )

    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    async def open_view(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=command["trigger_id"], view=_VIEW)
        await ack()

    app = AsyncApp(
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        client=client,
        authorize=authorize,
        process_before_response=True,
    )
    app.command("/ticket")(acknowledge)
    app.command("/with-view")(open_view)
    app.view("new_ticket")(acknowledge)
    return app


async def nothing(request: web.Request) -> web.Response:
    """Neither Bolt nor a signature: how fast whoever asks can be at all."""
    await request.read()
    return web.Response()


async def main() -> None:
    """Serve until we are killed."""
    token = os.environ["SLACK_BOT_TOKEN"]
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token=token,
            base_url=os.environ["SLACK_API_URL"],
            session=session,
            retry_handlers=[],
        )
        site = build(token, client).web_app(path="/slack/events")
        site.add_routes([web.post("/nothing", nothing)])
        runner = web.AppRunner(site, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(os.environ["PORT"])).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
