"""A card that is overtaken while Slack has it is drawn again, even when there was no move."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.notify import dm_assignee, dm_requester
from jobs.refresh_cards import refresh_cards
from jobs.retrying import Tools, Work
from models.desk import Desk
from models.flow import Move
from models.holding import Holding
from models.incident import joining, reported
from models.member import Role
from models.step import Step
from models.ticket import Draft, Report, Ticket
from sandbox.servers import Servers
from sandbox.slack.manifest import load_manifest
from sandbox.slack.person import Person
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
async def bob(slack: Workspace) -> Person:
    return slack.add_person("bob", real_name="Bob", email="bob@acme.example")


@pytest.fixture
async def desk(servers: Servers, slack: Workspace, bob: Person) -> AsyncIterator[Desk]:
    """The desk that serves it; Bob is a moderator."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with desk_on(servers, **settings) as desk:
        await desk.store.set_role(TEAM, bob.id, role=Role.MODERATOR)
        yield desk


@pytest.fixture
async def offered(desk: Desk, bob: Person) -> Ticket:
    """A ticket that is offered to Bob, who has not been told yet."""
    draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
    ticket = await desk.open_ticket(draft)
    await desk.move(ticket.id, Move.TRIAGE, by=None, triage=triage("vpn"))
    return await desk.move(ticket.id, Move.OFFER, by=None, assignee=bob.id, offered_to=bob.id)


class At:
    """A worker at one step of a ticket: it has done it, and has not noted it yet."""

    def __init__(self, desk: Desk, ticket: Ticket, step: Step, work: Work) -> None:
        self._desk, self._work = desk, work
        self._holding = Holding(ticket.id, frozenset({step}), lambda: False)

    async def does(self) -> None:
        taken = await self._desk.take(self._holding)
        [self._leased] = taken.steps
        self._effect = await self._work(Tools(self._desk, None), taken.ticket, self._leased)

    async def notes(self) -> None:
        await self._desk.finish(self._holding, self._leased, self._effect)

    async def never_learns_of_it(self) -> None:
        """Slack has done it, and did not say so."""
        lost: dict[str, Any] = {"wait": timedelta(), "error": "no answer", "attempts": 1}
        await self._desk.put_off(self._holding, self._leased, tries=self._leased.tries, **lost)


async def draws_anew(desk: Desk, ticket: Ticket) -> None:
    await do_step(Tools(desk, None), Step.REFRESH_CARDS, refresh_cards, ticket.id)


async def test_a_card_that_an_incident_overtakes_shows_it(
    desk: Desk, bob: Person, offered: Ticket
) -> None:
    telling = At(desk, offered, Step.DM_ASSIGNEE, dm_assignee)

    await telling.does()
    await desk.amend(offered.id, joining("T-7"))
    # Whoever draws anew now knows of no card yet.
    await draws_anew(desk, offered)
    await telling.notes()
    await draws_anew(desk, offered)

    [card] = bob.messages
    assert "T-7 says the same" in card.says


async def test_a_drawing_that_an_incident_overtakes_is_done_again(
    desk: Desk, bob: Person, offered: Ticket
) -> None:
    await do_step(Tools(desk, None), Step.DM_ASSIGNEE, dm_assignee, offered.id)
    people = [Report(ticket_id=f"T-{number}", by=f"U{number}") for number in range(2, 6)]
    await desk.amend(offered.id, reported(people[:2]))
    drawing = At(desk, offered, Step.REFRESH_CARDS, refresh_cards)

    await drawing.does()
    await desk.amend(offered.id, reported(people))
    await drawing.notes()
    await draws_anew(desk, offered)

    [card] = bob.messages
    assert "5 people report this" in card.says


async def test_a_card_whose_drawing_got_lost_is_drawn_also_when_it_should_look_as_before(
    desk: Desk, slack: Workspace, bob: Person
) -> None:
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    draft = Draft(key="view:2", team_id=TEAM, requester=ada.id, title="VPN is down")
    ticket = await desk.open_ticket(draft)
    await desk.move(ticket.id, Move.TRIAGE, by=None, triage=triage("vpn"))
    await desk.move(ticket.id, Move.OFFER, by=None, assignee=bob.id, offered_to=bob.id)
    await do_step(Tools(desk, None), Step.DM_REQUESTER, dm_requester, ticket.id)
    [card] = ada.messages
    before = card.says
    await desk.move(ticket.id, Move.DECLINE, by=await desk.store.member(TEAM, bob.id))
    drawing = At(desk, ticket, Step.REFRESH_CARDS, refresh_cards)

    await drawing.does()
    await drawing.never_learns_of_it()
    [card] = ada.messages
    assert card.says != before
    await desk.move(ticket.id, Move.OFFER, by=None, assignee=bob.id, offered_to=bob.id)
    await draws_anew(desk, ticket)

    [card] = ada.messages
    assert card.says == before
