"""Damaged documents in every collection stop no ticket, no list and no other document."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
from pydantic import SecretStr

from jobs.engines.trained_engine import ModelCache
from jobs.runner.step_function import StepFunction
from jobs.steps.triage_ticket import triage_ticket
from jobs.worker import STEP_FUNCTIONS
from models.engine.training_store import TrainingStore
from models.infra.database import Database
from models.people.member import Role
from models.search.event_feed import Cursor
from models.search.search import Search
from models.search.solution_index import SolutionIndex
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Status, Ticket
from models.triage.similarity import MIN_SIMILARITY
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.sample_tickets import new_ticket
from tests.service_factory import attempt_step, run_as_worker, run_services, worker_services
from tests.stored_documents import (
    ADMIN,
    MODERATOR,
    all_documents,
    collection_names,
    store_damaged_copies,
    store_one_document_in_each_collection,
)

TEAM = "T0FRONT01"
Read = Callable[[Services], Awaitable[Sequence[object]]]
# A ticket id or Slack id is never read as a whole document by anybody else.
_SURVIVORS = ("tickets", "members")


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture
async def services(servers: DatabaseServers, slack: Workspace) -> AsyncIterator[Services]:
    """A service with a document in every collection."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_services(servers, **settings) as services:
        await store_one_document_in_each_collection(services, TEAM)
        yield services


async def test_every_collection_has_a_document(services: Services) -> None:
    """Otherwise the other tests damage nothing in it."""
    names = collection_names(services)

    assert [name for name in names if not await all_documents(services, name)] == []


@pytest.mark.fault("F36")
@pytest.mark.parametrize("damage", ["copies", "replaced", "emptied ids"])
async def test_ticket_reaches_its_end(services: Services, slack: Workspace, damage: str) -> None:
    await _damage(services, damage)
    ada = slack.add_person("ada", real_name="Ada", email="ada@acme.example")
    bob = slack.add_person("bob", real_name="Bob", email="bob@acme.example")
    await services.directory.member_with_profile(TEAM, ada.id)
    moderator = await services.members.set_role(TEAM, bob.id, role=Role.MODERATOR, skills=["vpn"])
    await services.members.set_role(TEAM, MODERATOR, role=Role.USER)
    draft = Draft(key="view:2", team_id=TEAM, requester=ada.id, title="My VPN is down again")

    ticket = await services.ticket_service.open_ticket(draft)
    offered = await _run_steps(services, ticket)
    assert (offered.status, offered.assignee) == (Status.OFFERED, bob.id)
    await services.ticket_service.move(ticket.id, Verb.CLAIM, actor=moderator)
    await services.ticket_service.move(
        ticket.id, Verb.RESOLVE, actor=moderator, solution="Restart it"
    )
    resolved = await _run_steps(services, ticket)

    assert resolved.status is Status.RESOLVED
    # The receiver of the webhook does not exist.
    assert {entry.step for entry in resolved.pending} <= {Step.DELIVER_WEBHOOKS}
    assert any("Did this solve it?" in message.visible_text for message in ada.messages)


async def _damage(services: Services, damage: str) -> None:
    if damage == "copies":
        return await store_damaged_copies(services)
    for name in collection_names(services):
        collection = getattr(services.database, name)
        for document in await all_documents(services, name):
            if damage == "emptied ids" and name not in _SURVIVORS:
                await collection.replace_one({"_id": document["_id"]}, {"team_id": TEAM})
            elif damage == "replaced":
                await collection.insert_one({"_id": f"damaged-{name}", "team_id": TEAM})
                break
    if damage == "emptied ids":
        # The counter is the only document that tells the next number.
        await services.database.upsert("counters", "tickets", {"$set": {"last": 1}})
    return None


async def _run_steps(services: Services, ticket: Ticket) -> Ticket:
    worker = worker_services(services)
    for _ in range(3):
        await run_as_worker(worker, STEP_FUNCTIONS, ticket.id, is_stopping=lambda: False)
    worker.model_cache.stop()
    return (await services.tickets.get_ticket(ticket.id))[0]


async def _visible_tickets(services: Services, terms: str = "") -> Sequence[object]:
    member = await services.members.get_or_create_member(TEAM, ADMIN)
    tickets = await services.search.visible_tickets(
        member, before_id="", limit=500, terms=terms, filters={}
    )
    return [ticket.id for ticket in tickets]


