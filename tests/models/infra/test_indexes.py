"""Frequent queries use an index, so their cost does not grow with the number of documents."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from jobs.steps.learn_from_ticket import learn_from_ticket
from models.access.api_token import Scope
from models.clock import utc_now
from models.people.member import Member, Profile, Role
from models.search.event_feed import Cursor
from models.services import Services
from models.ticket_store.event_log import NumberedEvent
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.triage.similarity import MIN_SIMILARITY
from sandbox.services.database_servers import DatabaseServers
from tests.models.mongo_command_log import MongoCommandLog
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step, run_services

DRAFT = Draft(key="view:V1", team_id="T1", requester="UADA", title="VPN is down")
GRACE = Member(team_id="T1", slack_id="UGRACE", role=Role.ADMIN, trusted=True)
# A workspace has at most ten webhooks.
SMALL_COLLECTIONS = {"webhooks", "deliveries", "workspace_settings", "unreadable"}
EXPECTED_QUERIES = {
    ("tickets", "due"),
    ("tickets", "due schema $or"),
    ("tickets", "dead schema"),
    ("tickets", "set_aside.at"),
    ("tickets", "key"),
    ("tickets", "lost_card schema"),
    ("ticket_events", "team_id at"),
    ("ticket_events", "ticket_id number"),
    ("ticket_events", "ticket_id what"),
    ("tickets", "team_id status"),
    ("tickets", "team_id number"),
    ("tickets", "team_id people number"),
    ("tickets", "team_id status number"),
    ("tickets", "team_id words number"),
    ("tickets", "team_id history"),
    ("lessons", "team_id at"),
    ("members", "team_id role"),
    ("members", "team_id email"),
    ("tokens", "team_id slack_id revoked_at"),
    ("audit", "team_id at"),
}


@pytest.fixture(scope="module")
def command_log() -> MongoCommandLog:
    return MongoCommandLog("indexes")


@pytest.fixture
async def services(
    servers: DatabaseServers, command_log: MongoCommandLog
) -> AsyncIterator[Services]:
    """A service with a database of its own on the real servers."""
    async with run_services(servers, mongodb_database=command_log.database) as services:
        command_log.queries.clear()
        yield services


async def test_each_query_uses_an_index(
    servers: DatabaseServers, services: Services, command_log: MongoCommandLog
) -> None:
    ticket = await _resolve_ticket(services)
    await _query_work(services)
    await _query_tickets(services, ticket)
    await _query_people(services)

    # All servers find a document by its _id, but not all say so in `explain`.
    queries = {
        (query.collection, query.filter_fields): query
        for query in command_log.queries
        if not query.filters_on("_id") and query.collection not in SMALL_COLLECTIONS
    }
    assert set(queries) == EXPECTED_QUERIES
    for query in queries.values():
        plan = str((await query.explain(servers.mongodb_uri, command_log.database))["queryPlanner"])
        assert "IXSCAN" in plan, query
        assert "COLLSCAN" not in plan, query


async def _resolve_ticket(services: Services) -> Ticket:
    """A resolved ticket that the engines learn from."""
    bob = await services.members.set_role("T1", "UBOB", role=Role.MODERATOR)
    ticket = await services.ticket_service.open_ticket(DRAFT)
    assert (await services.ticket_service.open_ticket(DRAFT)).id == ticket.id
    await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offered_to="UBOB", offers=1
    )
    await services.ticket_service.move(ticket.id, Verb.CLAIM, actor=bob)
    ticket = await services.ticket_service.move(
        ticket.id, Verb.RESOLVE, actor=bob, solution="Turned it on."
    )
    await attempt_step(services, Step.LEARN, learn_from_ticket, ticket.id)
    return ticket


async def _query_work(services: Services) -> None:
    await services.tickets.due_tickets(limit=5)
    await services.tickets.dead_tickets(limit=5)
    await services.tickets.quarantined_tickets(limit=5)
    await services.tickets.tickets_with_lost_card(limit=5)
    await services.tickets.backlog("T1")
    await services.workload.open_ticket_counts("T1")


async def _query_tickets(services: Services, ticket: Ticket) -> None:
    second = await services.ticket_service.open_ticket(DRAFT.model_copy(update={"key": "view:V2"}))
    assert await services.search.similar_solved_tickets(second, min_score=MIN_SIMILARITY)
    third = await services.ticket_service.open_ticket(DRAFT.model_copy(update={"key": "view:V3"}))
    assert await services.search.similar_open_tickets(third)
    ada = Member(team_id="T1", slack_id="UADA")
    for member, terms, status in (
        (GRACE, "", ""),
        (GRACE, "vpn", ""),
        (GRACE, "", "new"),
        (ada, "vpn", ""),
    ):
        assert await services.search.visible_tickets(
            member, before_id="", limit=5, terms=terms, filters={"status": status}
        )
    for cursor in (None, Cursor(ticket.opened_at - timedelta(hours=1))):
        await services.event_feed.read_page(cursor, GRACE, limit=5)
    archived = ticket.without_events_until(2)
    await services.event_log.archive(
        ticket, [NumberedEvent(*one) for one in ticket.numbered_events]
    )
    assert len(await services.event_log.events(archived)) == ticket.event_count
    assert await services.event_log.last_event(archived, "opened")
    assert await services.training_store.latest("T1", limit=5)
    assert await services.training_store.version("T1")
    assert await services.training_store.judged_triages("T1", limit=5)


async def _query_people(services: Services) -> None:
    assert await services.members.moderators("T1")
    await services.members.deactivated_with_email("T1", "ada@acme.example")
    token, _ = await services.api_tokens.issue_token(
        GRACE, name="Mine", scopes=[Scope.READ], lifetime=timedelta(days=1)
    )
    profile = Profile(name="Grace", email=None, tz="UTC", is_owner=True, active=True)
    member = await services.members.get_or_create_member("T1", "UGRACE")
    await services.members.set_profile(member, profile, profiled_at=utc_now())
    assert await services.api_tokens.authenticate(token)
    assert await services.api_tokens.active_tokens("T1", "UGRACE")
    await services.api_tokens.revoke_all_tokens(GRACE)
    await services.audit_log.record(GRACE, "looked at", "T-1")
    await services.audit_log.record(GRACE, "looked at", "T-2")
    [last, *_] = await services.audit_log.entries("T1")
    await services.audit_log.entries("T1", before_id=last.id)
