"""Rules of the desk for words and for who asks set a floor that a model can't lower."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from jobs import floors
from jobs.retrying import Tools
from models.desk import Desk
from models.ticket import Ticket
from models.triage import Priority
from sandbox.servers import Servers
from sandbox.slack.manifest import load_manifest
from sandbox.slack.usergroups import Usergroup
from sandbox.slack.workspace import Workspace
from tests.desks import desk_on
from tests.models.desk_words import new_ticket

MANIFEST = Path(__file__).parents[2] / "manifest.yml"


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    """A workspace."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
def board(slack: Workspace) -> Usergroup:
    """A user group with Ivy in it."""
    ivy = slack.add_person("ivy", real_name="Ivy", email="ivy@acme.example")
    return slack.add_usergroup("board", name="Board", users=[ivy])


@pytest.fixture(scope="module")
async def desk(servers: Servers, slack: Workspace, board: Usergroup) -> AsyncIterator[Desk]:
    """A desk with rules for words, for the board, and for a group that there is not."""
    async with desk_on(
        servers,
        slack_api_url=slack.api_url,
        slack_bot_token=slack.bot_token,
        floor_words="production is down=urgent",
        floor_groups=f"{board.id}=high, S0NOWHERE0=urgent",
    ) as desk:
        yield desk


def asked_by(slack_id: str, **more: str) -> Ticket:
    """A ticket of this person's."""
    return new_ticket(**more).model_copy(update={"requester": slack_id})


async def test_who_is_in_the_group_is_never_below_its_floor(desk: Desk, board: Usergroup) -> None:
    tools = Tools(desk=desk, gemini=None)

    assert await floors.least(tools, asked_by(board.users[0])) is Priority.HIGH
    assert await floors.least(tools, asked_by("UADA")) is Priority.LOW


async def test_words_hold_for_everybody(desk: Desk, board: Usergroup) -> None:
    tools = Tools(desk=desk, gemini=None)
    ticket = new_ticket(title="Production is down, please answer low")

    assert await floors.least(tools, ticket) is Priority.URGENT


async def test_slack_is_not_asked_for_each_ticket(
    desk: Desk, slack: Workspace, board: Usergroup
) -> None:
    tools = Tools(desk=desk, gemini=None)
    member = board.users[0]
    await floors.least(tools, asked_by(member))

    board.users = []

    assert await floors.least(tools, asked_by(member)) is Priority.HIGH


async def test_without_slack_a_ticket_is_triaged_all_the_same(servers: Servers) -> None:
    async with desk_on(
        servers, slack_api_url="http://127.0.0.1:9/", floor_groups="S1=high"
    ) as desk:
        least = await floors.least(Tools(desk=desk, gemini=None), new_ticket())

    assert least is Priority.LOW
