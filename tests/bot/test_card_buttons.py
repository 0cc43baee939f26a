"""Card buttons: the card shows the newest state in the end."""

import asyncio

from slack_bolt.async_app import AsyncAck

from jobs.steps.refresh_cards import refresh_cards
from jobs.steps.send_cards import dm_assignee
from models.people.member import Role
from models.tickets.actions import Verb
from models.tickets.incident import with_incident
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.state.faults import Fault
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_services, worker_services

TEAM = "T0FRONT01"


async def test_a_card_is_redrawn_if_an_incident_changes_it_meanwhile(
    servers: DatabaseServers,
) -> None:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        bob = slack.add_person("bob", real_name="Bob", email="bob@acme.example")
        settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
        async with run_services(servers, **settings) as services:
            worker, slack_answers = worker_services(services), asyncio.Event()
            await services.members.set_role(TEAM, bob.id, role=Role.MODERATOR)
            draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
            ticket_id = (await services.ticket_service.open_ticket(draft)).id
            await services.ticket_service.move(
                ticket_id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
            )
            offered = await services.ticket_service.move(
                ticket_id, Verb.OFFER, actor=None, assignee=bob.id, offered_to=bob.id
            )
            await attempt_step(worker, Step.DM_ASSIGNEE, dm_assignee, ticket_id)
            [card] = bob.messages
            body = {
                "actions": [{"value": f"{ticket_id}:{offered.state_version}"}],
                "user": {"id": bob.id, "team_id": TEAM},
                "container": {"channel_id": card.channel, "message_ts": card.ts},
            }
            slack.faults.add("chat.update", Fault(release_event=slack_answers), times=1)

            await services.card_buttons.handle_move(Verb.CLAIM, ack=AsyncAck(), body=body)
            await slack.wait_until(lambda: slack.traffic_log.api_calls("chat.update"))
            await services.ticket_service.update_ticket(ticket_id, with_incident("T-7"))
            await attempt_step(worker, Step.REFRESH_CARDS, refresh_cards, ticket_id)
            slack_answers.set()
            await services.background.wait(timeout_seconds=10)
            # If Slack has answered too late for the bot, a worker redraws the card.
            await attempt_step(worker, Step.REFRESH_CARDS, refresh_cards, ticket_id)

            [card] = bob.messages
            assert "T-7 reports the same" in card.visible_text
            assert "You have it" in card.visible_text
