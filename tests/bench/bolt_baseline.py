"""`python -m tests.bench.bolt_baseline`: a minimal, fast app with Bolt for Python.

`/ticket` opens a fixed form and acknowledges. A submitted form is one insert into the same MongoDB,
with the write concern of Frontdesk (majority, journal), and an acknowledgement.
"""

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from aiohttp import web
from motor.motor_asyncio import AsyncIOMotorClient
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient


def build_app(client: AsyncWebClient, tickets: Any, form: dict[str, Any]) -> AsyncApp:
    """A minimal Bolt app without avoidable waits."""
    token = os.environ["SLACK_BOT_TOKEN"]

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id="T0BENCH",
            bot_token=token,
            bot_id="B0BENCH",
            bot_user_id="U0BENCHBOT",
        )

    async def open_form(ack: AsyncAck, command: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=command["trigger_id"], view=form)
        await ack()

    async def store_ticket(ack: AsyncAck, view: dict[str, Any], body: dict[str, Any]) -> None:
        values = view["state"]["values"]
        ticket = {
            "_id": view["id"],
            "by": body["user"]["id"],
            "title": values["title"]["value"]["value"],
            "description": values["description"]["value"]["value"],
        }
        await tickets.insert_one(ticket)
        await ack()

    app = AsyncApp(
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        client=client,
        authorize=authorize,
        process_before_response=True,
    )
    app.command("/ticket")(open_form)
    app.view("new_ticket")(store_ticket)
    return app


async def main(form: dict[str, Any]) -> None:
    """Serve until killed."""
    # At level DEBUG slack_sdk formats each form for its log, even if nothing is logged.
    logging.getLogger("slack_sdk").setLevel(logging.WARNING)
    mongo: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        os.environ["MONGODB_URI"], w="majority", journal=True
    )
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token=os.environ["SLACK_BOT_TOKEN"],
            base_url=os.environ["SLACK_API_URL"],
            session=session,
            retry_handlers=[],
            logger=logging.getLogger("slack_sdk"),
        )
        app = build_app(client, mongo[os.environ["MONGODB_DATABASE"]].bare, form)
        runner = web.AppRunner(app.web_app(path="/slack/events"), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", int(os.environ["PORT"])).start()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(json.loads(Path(os.environ["FORM"]).read_text("utf-8"))))
