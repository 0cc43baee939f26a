"""Pagination: no ticket is missing or repeated, and MongoDB reads few documents for a page."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from models.people.member import Member, Role
from models.services import Services
from models.ticket_store.documents import ticket_number, ticket_to_document
from models.tickets.actions import Verb
from models.tickets.permissions import can
from models.tickets.ticket import Status, Ticket
from models.triage.skills import words
from sandbox.services.database_servers import DatabaseServers
from tests.models.mongo_command_log import MongoCommandLog
from tests.sample_tickets import new_ticket
from tests.service_factory import run_services

LIMIT = 7
# The size of the first window.
MAX_DOCUMENTS_READ = 200
ME = Member(team_id="T1", slack_id="UME")
MODERATOR = Member(team_id="T1", slack_id="UBOB", role=Role.MODERATOR)
TRUSTED = Member(team_id="T1", slack_id="UGRACE", role=Role.ADMIN, trusted=True)
READERS = [ME, MODERATOR, TRUSTED]
FILTERS: list[dict[str, str]] = [
    {},
    {"status": "claimed"},
    {"status": "resolved"},
    {"requester": "UADA", "status": ""},
    {"assignee": "UBOB"},
]
TERMS = ["", "vpn", "quokka", "the quokka of the vpn", "kookaburra"]


def sample_ticket(number: int) -> Ticket:
    # Each field has its own interval, so common and rare values come in many combinations.
    rare = " of the quokka" if number % 130 == 1 else ""
    return new_ticket(
        id=f"T-{number}",
        key=f"view:{number}",
        title=f"The VPN{rare} is down",
        confidential=number % 5 == 0,
    ).model_copy(
        update={
            "team_id": "T2" if number % 11 == 0 else "T1",
            "requester": "UME" if number % 97 == 2 else "UADA",
            "watchers": ("UEVE", "UME") if number % 89 in (2, 3) else (),
            "assignee": "UBOB" if number % 70 == 4 else None,
            "status": Status.CLAIMED if number % 140 == 4 else Status.RESOLVED,
        }
    )


@pytest.fixture(scope="module")
def tickets() -> list[Ticket]:
    return [sample_ticket(number) for number in range(1, 1200)]


@pytest.fixture(scope="module")
def command_log() -> MongoCommandLog:
    return MongoCommandLog("lists")


@pytest.fixture(scope="module")
async def services(
    servers: DatabaseServers, tickets: Sequence[Ticket], command_log: MongoCommandLog
) -> AsyncIterator[Services]:
    async with run_services(servers, mongodb_database=command_log.database) as services:
        documents = [ticket_to_document(ticket) for ticket in tickets]
        await services.database.tickets.insert_many(documents)
        last = {"$set": {"last": len(tickets)}}
        await services.database.upsert("counters", "tickets", last)
        yield services


def is_match(ticket: Ticket, member: Member, terms: str, filters: dict[str, str]) -> bool:
    return (
        ticket.team_id == member.team_id
        and can(Verb.VIEW, member, ticket)
        and set(words(terms)) <= set(words(ticket.text))
        and all(getattr(ticket, field) == value for field, value in filters.items() if value)
    )


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("member", READERS, ids=lambda member: str(member.slack_id))
async def test_pages_hold_all_matching_tickets_newest_first(
    services: Services, tickets: Sequence[Ticket], member: Member, terms: str
) -> None:
    for filters in FILTERS:
        expected = [
            ticket.id for ticket in tickets[::-1] if is_match(ticket, member, terms, filters)
        ]
        ticket_ids: list[str] = []
        before_id = ""
        # Three pages, then one page with all others.
        for limit in (LIMIT, LIMIT, LIMIT, len(tickets)):
            page = await services.search.visible_tickets(
                member, before_id=before_id, limit=limit, terms=terms, filters=filters
            )
            ticket_ids += [ticket.id for ticket in page]
            before_id = ticket_ids[-1] if ticket_ids else ""

        assert ticket_ids == expected, filters
        assert all(ticket_number(a) > ticket_number(b) for a, b in pairwise(ticket_ids))


@pytest.mark.parametrize(
    ("member", "arguments"),
    [
        (MODERATOR, {}),
        (TRUSTED, {}),
        (TRUSTED, {"before_id": "T-600"}),
        (MODERATOR, {"filters": {"status": "claimed"}}),
        (MODERATOR, {"filters": {"status": "resolved"}}),
        (MODERATOR, {"filters": {"assignee": "UBOB"}}),
        (ME, {}),
        (ME, {"terms": "vpn"}),
        (TRUSTED, {"terms": "quokka"}),
        (TRUSTED, {"terms": "quokka vpn"}),
        (TRUSTED, {"terms": "vpn"}),
    ],
    ids=str,
)
async def test_first_page_reads_few_documents(
    servers: DatabaseServers,
    services: Services,
    command_log: MongoCommandLog,
    member: Member,
    arguments: dict[str, Any],
) -> None:
    command_log.queries.clear()
    arguments = {"before_id": "", "limit": LIMIT, "filters": {}, "terms": "", **arguments}

    assert await services.search.visible_tickets(member, **arguments)

    documents_read = 0
    for query in command_log.queries:
        if query.collection != "tickets":
            continue
        plan = await query.explain(servers.mongodb_uri, command_log.database)
        assert "IXSCAN" in str(plan["queryPlanner"]), query
        documents_read += plan["executionStats"]["totalDocsExamined"]
    assert 0 < documents_read <= MAX_DOCUMENTS_READ


async def test_rare_tickets_take_few_more_commands_among_many(servers: DatabaseServers) -> None:
    command_counts = {}
    for last in (1_000, 100_000):
        command_log = MongoCommandLog(f"rare{last}")
        async with run_services(servers, mongodb_database=command_log.database) as services:
            rare = [
                new_ticket(id=f"T-{last - 200 * back}", key=f"view:{back}") for back in range(5)
            ]
            documents = [ticket_to_document(ticket) for ticket in rare]
            await services.database.tickets.insert_many(documents)
            await services.database.upsert("counters", "tickets", {"$set": {"last": last}})
            command_log.commands.clear()
            page = await services.search.visible_tickets(
                TRUSTED, before_id="", limit=20, filters={}, terms="vpn"
            )
            assert [ticket.id for ticket in page] == [ticket.id for ticket in rare]
            command_counts[last] = len(command_log.commands)
    assert command_counts[100_000] / command_counts[1_000] < 1.5, command_counts


async def test_page_of_an_empty_database_is_empty(servers: DatabaseServers) -> None:
    async with run_services(servers) as services:
        page = await services.search.visible_tickets(
            TRUSTED, before_id="", limit=LIMIT, filters={}, terms=""
        )
        assert page == []
