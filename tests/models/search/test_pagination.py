"""Pages of tickets: nothing is missing, nothing comes twice, and little is looked at for them."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import pytest

from models.people.member import Member, Role
from models.ticket_service import TicketService
from models.tickets.documents import ticket_number, ticket_to_document
from models.tickets.permissions import Verb, can
from models.tickets.ticket import Status, Ticket
from models.triage.skills import words
from sandbox.services.database_servers import DatabaseServers
from tests.models.mongo_command_log import MongoCommandLog
from tests.sample_tickets import new_ticket
from tests.service_factory import run_service

LIMIT = 7
# So many tickets are in the first window.
MOST_LOOKED_AT = 200
ME = Member(team_id="T1", slack_id="UME")
MODERATOR = Member(team_id="T1", slack_id="UBOB", role=Role.MODERATOR)
TRUSTED = Member(team_id="T1", slack_id="UGRACE", role=Role.ADMIN, trusted=True)
READERS = [ME, MODERATOR, TRUSTED]
WANTED: list[dict[str, str]] = [
    {},
    {"status": "claimed"},
    {"status": "resolved"},
    {"requester": "UADA", "status": ""},
    {"assignee": "UBOB"},
]
TERMS = ["", "vpn", "quokka", "the quokka of the vpn", "kookaburra"]


def stored(number: int) -> Ticket:
    """One of many: common things and rare ones come each at its own pace."""
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
    return [stored(number) for number in range(1, 1200)]


@pytest.fixture(scope="module")
def command_log() -> MongoCommandLog:
    return MongoCommandLog("lists")


@pytest.fixture(scope="module")
async def service(
    servers: DatabaseServers, tickets: Sequence[Ticket], command_log: MongoCommandLog
) -> AsyncIterator[TicketService]:
    """A desk that has had many tickets, on the real servers."""
    async with run_service(servers, mongodb_database=command_log.database) as service:
        documents = [ticket_to_document(ticket) for ticket in tickets]
        await service.database.tickets.insert_many(documents)
        last = {"$set": {"last": len(tickets)}}
        await service.database.upsert("counters", "tickets", last)
        yield service


def is_wanted(ticket: Ticket, member: Member, terms: str, wanted: dict[str, str]) -> bool:
    return (
        ticket.team_id == member.team_id
        and can(Verb.VIEW, member, ticket)
        and set(words(terms)) <= set(words(ticket.text))
        and all(getattr(ticket, field) == value for field, value in wanted.items() if value)
    )


@pytest.mark.parametrize("terms", TERMS)
@pytest.mark.parametrize("member", READERS, ids=lambda member: str(member.slack_id))
async def test_page_by_page_comes_just_what_is_wanted_the_newest_first(
    service: TicketService, tickets: Sequence[Ticket], member: Member, terms: str
) -> None:
    for wanted in WANTED:
        right = [one.id for one in tickets[::-1] if is_wanted(one, member, terms, wanted)]
        shown: list[str] = []
        before = ""
        # A few pages, and the rest as one.
        for limit in (LIMIT, LIMIT, LIMIT, len(tickets)):
            page = await service.search.visible_tickets(
                member, before_id=before, limit=limit, terms=terms, filters=wanted
            )
            shown += [one.id for one in page]
            before = shown[-1] if shown else ""

        assert shown == right, wanted
        assert all(ticket_number(a) > ticket_number(b) for a, b in pairwise(shown))


@pytest.mark.parametrize(
    ("member", "look"),
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
async def test_for_a_page_few_of_many_tickets_are_looked_at(
    servers: DatabaseServers,
    service: TicketService,
    command_log: MongoCommandLog,
    member: Member,
    look: dict[str, Any],
) -> None:
    command_log.queries.clear()
    page = {"before_id": "", "limit": LIMIT, "filters": {}, "terms": "", **look}

    assert await service.search.visible_tickets(member, **page)

    looked_at = 0
    for search in (search for search in command_log.queries if search.collection == "tickets"):
        plan = await search.explain(servers.mongodb_uri, command_log.database)
        assert "IXSCAN" in str(plan["queryPlanner"]), search
        looked_at += plan["executionStats"]["totalDocsExamined"]
    assert 0 < looked_at <= MOST_LOOKED_AT


async def test_what_is_rare_takes_hardly_more_questions_of_many_tickets(
    servers: DatabaseServers,
) -> None:
    questions = {}
    for last in (1_000, 100_000):
        overheard = MongoCommandLog(f"rare{last}")
        async with run_service(servers, mongodb_database=overheard.database) as service:
            rare = [
                new_ticket(id=f"T-{last - 200 * back}", key=f"view:{back}") for back in range(5)
            ]
            await service.database.tickets.insert_many([ticket_to_document(one) for one in rare])
            await service.database.upsert("counters", "tickets", {"$set": {"last": last}})
            overheard.commands.clear()
            look: dict[str, Any] = {"before_id": "", "limit": 20, "filters": {}, "terms": "vpn"}
            found = await service.search.visible_tickets(TRUSTED, **look)
            assert [one.id for one in found] == [one.id for one in rare]
            questions[last] = len(overheard.commands)
    assert questions[100_000] / questions[1_000] < 1.5, questions


async def test_an_empty_desk_has_no_tickets_to_list(servers: DatabaseServers) -> None:
    async with run_service(servers) as service:
        look: dict[str, Any] = {"before_id": "", "limit": LIMIT, "filters": {}, "terms": ""}
        assert await service.search.visible_tickets(TRUSTED, **look) == []
