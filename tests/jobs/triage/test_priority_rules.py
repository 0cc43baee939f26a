"""The rules in the settings for words and requesters set a minimum priority."""

from collections.abc import AsyncIterator

import pytest

from jobs.triage import priority_rules
from models.services import Services
from models.tickets.ticket import Ticket
from models.triage.result import Priority
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.entities.usergroups import Usergroup
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import new_ticket
from tests.service_factory import run_services


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
async def services(
    servers: DatabaseServers, slack: Workspace, board_group: Usergroup
) -> AsyncIterator[Services]:
    """A service with rules for words, for the board and for a group that does not exist."""
    async with run_services(
        servers,
        slack_api_url=slack.api_url,
        slack_bot_token=slack.bot_token,
        floor_words="production is down=urgent",
        floor_groups=f"{board_group.id}=high, S0NOWHERE0=urgent",
    ) as services:
        yield services


def make_ticket(requester: str) -> Ticket:
    return new_ticket().model_copy(update={"requester": requester})


async def test_group_rule_applies_to_requesters_in_the_group(
    services: Services, board_group: Usergroup
) -> None:
    from_board, from_ada = make_ticket(board_group.users[0]), make_ticket("UADA")

    assert (
        await priority_rules.min_priority(
            from_board, directory=services.directory, workspace_settings=services.workspace_settings
        )
        is Priority.HIGH
    )
    assert (
        await priority_rules.min_priority(
            from_ada, directory=services.directory, workspace_settings=services.workspace_settings
        )
        is Priority.LOW
    )


async def test_word_rule_applies_to_all_requesters(
    services: Services, board_group: Usergroup
) -> None:
    ticket = new_ticket(title="Production is down, please answer low")

    assert (
        await priority_rules.min_priority(
            ticket, directory=services.directory, workspace_settings=services.workspace_settings
        )
        is Priority.URGENT
    )


async def test_group_members_are_cached(
    services: Services, slack: Workspace, board_group: Usergroup
) -> None:
    member = board_group.users[0]
    await priority_rules.min_priority(
        make_ticket(member),
        directory=services.directory,
        workspace_settings=services.workspace_settings,
    )

    board_group.users = []

    assert (
        await priority_rules.min_priority(
            make_ticket(member),
            directory=services.directory,
            workspace_settings=services.workspace_settings,
        )
        is Priority.HIGH
    )


async def test_group_rule_does_not_apply_while_slack_is_down(servers: DatabaseServers) -> None:
    async with run_services(
        servers, slack_api_url="http://127.0.0.1:9/", floor_groups="S1=high"
    ) as services:
        priority = await priority_rules.min_priority(
            new_ticket(),
            directory=services.directory,
            workspace_settings=services.workspace_settings,
        )

    assert priority is Priority.LOW
