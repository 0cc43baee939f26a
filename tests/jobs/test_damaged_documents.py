"""A damaged document in every collection stops no ticket, no list and no other document."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from jobs.runner.step_context import StepContext
from jobs.runner.step_runner import run_due_steps
from jobs.worker import STEP_FUNCTIONS
from models.access.api_token import Scope
from models.clock import utc_now
from models.health_checks import run_health_checks
from models.infra.document_reader import list_unreadable
from models.people.member import Member, Role
from models.ticket_service import TicketService
from models.tickets.action import Verb
from models.tickets.ticket import Draft, Status, Ticket
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.service_factory import run_service

TEAM = "T0FRONT01"
# Readers of these ask for one document by its id, and never list them.
NEVER_LISTED = {
    "counters",
    "configurations",
    "workspace_settings",
    "alarms",
    "links",
    "migrations",
    "unreadable",
}


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def service(servers: DatabaseServers, slack: Workspace) -> AsyncIterator[TicketService]:
    """A service whose database has a damaged document in every collection."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_service(servers, **settings) as service:
        for name in collection_names(service):
            damaged = {
                "_id": f"damaged-{name}",
                "team_id": TEAM,
                "at": utc_now() - timedelta(minutes=1),
                "number": 1,
                "role": "moderator",
                "status": "new",
                "words": ["vpn"],
                "due": utc_now() - timedelta(minutes=1),
                "key": f"damaged-{name}",
            }
            await getattr(service.database, name).insert_one(damaged)
        yield service


def collection_names(service: TicketService) -> list[str]:
    """The names of all collections in the code."""
    attributes = vars(service.database).items()
    return [name for name, value in attributes if getattr(value, "name", "") == name]


async def test_a_ticket_reaches_its_end(service: TicketService, slack: Workspace) -> None:
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    bob = slack.add_person("bob", real_name="Bob", email="bob@acme.example")
    moderator = await service.members.set_role(TEAM, bob.id, role=Role.MODERATOR, skills=["vpn"])
    words = [f"{TEAM}:vpn", f"{TEAM}:down"]
    await service.database.solutions.insert_many([{"_id": word} for word in words])
    await service.database.webhooks.insert_one({"_id": "w" * 32, "team_id": TEAM, "url": "x"})
    draft = Draft(key="view:1", team_id=TEAM, requester=ada.id, title="My VPN is down again")

    ticket = await service.open_ticket(draft)
    assert (await run_steps(service, ticket)).status is Status.OFFERED
    await service.move(ticket.id, Verb.CLAIM, actor=moderator)
    await service.move(ticket.id, Verb.RESOLVE, actor=moderator, solution="Restart it")
    resolved = await run_steps(service, ticket)

    assert resolved.status is Status.RESOLVED
    assert resolved.pending == ()
    assert any("Did this solve it?" in message.visible_text for message in ada.messages)


async def run_steps(service: TicketService, ticket: Ticket) -> Ticket:
    context = StepContext(service, None)
    for _ in range(3):
        await run_due_steps(context, STEP_FUNCTIONS, ticket.id, is_stopping=lambda: False)
    context.model_cache.stop()
    return (await service.tickets.get_ticket(ticket.id))[0]


async def test_lists_leave_the_damaged_documents_out(service: TicketService) -> None:
    admin = await service.members.set_role(TEAM, "UGRACE", role=Role.ADMIN)
    await service.webhooks.add(admin, url="https://desk.example/hook")
    _, token = await service.api_tokens.issue_token(
        admin, name="ci", scopes=[Scope.READ], lifetime=timedelta(days=1)
    )
    await service.audit_log.record(admin, "set role", "UBOB")
    draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="My VPN is down")
    ticket = await service.open_ticket(draft)

    assert [one.slack_id for one in await service.members.moderators(TEAM)] == ["UGRACE"]
    assert [one.url for one in await service.webhooks.list_webhooks(TEAM)] == [
        "https://desk.example/hook"
    ]
    assert await service.api_tokens.active_tokens(TEAM, "UGRACE") == [token]
    assert [one.what for one in await service.audit_log.entries(TEAM)] == ["set role"]
    assert await service.training_store.latest(TEAM, limit=9) == []
    assert await service.training_store.judged_triages(TEAM, limit=9) == []
    viewer = Member(team_id=TEAM, slack_id="UGRACE", role=Role.ADMIN, trusted=True)
    for terms in ("", "vpn"):
        tickets = await service.search.visible_tickets(
            viewer, before_id="", limit=9, terms=terms, filters={}
        )
        assert [one.id for one in tickets] == [ticket.id]


async def test_the_health_check_names_them_until_they_are_repaired(
    service: TicketService,
) -> None:
    await service.members.moderators(TEAM)
    await service.webhooks.list_webhooks(TEAM)
    await service.audit_log.entries(TEAM)

    report = await run_health_checks(service)

    assert {one.collection for one in report.unreadable} == {"members", "webhooks", "audit"}
    reasons = {one.collection: one.reason for one in report.unreadable}
    assert "secret: Field required" in reasons["webhooks"]
    assert await service.webhooks.remove(TEAM, "damaged-webhooks")
    await service.database.audit.delete_one({"_id": "damaged-audit"})
    assert [one.collection for one in await list_unreadable(service.database)] == ["members"]


async def test_each_listed_collection_has_a_tolerant_reader(service: TicketService) -> None:
    listed = set(collection_names(service)) - NEVER_LISTED

    # Lists of solved tickets hold ids only, and are read without a model.
    assert listed <= set(service.database.parsers)
