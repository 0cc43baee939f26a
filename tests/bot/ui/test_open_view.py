"""Modals that Slack does not open, fill or replace: the person reads why, or Frontdesk retries."""

from collections.abc import AsyncIterator

import pytest

from bot.ui.form_fields import input_field, text_input
from bot.ui.open_view import open_view, push_view
from bot.ui.views import form_view, notice_view
from models.errors import UserFacingError
from models.people.member import Role
from models.services import Services
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.state.faults import Fault
from sandbox.slack.workspace import Workspace
from tests.bot.bot_server import TEAM, run_bot_server
from tests.project import MANIFEST

FORM = form_view(
    "hand_over", "Hand over", [input_field("to", "To", text_input(max_length=9))], submit="Save"
)
PAGE = notice_view("T-1 is confidential.")


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def services(slack: Workspace, servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_bot_server(slack, servers) as services:
        yield services


@pytest.fixture
async def grace(slack: Workspace, services: Services) -> AsyncIterator[Person]:
    """An admin; Slack works again after the test."""
    name = f"grace{len(slack.people)}"
    grace = slack.add_person(name, real_name=name, email=f"{name}@acme.example")
    await services.members.set_role(TEAM, grace.id, role=Role.ADMIN)
    yield grace
    slack.faults.clear()


async def click(person: Person, button: str) -> None:
    assert person.modal
    await person.click(person.modal, button)


async def wait_for_text(slack: Workspace, person: Person, text: str) -> None:
    """Wait until the top modal shows this text."""
    await slack.wait_until(
        lambda: person.modal and text in person.modal.visible_text, waiting_for=text
    )


async def open_settings(slack: Workspace, person: Person) -> None:
    await person.type_text("/ticket admin")
    await wait_for_text(slack, person, "System health")


async def test_error_says_what_slack_did_not_open(services: Services) -> None:
    body = {"trigger_id": "expired"}

    with pytest.raises(UserFacingError, match=r"did not open the form\. Please try again\."):
        await open_view(services.slack, body, FORM)
    with pytest.raises(UserFacingError, match=r"did not open the page\. Please try again\."):
        await push_view(services.slack, body, PAGE)


async def test_reason_opens_when_slack_does_not_open_a_page(
    slack: Workspace, grace: Person
) -> None:
    await open_settings(slack, grace)
    slack.faults.add("views.push", Fault(error="internal_error"), times=1)

    await click(grace, "Audit log")

    await wait_for_text(slack, grace, "Slack did not open the page. Please try again.")


async def test_reason_opens_on_top_when_slack_does_not_replace_a_page(
    slack: Workspace, grace: Person
) -> None:
    await open_settings(slack, grace)
    slack.faults.add("views.update", Fault(error="internal_error"), times=1)

    await click(grace, "Members")

    await wait_for_text(slack, grace, "Slack does not answer. Close this page and try again")
    await grace.close_modal()
    await click(grace, "Members")
    await wait_for_text(slack, grace, "All settings")
    slack.faults.add("views.update", Fault(error="internal_error"), times=1)
    await click(grace, "All settings")
    await wait_for_text(slack, grace, "Slack does not answer. Close this page and try again")


async def test_page_is_filled_when_slack_answers_again(slack: Workspace, grace: Person) -> None:
    slack.faults.add("views.update", Fault(error="internal_error"), times=2)

    await grace.type_text("/ticket admin")

    assert grace.modal
    assert "close this page and try again" in grace.modal.visible_text
    await wait_for_text(slack, grace, "System health")
