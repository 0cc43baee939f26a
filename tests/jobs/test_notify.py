"""A card that was overtaken before it was noted is drawn again, even without a move."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs.notify import dm_assignee
from jobs.refresh_cards import refresh_cards
from jobs.retrying import Tools
from models.desk import Desk
from models.flow import Move
from models.holding import Holding
from models.incident import joining
from models.member import Role
from models.step import Step
from models.ticket import Draft
from sandbox.servers import Servers
from sandbox.slack.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.desks import desk_on, do_step
from tests.models.desk_words import triage

TEAM = "T0FRONT01"
MANIFEST = Path(__file__).parents[2] / "manifest.yml"


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    """A workspace without anybody in it."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def desk(servers: Servers, slack: Workspace) -> AsyncIterator[Desk]:
    """The desk that serves it."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with desk_on(servers, **settings) as desk:
        yield desk


async def draws_anew(desk: Desk, ticket_id: str) -> None:
    await do_step(Tools(desk, None), Step.REFRESH_CARDS, refresh_cards, ticket_id)


async def test_a_card_that_an_incident_overtakes_shows_it(desk: Desk, slack: Workspace) -> None:
    bob = slack.add_person("bob", real_name="Bob", email="bob@acme.example")
    await desk.store.set_role(TEAM, bob.id, role=Role.MODERATOR)
    draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
    ticket = await desk.open_ticket(draft)
    await desk.move(ticket.id, Move.TRIAGE, by=None, triage=triage("vpn"))
    await desk.move(ticket.id, Move.OFFER, by=None, assignee=bob.id, offered_to=bob.id)
    holding = Holding(ticket.id, frozenset({Step.DM_ASSIGNEE}), lambda: False)
    taken = await desk.take(holding)
    [leased] = taken.steps

    sent = await dm_assignee(Tools(desk, None), taken.ticket, leased)
    await desk.amend(ticket.id, joining("T-7"))
    # Whoever draws anew now knows of no card yet.
    await draws_anew(desk, ticket.id)
    await desk.finish(holding, leased, sent)
    await draws_anew(desk, ticket.id)

    [card] = bob.messages
    assert "T-7 says the same" in card.says
