"""A webhook receives every event of a ticket, even when the worker is killed meanwhile."""

import asyncio
import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256

from aiohttp import web

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import expire_leases, open_ticket, wait_until_no_pending_steps

SECRET = "a shared secret"


@HTTP_ONLY
async def test_webhook_receives_every_event(world: World, personas: Personas) -> None:
    types: dict[str, str] = {}
    requested, killed = asyncio.Event(), asyncio.Event()

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        message = request.headers["Frontdesk-Timestamp"].encode() + b"." + body
        mac = hmac.new(SECRET.encode(), message, sha256).hexdigest()
        assert request.headers["Frontdesk-Signature"] == f"v1={mac}"
        if not killed.is_set():
            requested.set()
            await killed.wait()
            return web.Response(status=500)
        types[request.headers["Frontdesk-Delivery"]] = json.loads(body)["type"]
        return web.Response()

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await world.database.webhooks.insert_one(
        {
            "_id": "w",
            "team_id": world.slack.team_id,
            "url": f"http://127.0.0.1:{runner.addresses[0][1]}/",
            "secret": SECRET,
            "created_at": datetime.now(UTC),
            "created_by": personas.grace.id,
        }
    )

    number = await open_ticket(personas.ada, "VPN is down")
    await asyncio.wait_for(requested.wait(), 10)
    await world.worker.kill()
    killed.set()
    await expire_leases(world)
    await world.worker.start()
    await personas.bob.click(await personas.bob.wait_for_message("Offered to you"), "Claim")
    await wait_until_no_pending_steps(world)
    await runner.cleanup()

    assert types == {
        f"w.{number}.{index}": f"ticket.{event}"
        for index, event in enumerate(("opened", "triaged", "offered", "claimed"), start=1)
    }
