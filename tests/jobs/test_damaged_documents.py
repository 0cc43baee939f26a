"""Damaged documents in every collection stop no ticket, no list and no other document."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from pydantic import SecretStr

from jobs.runner.step_context import StepContext
from jobs.runner.step_runner import run_due_steps
from jobs.steps.triage_ticket import triage_ticket
from jobs.worker import STEP_FUNCTIONS
from models.engine.training_store import TrainingStore
from models.infra.database import Database
from models.people.member import Role
from models.search.event_feed import Cursor
from models.search.search import Search
from models.search.solution_index import SolutionIndex
from models.ticket_service import TicketService
from models.tickets.action import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Status, Ticket
from models.triage.similarity import MIN_SIMILARITY
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import new_ticket
from tests.service_factory import attempt_step, run_service
from tests.stored_documents import (
    ADMIN,
    MODERATOR,
    all_documents,
    collection_names,
    store_damaged_copies,
    store_one_document_in_each_collection,
)

TEAM = "T0FRONT01"
Read = Callable[[TicketService], Awaitable[Sequence[object]]]
# A ticket id or Slack id is never read as a whole document by anybody else.
_SURVIVORS = ("tickets", "members")


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def service(servers: DatabaseServers, slack: Workspace) -> AsyncIterator[TicketService]:
    """A service with a document in every collection."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_service(servers, **settings) as service:
        await store_one_document_in_each_collection(service, TEAM)
        yield service


async def test_every_collection_has_a_document(service: TicketService) -> None:
    """Otherwise the other tests damage nothing in it."""
    names = collection_names(service)

    assert [name for name in names if not await all_documents(service, name)] == []


@pytest.mark.fault("F36")
@pytest.mark.parametrize("damage", ["copies", "replaced", "emptied ids"])
async def test_ticket_reaches_its_end(
    service: TicketService, slack: Workspace, damage: str
) -> None:
    await _damage(service, damage)
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    bob = slack.add_person("bob", real_name="Bob", email="bob@acme.example")
    await service.member_with_profile(TEAM, ada.id)
    moderator = await service.members.set_role(TEAM, bob.id, role=Role.MODERATOR, skills=["vpn"])
    await service.members.set_role(TEAM, MODERATOR, role=Role.USER)
    draft = Draft(key="view:2", team_id=TEAM, requester=ada.id, title="My VPN is down again")

    ticket = await service.open_ticket(draft)
    offered = await _run_steps(service, ticket)
    assert (offered.status, offered.assignee) == (Status.OFFERED, bob.id)
    await service.move(ticket.id, Verb.CLAIM, actor=moderator)
    await service.move(ticket.id, Verb.RESOLVE, actor=moderator, solution="Restart it")
    resolved = await _run_steps(service, ticket)

    assert resolved.status is Status.RESOLVED
    # The receiver of the webhook does not exist.
    assert {entry.step for entry in resolved.pending} <= {Step.DELIVER_WEBHOOKS}
    assert any("Did this solve it?" in message.visible_text for message in ada.messages)


async def _damage(service: TicketService, damage: str) -> None:
    if damage == "copies":
        return await store_damaged_copies(service)
    for name in collection_names(service):
        collection = getattr(service.database, name)
        for document in await all_documents(service, name):
            if damage == "emptied ids" and name not in _SURVIVORS:
                await collection.replace_one({"_id": document["_id"]}, {"team_id": TEAM})
            elif damage == "replaced":
                await collection.insert_one({"_id": f"damaged-{name}", "team_id": TEAM})
                break
    if damage == "emptied ids":
        # The counter is the only document that tells the next number.
        await service.database.upsert("counters", "tickets", {"$set": {"last": 1}})
    return None


async def _run_steps(service: TicketService, ticket: Ticket) -> Ticket:
    context = StepContext(service, None)
    for _ in range(3):
        await run_due_steps(context, STEP_FUNCTIONS, ticket.id, is_stopping=lambda: False)
    context.model_cache.stop()
    return (await service.tickets.get_ticket(ticket.id))[0]


async def _visible_tickets(service: TicketService, terms: str = "") -> Sequence[object]:
    member = await service.members.get_or_create_member(TEAM, ADMIN)
    tickets = await service.search.visible_tickets(
        member, before_id="", limit=500, terms=terms, filters={}
    )
    return [ticket.id for ticket in tickets]