async def _events(services: Services) -> Sequence[object]:
    member = await services.members.get_or_create_member(TEAM, ADMIN)
    cursors: list[Cursor] = []
    page = await services.event_feed.read_page(None, member, limit=50)
    while page.events:
        cursors += [event.cursor for event in page.events]
        page = await services.event_feed.read_page(page.next_cursor, member, limit=50)
    return cursors


async def _ticket_events(services: Services) -> Sequence[object]:
    ticket, _ = await services.tickets.get_ticket("T-1")
    return await services.event_log.events(ticket)


async def _similar_tickets(services: Services) -> Sequence[object]:
    ticket = new_ticket(id="T-900", title="My VPN is down").model_copy(update={"team_id": TEAM})
    return await services.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY)


async def _webhook_deliveries(services: Services) -> Sequence[object]:
    webhook = (await services.webhooks.list_webhooks(TEAM))[0]
    return await services.webhooks.recent_deliveries(TEAM, webhook.id)


async def _settings(services: Services) -> Sequence[object]:
    return [await services.workspace_settings.load(TEAM)]


async def _taxonomy(services: Services) -> Sequence[object]:
    return [await services.taxonomies.get_taxonomy(TEAM)]


async def _counters(services: Services) -> Sequence[object]:
    return [await services.tickets.last_number(), await services.training_store.version(TEAM)]


# By collection: what lists its documents.
READS: dict[str, Sequence[Read]] = {
    "tickets": (
        _visible_tickets,
        lambda services: _visible_tickets(services, "vpn"),
        _events,
        _similar_tickets,
    ),
    "ticket_events": (_ticket_events, _events),
    "members": (lambda services: services.members.moderators(TEAM),),
    "tokens": (lambda services: services.api_tokens.active_tokens(TEAM, ADMIN),),
    "audit": (lambda services: services.audit_log.entries(TEAM),),
    "webhooks": (lambda services: services.webhooks.list_webhooks(TEAM),),
    "deliveries": (_webhook_deliveries,),
    "lessons": (
        lambda services: services.training_store.latest(TEAM, limit=500),
        lambda services: services.training_store.judged_triages(TEAM, limit=500),
    ),
    "sent": (lambda services: services.ai_request_log.list_for_ticket(TEAM, "T-1", limit=500),),
    "solutions": (_similar_tickets,),
    "configurations": (_taxonomy,),
    "workspace_settings": (_settings,),
    "counters": (_counters,),
}
# Only their existence counts, or a damaged one is replaced when it is read.
READ_BY_ID_ALONE = {"links", "alarms", "migrations", "unreadable"}


async def test_each_collection_is_read_by_a_tolerant_reader(services: Services) -> None:
    assert READS.keys() | READ_BY_ID_ALONE == set(collection_names(services))
    assert READS.keys() <= services.database.parsers.keys()


@pytest.mark.parametrize("collection", READS)
@pytest.mark.fault("F36")
async def test_sound_documents_are_listed_beside_damaged_ones(
    services: Services, collection: str
) -> None:
    before = [await read(services) for read in READS[collection]]
    assert all(before)

    await store_damaged_copies(services)

    for read, sound in zip(READS[collection], before, strict=True):
        listed = await read(services)
        assert [one for one in sound if one not in listed] == []


@pytest.fixture
async def triage_without_search(services: Services) -> AsyncIterator[StepFunction]:
    """The step, with a search and training examples in a database that does not answer."""
    uri = SecretStr(f"mongodb://127.0.0.1:{find_free_port()}")
    database = Database(uri, "none", timeout_seconds=0.2)
    worker, model_cache = worker_services(services), ModelCache(TrainingStore(database))
    yield partial(
        triage_ticket,
        search=Search(database, services.tickets, services.members, SolutionIndex(database)),
        ticket_reader=replace(worker.ticket_reader, model_cache=model_cache),
        triage_engine=replace(worker.triage_engine, model_cache=model_cache),
    )
    database.close()


async def test_failing_search_and_examples_do_not_stop_triage(
    services: Services, triage_without_search: StepFunction
) -> None:
    draft = Draft(key="view:2", team_id=TEAM, requester="UADA", title="My VPN is down again")
    ticket = await services.ticket_service.open_ticket(draft)

    await attempt_step(services, Step.TRIAGE, triage_without_search, ticket.id)

    triaged, _ = await services.tickets.get_ticket(ticket.id)
    assert triaged.status is Status.TRIAGED
    assert triaged.triage
    assert triaged.triage.category == "Network"
    assert (triaged.similar, triaged.incident) == ((), "")
