"""The ticket service: profiles of members, and repeated submissions."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.clock import utc_now
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.ticket import Draft
from models.triage.result import Engine, Priority, Triage
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.state.faults import Fault
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.service_factory import run_services


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers, slack: Workspace) -> AsyncIterator[Services]:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_services(servers, **settings) as services:
        yield services


@pytest.fixture(scope="module")
def person(slack: Workspace) -> Person:
    return slack.add_person("sam", real_name="Sam Hill", email="sam@acme.example")


async def set_profile_age(services: Services, person: Person, age: timedelta) -> None:
    await services.members.update_member("T1", person.id, profiled_at=utc_now() - age)


async def test_changed_address_is_read_after_twelve_hours(
    services: Services, person: Person
) -> None:
    assert (
        await services.directory.member_with_profile("T1", person.id)
    ).email == "sam@acme.example"
    person.member.email = "hill@acme.example"

    await set_profile_age(services, person, timedelta(hours=11))
    assert (
        await services.directory.member_with_profile("T1", person.id)
    ).email == "sam@acme.example"

    await set_profile_age(services, person, timedelta(hours=13))
    assert (
        await services.directory.member_with_profile("T1", person.id)
    ).email == "hill@acme.example"


async def test_stale_profile_is_used_while_slack_is_down(
    services: Services, slack: Workspace, person: Person
) -> None:
    await services.directory.member_with_profile("T1", person.id)
    await set_profile_age(services, person, timedelta(days=2))
    slack.faults.add("users.info", Fault(status=503), times=1)

    assert (await services.directory.member_with_profile("T1", person.id)).name == "Sam Hill"


def make_draft(title: str, *, key: str) -> Draft:
    return Draft(key=key, team_id="T1", requester="UADA", title=title)


async def test_second_submission_replaces_the_text_of_a_new_ticket(
    services: Services,
) -> None:
    first = await services.ticket_service.open_ticket(make_draft("VPN is down", key="view:changed"))
    second = await services.ticket_service.open_ticket(
        make_draft("VPN is down in Berlin", key="view:changed")
    )

    stored, _ = await services.tickets.get_ticket(first.id)
    assert (second.id, stored.title) == (first.id, "VPN is down in Berlin")
    assert len(stored.history) == 1


async def test_second_submission_does_not_change_a_triaged_ticket(
    services: Services,
) -> None:
    first = await services.ticket_service.open_ticket(make_draft("VPN is down", key="view:worked"))
    triage = Triage(
        category="Access",
        priority=Priority.NORMAL,
        summary="VPN",
        engine=Engine.BUILTIN,
        confidence=1,
    )
    await services.ticket_service.move(first.id, Verb.TRIAGE, actor=None, triage=triage)

    second = await services.ticket_service.open_ticket(make_draft("VPN is up", key="view:worked"))

    assert second.id == first.id
    stored, _ = await services.tickets.get_ticket(first.id)
    assert second.title == stored.title == "VPN is down"
