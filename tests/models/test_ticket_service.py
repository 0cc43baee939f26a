"""What the desk knows of people and of submissions, and how that changes."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.clock import utc_now
from models.ticket_service import TicketService
from models.tickets.ticket import Draft
from models.tickets.workflow import Move
from models.triage.result import Engine, Priority, Triage
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.state.faults import Fault
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.service_factory import run_service


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    """A workspace."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers, slack: Workspace) -> AsyncIterator[TicketService]:
    """A desk of that workspace."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_service(servers, **settings) as service:
        yield service


@pytest.fixture(scope="module")
def person(slack: Workspace) -> Person:
    """Somebody in the workspace."""
    return slack.add_person("sam", real_name="Sam Hill", email="sam@acme.example")


async def read_since(service: TicketService, person: Person, since: timedelta) -> None:
    """As if the person's profile had been read so long ago."""
    await service.members.update_member("T1", person.id, profiled_at=utc_now() - since)


async def test_who_changes_the_address_is_known_by_the_new_one(
    service: TicketService, person: Person
) -> None:
    assert (await service.member_with_profile("T1", person.id)).email == "sam@acme.example"
    person.member.email = "hill@acme.example"

    await read_since(service, person, timedelta(hours=11))
    assert (await service.member_with_profile("T1", person.id)).email == "sam@acme.example"

    await read_since(service, person, timedelta(hours=13))
    assert (await service.member_with_profile("T1", person.id)).email == "hill@acme.example"


async def test_an_old_profile_is_better_than_none(
    service: TicketService, slack: Workspace, person: Person
) -> None:
    await service.member_with_profile("T1", person.id)
    await read_since(service, person, timedelta(days=2))
    slack.faults.add("users.info", Fault(status=503), times=1)

    assert (await service.member_with_profile("T1", person.id)).name == "Sam Hill"


def draft(title: str, *, key: str) -> Draft:
    """What somebody has sent."""
    return Draft(key=key, team_id="T1", requester="UADA", title=title)


async def test_what_is_changed_before_it_is_sent_again_is_in_the_ticket(
    service: TicketService,
) -> None:
    first = await service.open_ticket(draft("VPN is down", key="view:changed"))
    again = await service.open_ticket(draft("VPN is down in Berlin", key="view:changed"))

    stored, _ = await service.tickets.get_ticket(first.id)
    assert (again.id, stored.title) == (first.id, "VPN is down in Berlin")
    assert len(stored.history) == 1


async def test_a_ticket_at_which_somebody_works_stays_as_it_was_sent(
    service: TicketService,
) -> None:
    first = await service.open_ticket(draft("VPN is down", key="view:worked"))
    triage = Triage(
        category="Access",
        priority=Priority.NORMAL,
        summary="VPN",
        engine=Engine.BUILTIN,
        confidence=1,
    )
    await service.move(first.id, Move.TRIAGE, actor=None, triage=triage)

    again = await service.open_ticket(draft("VPN is up", key="view:worked"))

    assert again.id == first.id
    assert again.title == (await service.tickets.get_ticket(first.id))[0].title == "VPN is down"
