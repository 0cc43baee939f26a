"""The rules in the settings for words and requesters set a minimum priority."""

from collections.abc import AsyncIterator

import pytest

from jobs.runner.step_context import StepContext
from jobs.triage import priority_rules
from models.ticket_service import TicketService
from models.tickets.ticket import Ticket
from models.triage.result import Priority
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.entities.usergroups import Usergroup
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import new_ticket
from tests.service_factory import run_service


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
def board_group(slack: Workspace) -> Usergroup:
    """A user group with Ivy in it."""
    ivy = slack.add_person("ivy", real_name="Ivy", email="ivy@acme.example")
    return slack.add_usergroup("board", name="Board", users=[ivy])


@pytest.fixture(scope="module")
async def service(
    servers: DatabaseServers, slack: Workspace, board_group: Usergroup
) -> AsyncIterator[TicketService]:
    """A service with rules for words, for the board and for a group that does not exist."""
    async with run_service(
        servers,
        slack_api_url=slack.api_url,
        slack_bot_token=slack.bot_token,
        floor_words="production is down=urgent",
        floor_groups=f"{board_group.id}=high, S0NOWHERE0=urgent",
    ) as service:
        yield service


def make_ticket(requester: str) -> Ticket:
    return new_ticket().model_copy(update={"requester": requester})


async def test_group_rule_applies_to_requesters_in_the_group(
    service: TicketService, board_group: Usergroup
) -> None:
    context = StepContext(service=service, gemini=None)
    from_board, from_ada = make_ticket(board_group.users[0]), make_ticket("UADA")

    assert await priority_rules.min_priority(context, from_board) is Priority.HIGH
    assert await priority_rules.min_priority(context, from_ada) is Priority.LOW


async def test_word_rule_applies_to_all_requesters(
    service: TicketService, board_group: Usergroup
) -> None:
    context = StepContext(service=service, gemini=None)
    ticket = new_ticket(title="Production is down, please answer low")

    assert await priority_rules.min_priority(context, ticket) is Priority.URGENT


async def test_group_members_are_cached(
    service: TicketService, slack: Workspace, board_group: Usergroup
) -> None:
    context = StepContext(service=service, gemini=None)
    member = board_group.users[0]
    await priority_rules.min_priority(context, make_ticket(member))

    board_group.users = []

    assert await priority_rules.min_priority(context, make_ticket(member)) is Priority.HIGH


async def test_group_rule_does_not_apply_while_slack_is_down(servers: DatabaseServers) -> None:
    async with run_service(
        servers, slack_api_url="http://127.0.0.1:9/", floor_groups="S1=high"
    ) as service:
        priority = await priority_rules.min_priority(
            StepContext(service=service, gemini=None), new_ticket()
        )

    assert priority is Priority.LOW