async def _events(service: TicketService) -> Sequence[object]:
    member = await service.members.get_or_create_member(TEAM, ADMIN)
    cursors: list[Cursor] = []
    page = await service.event_feed.read_page(None, member, limit=50)
    while page.events:
        cursors += [event.cursor for event in page.events]
        page = await service.event_feed.read_page(page.next_cursor, member, limit=50)
    return cursors


async def _ticket_events(service: TicketService) -> Sequence[object]:
    ticket, _ = await service.tickets.get_ticket("T-1")
    return await service.event_log.events(ticket)


async def _similar_tickets(service: TicketService) -> Sequence[object]:
    ticket = new_ticket(id="T-900", title="My VPN is down").model_copy(update={"team_id": TEAM})
    return await service.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY)


async def _webhook_deliveries(service: TicketService) -> Sequence[object]:
    webhook = (await service.webhooks.list_webhooks(TEAM))[0]
    return await service.webhooks.recent_deliveries(TEAM, webhook.id)


async def _settings(service: TicketService) -> Sequence[object]:
    return [await service.workspace_settings.load(TEAM)]


async def _taxonomy(service: TicketService) -> Sequence[object]:
    return [await service.taxonomies.get_taxonomy(TEAM)]


async def _counters(service: TicketService) -> Sequence[object]:
    return [await service.tickets.last_number(), await service.training_store.version(TEAM)]


# By collection: what lists its documents.
READS: dict[str, Sequence[Read]] = {
    "tickets": (
        _visible_tickets,
        lambda service: _visible_tickets(service, "vpn"),
        _events,
        _similar_tickets,
    ),
    "ticket_events": (_ticket_events, _events),
    "members": (lambda service: service.members.moderators(TEAM),),
    "tokens": (lambda service: service.api_tokens.active_tokens(TEAM, ADMIN),),
    "audit": (lambda service: service.audit_log.entries(TEAM),),
    "webhooks": (lambda service: service.webhooks.list_webhooks(TEAM),),
    "deliveries": (_webhook_deliveries,),
    "lessons": (
        lambda service: service.training_store.latest(TEAM, limit=500),
        lambda service: service.training_store.judged_triages(TEAM, limit=500),
    ),
    "sent": (lambda service: service.ai_request_log.list_for_ticket(TEAM, "T-1", limit=500),),
    "solutions": (_similar_tickets,),
    "configurations": (_taxonomy,),
    "workspace_settings": (_settings,),
    "counters": (_counters,),
}
# Only their existence counts, or a damaged one is replaced when it is read.
READ_BY_ID_ALONE = {"links", "alarms", "migrations", "unreadable"}


async def test_each_collection_is_read_by_a_tolerant_reader(service: TicketService) -> None:
    assert READS.keys() | READ_BY_ID_ALONE == set(collection_names(service))
    assert READS.keys() <= service.database.parsers.keys()


@pytest.mark.parametrize("collection", READS)
@pytest.mark.fault("F36")
async def test_sound_documents_are_listed_beside_damaged_ones(
    service: TicketService, collection: str
) -> None:
    before = [await read(service) for read in READS[collection]]
    assert all(before)

    await store_damaged_copies(service)

    for read, sound in zip(READS[collection], before, strict=True):
        listed = await read(service)
        assert [one for one in sound if one not in listed] == []


@pytest.fixture
async def service_without_search(
    service: TicketService,
) -> AsyncIterator[TicketService]:
    """The service, with a search and training examples in a database that does not answer."""
    uri = SecretStr(f"mongodb://127.0.0.1:{find_free_port()}")
    database = Database(uri, "none", timeout_seconds=0.2)
    search = Search(database, service.tickets, service.members, SolutionIndex(database))
    yield replace(service, search=search, training_store=TrainingStore(database))
    database.close()


async def test_failing_search_and_examples_do_not_stop_triage(
    service_without_search: TicketService,
) -> None:
    service = service_without_search
    draft = Draft(key="view:2", team_id=TEAM, requester="UADA", title="My VPN is down again")
    ticket = await service.open_ticket(draft)

    await attempt_step(StepContext(service, None), Step.TRIAGE, triage_ticket, ticket.id)

    triaged, _ = await service.tickets.get_ticket(ticket.id)
    assert triaged.status is Status.TRIAGED
    assert triaged.triage
    assert triaged.triage.category == "Network"
    assert (triaged.similar, triaged.incident) == ((), "")
