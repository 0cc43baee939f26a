"""The tolerant reader: pages, documents of a newer release, and the list on the health page."""

from collections.abc import AsyncIterator

import pytest

from models.errors import DamagedDocument, NewerDocument
from models.infra.database import Document
from models.infra.document_reader import DocumentReader, list_unreadable
from models.infra.metrics import UNREADABLE_DOCUMENTS
from models.people.member import Member, Role
from models.services import Services
from models.tickets.ticket import Draft
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_services

TEAM = "T1"
ADMIN = Member(team_id=TEAM, slack_id="UGRACE", role=Role.ADMIN, trusted=True)
SECRET = "swordfish"


@pytest.fixture
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_services(servers) as services:
        yield services


def read_name(document: Document) -> str:
    name = document["name"]
    if not isinstance(name, str):
        raise TypeError(name)
    return name


async def test_damaged_documents_are_skipped_and_counted_without_their_content(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    reader = DocumentReader(services.database, "links", read_name)
    count = UNREADABLE_DOCUMENTS.labels("links")
    before = count._value.get()

    for _ in range(2):
        documents: list[Document] = [
            {"_id": "1", "name": "Ada"},
            {"_id": "2", "name": [SECRET]},
            {"_id": "3", "text": SECRET},
        ]
        assert await reader.read_all(documents) == ["Ada"]

    assert count._value.get() - before == 4
    lines = [one.getMessage() for one in caplog.records if "unreadable" in one.getMessage()]
    assert lines == ["links 2 is unreadable: TypeError", "links 3 is unreadable: 'name' is missing"]
    records = await services.database.unreadable.find().sort("_id").to_list()
    assert [(one["_id"], one["reason"]) for one in records] == [
        ("links:2", "TypeError"),
        ("links:3", "'name' is missing"),
    ]
    assert SECRET not in str(records) + caplog.text


async def test_many_documents_are_read_in_their_order(services: Services) -> None:
    """Many are parsed in a thread."""
    reader = DocumentReader(services.database, "links", read_name)
    documents: list[Document] = [{"_id": n, "name": str(n)} for n in range(999)]

    assert await reader.read_all([*documents, {"_id": "x"}]) == [str(n) for n in range(999)]
    assert await _recorded_ids(services) == ["links:x"]


async def test_document_of_a_newer_release_is_left_alone(services: Services) -> None:
    newer = {"_id": "1", "name": 7, "schema": 3}
    reader = DocumentReader(services.database, "links", read_name, schema_version=2)

    assert await reader.read_all([newer, {"_id": "2", "name": "Ada", "schema": 2}]) == ["Ada"]
    with pytest.raises(NewerDocument):
        await reader.read_one(newer)
    with pytest.raises(NewerDocument):
        await reader.read_or_none(newer)

    assert await _recorded_ids(services) == []


async def test_damaged_schema_version_is_damage(services: Services) -> None:
    reader = DocumentReader(services.database, "links", read_name)
    await services.database.tickets.insert_one(
        {"_id": "T-7", "team_id": TEAM, "number": 7, "key": "7", "schema": "x"}
    )

    assert await reader.read_all([{"_id": "1", "name": "Ada", "schema": "x"}]) == []
    assert await _visible_tickets(services, before_id="T-8", limit=5) == []
    assert await _recorded_ids(services) == ["links:1", "tickets:T-7"]


async def test_single_damaged_document_is_an_error_that_names_it(services: Services) -> None:
    reader = DocumentReader(services.database, "links", read_name)

    assert await reader.read_or_none(None) is None
    assert await reader.read_or_none({"_id": "1"}) is None
    with pytest.raises(DamagedDocument, match="links, 2"):
        await reader.read_one({"_id": "2"})
    assert await _recorded_ids(services) == ["links:1", "links:2"]


async def test_pages_continue_after_damaged_documents(services: Services) -> None:
    """A page with fewer tickets than its limit would be taken for the last one."""
    for number in range(1, 13):
        draft = Draft(key=f"view:{number}", team_id=TEAM, requester="UADA", title="VPN is down")
        await services.ticket_service.open_ticket(draft)
        await services.audit_log.record(ADMIN, "looked at", f"T-{number}")
    for number in range(4, 11):
        await services.database.tickets.update_one(
            {"_id": f"T-{number}"}, {"$unset": {"title": ""}}
        )
        await services.database.audit.update_one({"to": f"T-{number}"}, {"$set": {"who": 7}})
    for number in range(10, 22):
        fields = {"_id": f"{TEAM}:U{number}", "team_id": TEAM, "role": "moderator"}
        slack_id = {} if number in range(13, 20) else {"slack_id": f"U{number}"}
        await services.database.members.insert_one(fields | slack_id)

    tickets = [await _visible_tickets(services, before_id=last, limit=2) for last in ("", "T-11")]
    people = [await _members(services, after=last, limit=4) for last in ("", "U20")]
    entries = await services.audit_log.entries(TEAM, limit=4)
    older = await services.audit_log.entries(TEAM, limit=4, before_id=entries[-1].id)

    assert tickets == [["T-12", "T-11"], ["T-3", "T-2"]]
    assert people == [["U10", "U11", "U12", "U20"], ["U21"]]
    assert [entry.to for entry in entries] == ["T-12", "T-11", "T-3", "T-2"]
    assert [entry.to for entry in older] == ["T-1"]


async def test_lists_show_tickets_while_the_counter_is_damaged(services: Services) -> None:
    draft = Draft(key="view:1", team_id=TEAM, requester="UADA", title="VPN is down")
    await services.ticket_service.open_ticket(draft)
    await services.database.counters.replace_one({"_id": "tickets"}, {"team_id": TEAM})

    assert await _visible_tickets(services, before_id="", limit=5) == ["T-1"]
    assert await _recorded_ids(services) == ["counters:tickets"]


async def test_health_check_lists_documents_until_they_are_readable_or_gone(
    services: Services,
) -> None:
    webhooks, members = services.database.webhooks, services.database.members
    await webhooks.insert_one({"_id": "w1", "team_id": TEAM})
    await members.insert_one({"_id": f"{TEAM}:UBOB", "team_id": TEAM, "role": "moderator"})
    await services.database.tickets.insert_one({"_id": "T-7", "team_id": TEAM, "number": 7})
    await services.webhooks.list_webhooks(TEAM)
    await services.members.moderators(TEAM)
    await _visible_tickets(services, before_id="T-8", limit=5)

    report = await services.health_checks.run()

    reasons = {(one.collection, one.document_id): one.reason for one in report.unreadable}
    assert reasons.keys() == {("webhooks", "w1"), ("members", f"{TEAM}:UBOB"), ("tickets", "T-7")}
    assert "secret: Field required" in reasons["webhooks", "w1"]
    assert not report.is_ok

    await webhooks.delete_one({"_id": "w1"})
    await members.update_one({"_id": f"{TEAM}:UBOB"}, {"$set": {"slack_id": "UBOB"}})
    await services.database.tickets.update_one({"_id": "T-7"}, {"$set": {"schema": 99}})
    assert (await services.health_checks.run()).unreadable == ()
    assert await services.database.unreadable.count_documents({}) == 0


async def test_quarantined_ticket_is_listed_once(services: Services) -> None:
    now = await services.database.now()
    pending = [{"step": "triage_ticket", "due": now}]
    await services.database.tickets.insert_one({"_id": "T-7", "due": now, "pending": pending})
    await services.tickets.due_tickets(limit=5)

    report = await services.health_checks.run()

    assert (list(report.quarantined), report.unreadable) == (["T-7"], ())


async def test_records_of_a_newer_release_stay(services: Services) -> None:
    """A collection that this release does not read is the matter of the newer one."""
    record: Document = {"_id": "links:1", "collection": "links", "document_id": "1", "reason": "x"}
    await services.database.links.insert_one({"_id": "1"})
    await services.database.unreadable.insert_many([record, {"_id": "damaged"}])

    assert [one.document_id for one in await list_unreadable(services.database)] == ["1"]
    assert await _recorded_ids(services) == ["links:1"]


async def _recorded_ids(services: Services) -> list[str]:
    records = await services.database.unreadable.find().sort("_id").to_list()
    return [record["_id"] for record in records]


async def _visible_tickets(services: Services, *, before_id: str, limit: int) -> list[str]:
    tickets = await services.search.visible_tickets(
        ADMIN, before_id=before_id, limit=limit, terms="", filters={}
    )
    return [ticket.id for ticket in tickets]


async def _members(services: Services, *, after: str, limit: int) -> list[str]:
    members = await services.search.members(
        TEAM, after_slack_id=after, limit=limit, include_users=False
    )
    return [member.slack_id for member in members]
