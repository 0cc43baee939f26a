"""A button is pressed: what the bot draws under the finger is what is so in the end."""

import asyncio
from pathlib import Path

from slack_bolt.async_app import AsyncAck

from bot.background import Background
from bot.pressing import press
from jobs.notify import dm_assignee
from jobs.refresh_cards import refresh_cards
from jobs.retrying import Tools
from models.flow import Move
from models.incident import joining
from models.member import Role
from models.step import Step
from models.ticket import Draft
from sandbox.servers import Servers
from sandbox.slack.faults import Fault
from sandbox.slack.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.desks import desk_on, do_step
from tests.models.desk_words import triage

TEAM = "T0FRONT01"
MANIFEST = Path(__file__).parents[2] / "manifest.yml"


async def test_what_an_incident_overtakes_is_drawn_again(servers: Servers) -> None:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        bob = slack.add_person("bob", real_name="Bob", email="bob@acme.example")
        settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
        async with desk_on(servers, **settings) as desk:
            tools, background, late = Tools(desk, None), Background(), asyncio.Event()
            await desk.store.set_role(TEAM, bob.id, role=Role.MODERATOR)
            draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
            of = (await desk.open_ticket(draft)).id
            await desk.move(of, Move.TRIAGE, by=None, triage=triage("vpn"))
            offered = await desk.move(of, Move.OFFER, by=None, assignee=bob.id, offered_to=bob.id)
            await do_step(tools, Step.DM_ASSIGNEE, dm_assignee, of)
            [card] = bob.messages
            pressed = {
                "actions": [{"value": f"{of}:{offered.version}"}],
                "user": {"id": bob.id, "team_id": TEAM},
                "container": {"channel_id": card.channel, "message_ts": card.ts},
            }
            slack.faults.add("chat.update", Fault(until=late), times=1)

            await press(Move.CLAIM, ack=AsyncAck(), body=pressed, desk=desk, background=background)
            await slack.until(lambda: slack.journal.calls("chat.update"))
            await desk.amend(of, joining("T-7"))
            await do_step(tools, Step.REFRESH_CARDS, refresh_cards, of)
            late.set()
            await background.wait(seconds=10)
            # Should Slack have been too late for the bot, a worker draws it.
            await do_step(tools, Step.REFRESH_CARDS, refresh_cards, of)

            [card] = bob.messages
            assert "T-7 says the same" in card.says
            assert "You have it" in card.says
