"""A database of each earlier release opens in this one, and nothing in it is lost."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from pymongo import AsyncMongoClient

from models.access.jwt import Claims
from models.migrations import migrate_members
from models.people.member import Member
from models.services import Services, bind
from models.tickets.actions import Verb
from models.tickets.ticket import Status, Ticket
from models.triage.skills import words
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.workspace.workspace_settings import WorkspaceSettings
from sandbox.services.database_servers import DatabaseServers
from tests.project import ROOT
from tests.service_factory import run_services

DUMPS = sorted((ROOT / "tests" / "data" / "releases").glob("*.json"))
_AWARE = json_util.JSONOptions(tz_aware=True)
Document = dict[str, Any]
Dump = dict[str, list[Document]]


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def dump(request: pytest.FixtureRequest) -> Dump:
    """All documents of a database, by collection, as if that release had written them today.

    MongoDB deletes expired documents, such as tokens, so all times move by the same duration.
    """
    path: Path = request.param
    collections: Dump = json_util.loads(path.read_text(encoding="utf-8"), json_options=_AWARE)
    last_event = max(ticket["history"][-1]["at"] for ticket in collections["tickets"])
    age = datetime.now(UTC).replace(microsecond=0) - last_event.replace(microsecond=0)
    moved: Dump = _with_later_times(collections, age - timedelta(hours=1))
    return moved


def _with_later_times(value: Any, delay: timedelta) -> Any:
    match value:
        case datetime():
            return value + delay
        case dict():
            return {key: _with_later_times(item, delay) for key, item in value.items()}
        case list():
            return [_with_later_times(item, delay) for item in value]
        case _:
            return value


@pytest.fixture
def team_id(dump: Dump) -> str:
    """The workspace of the dump."""
    return str(dump["tickets"][0]["team_id"])


@pytest.fixture
async def admin(services: Services, team_id: str) -> Member:
    """An active admin who may see every ticket."""
    members = await services.members.moderators(team_id)
    found = next(member for member in members if member.can_administer)
    return found.model_copy(update={"trusted": True})


@pytest.fixture
async def services(servers: DatabaseServers, dump: Dump, team_id: str) -> AsyncIterator[Services]:
    """This release on the database of that one."""
    async with run_services(servers) as services:
        name = services.settings.mongodb_database
        async with AsyncMongoClient[Document](servers.mongodb_uri) as client:
            for collection, documents in dump.items():
                await client[name][collection].delete_many({})
                if documents:
                    await client[name][collection].insert_many(documents)
        await services.prepare(team_id)
        yield services


@pytest.fixture
async def migrated(services: Services) -> None:
    """Make the migrations that a bot makes when it starts."""
    await bind(migrate_members, services)()
    await services.ticket_migration.run(services.ticket_service)


def _assert_keeps(value: BaseModel | Document, document: Document) -> None:
    """The value has all that the document has, except the revision; new fields are no loss."""
    kept, old = (
        {field: item for field, item in to_jsonable_python(one).items() if field != "rev"}
        for one in (value, document)
    )
    assert _common_part(kept, old) == old


def _common_part(new: Any, old: Any) -> Any:
    """The new value without fields, at any depth, that the old one does not have."""
    if isinstance(new, dict) and isinstance(old, dict):
        return {
            field: _common_part(item, old[field]) for field, item in new.items() if field in old
        }
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_common_part(*pair) for pair in zip(new, old, strict=True)]
    return new


def _with_id(document: Document) -> Document:
    return {"id": document["_id"]} | {
        field: value for field, value in document.items() if field not in {"_id", "gone_at"}
    }


async def test_tickets_keep_all_their_fields(services: Services, dump: Dump) -> None:
    """A ticket that this release reads and writes again has all its values."""
    for document in dump["tickets"]:
        ticket, _ = await services.tickets.get_ticket(document["_id"])
        assert await services.tickets.compare_and_set(ticket, ticket)

    written = {one["_id"]: one async for one in services.database.tickets.find()}
    assert len(written) == len(dump["tickets"])
    for document in dump["tickets"]:
        _assert_keeps(written[document["_id"]], document)


async def test_renamed_attributes_hold_the_stored_values(services: Services, dump: Dump) -> None:
    for document in dump["tickets"]:
        ticket, _ = await services.tickets.get_ticket(document["_id"])
        assert list(ticket.declined_by) == document["tried"]
        assert ticket.state_version == document["version"]
        assert bool(ticket.original_triage) is bool(document.get("said"))
        assert [step.requested_rev for step in ticket.pending] == [
            step["asked"] for step in document["pending"]
        ]
    assert any(document["tried"] for document in dump["tickets"])
    assert any(document.get("said") for document in dump["tickets"]) is bool(dump.get("lessons"))


async def test_offered_ticket_can_be_claimed(services: Services, dump: Dump) -> None:
    offered = next(one for one in dump["tickets"] if one["status"] == Status.OFFERED.value)
    member = await services.members.find_member(offered["team_id"], offered["assignee"])
    assert isinstance(member, Member)

    ticket = await services.ticket_service.move(offered["_id"], Verb.CLAIM, actor=member)

    assert ticket.status is Status.CLAIMED


@pytest.mark.usefixtures("migrated")
async def test_requesters_find_their_tickets(services: Services, dump: Dump) -> None:
    for document in dump["tickets"]:
        requester = await services.members.find_member(document["team_id"], document["requester"])
        assert requester
        # The guest policy of the dump may exclude them by now.
        requester = requester.model_copy(update={"refusal": ""})
        term = max(words(document["title"]), key=len)
        for terms in ("", term):
            assert document["_id"] in await _visible_ids(services, requester, terms=terms)


@pytest.mark.usefixtures("migrated")
async def test_moderators_find_tickets_by_assignee_and_requester(
    services: Services, dump: Dump, admin: Member
) -> None:
    for field in ("assignee", "requester"):
        for slack_id in {one[field] for one in dump["tickets"]} - {None}:
            ids = {one["_id"] for one in dump["tickets"] if one[field] == slack_id}
            assert await _visible_ids(services, admin, filters={field: slack_id}) == ids


async def _visible_ids(
    services: Services,
    member: Member,
    *,
    terms: str = "",
    filters: dict[str, str] | None = None,
) -> set[str]:
    tickets: list[Ticket] = await services.search.visible_tickets(
        member, before_id="", limit=100, terms=terms, filters=filters or {}
    )
    return {ticket.id for ticket in tickets}


async def test_event_feed_has_each_event(services: Services, dump: Dump, admin: Member) -> None:
    page = await services.event_feed.read_page(None, admin, limit=1000)

    fed = sorted((item.ticket.id, item.event.at, item.event.what) for item in page.events)
    newest = [(one["_id"], event) for one in dump["tickets"] for event in one["history"]]
    archived = [(event["ticket_id"], event) for event in dump.get("ticket_events", [])]
    assert fed == sorted((key, event["at"], event["what"]) for key, event in newest + archived)


async def test_members_keep_their_roles_and_skills(
    services: Services, dump: Dump, team_id: str
) -> None:
    for document in dump["members"]:
        member = await services.members.find_member(team_id, document["slack_id"])
        assert member
        _assert_keeps(member, {key: value for key, value in document.items() if key != "_id"})
    moderators = {member.slack_id for member in await services.members.moderators(team_id)}
    assert moderators == {one["slack_id"] for one in dump["members"] if one["role"] != "user"}


@pytest.mark.usefixtures("migrated")
async def test_group_moderators_keep_their_role(
    services: Services, dump: Dump, team_id: str
) -> None:
    """A setting of commit 4edd947 named the user group, and no guest policy names it."""
    if not (await services.workspace_settings.load(team_id)).moderators:
        await services.directory.sync_moderator_group(team_id)

    moderators = {member.slack_id for member in await services.members.moderators(team_id)}
    assert moderators == {one["slack_id"] for one in dump["members"] if one["role"] != "user"}


async def test_categories_skills_and_guest_policy_stay(
    services: Services, dump: Dump, team_id: str
) -> None:
    [document] = dump["configurations"]
    taxonomy = await services.taxonomies.get_taxonomy(team_id)
    _assert_keeps(taxonomy, {field: document[field] for field in ("categories", "skills")})
    assert taxonomy != DEFAULT_TAXONOMY
    # Until 0.2.0 the guest policy stood beside the categories, and was the only setting.
    [stored] = dump.get("workspace_settings") or [document.get("welcome", {})]
    settings = await services.workspace_settings.load(team_id)
    assert settings == WorkspaceSettings.model_validate(stored)


async def test_audit_log_stays(services: Services, dump: Dump, team_id: str) -> None:
    entries = {entry.id: entry for entry in await services.audit_log.entries(team_id)}

    assert set(entries) == {document["_id"] for document in dump["audit"]}
    for document in dump["audit"]:
        _assert_keeps(entries[document["_id"]], _with_id(document))


async def test_used_links_stay_used(services: Services, dump: Dump, team_id: str) -> None:
    for document in dump["links"]:
        claims = Claims(sub="U1", team=team_id, scope="", iat=0, exp=0, jti=document["_id"])
        assert await services.email_links.is_used(claims)


async def test_tokens_work_or_stay_revoked(services: Services, dump: Dump, team_id: str) -> None:
    valid = [document for document in dump["tokens"] if not document["revoked_at"]]
    tokens = {
        token.id: token
        for slack_id in {document["slack_id"] for document in dump["tokens"]}
        for token in await services.api_tokens.active_tokens(team_id, slack_id)
    }

    assert set(tokens) == {document["_id"] for document in valid}
    for document in valid:
        _assert_keeps(tokens[document["_id"]], _with_id(document))


async def test_webhooks_and_their_deliveries_stay(
    services: Services, dump: Dump, team_id: str
) -> None:
    webhooks = {webhook.id: webhook for webhook in await services.webhooks.list_webhooks(team_id)}

    assert set(webhooks) == {document["_id"] for document in dump["webhooks"]}
    deliveries: dict[str, BaseModel] = {}
    for document in dump["webhooks"]:
        webhook = webhooks[document["_id"]]
        assert webhook.secret.get_secret_value() == document["secret"]
        _assert_keeps(webhook, _with_id(document) | {"secret": str(webhook.secret)})
        recent = await services.webhooks.recent_deliveries(team_id, webhook.id)
        deliveries |= {delivery.id: delivery for delivery in recent}
    assert set(deliveries) == {document["_id"] for document in dump["deliveries"]}
    for document in dump["deliveries"]:
        _assert_keeps(deliveries[document["_id"]], _with_id(document))


async def test_solutions_are_found(services: Services, dump: Dump) -> None:
    """A new ticket with the same text finds the solved one."""
    ids = {ticket_id for entry in dump.get("solutions", []) for ticket_id in entry["tickets"]}
    for ticket_id in ids:
        ticket, _ = await services.tickets.get_ticket(ticket_id)
        new_ticket = ticket.model_copy(update={"id": "T-1000"})
        found = await services.search.similar_solved_tickets(new_ticket, min_score=0.9)
        assert ticket_id in [solved.ticket_id for solved in found]


async def test_training_examples_and_ai_requests_stay(
    services: Services, dump: Dump, team_id: str
) -> None:
    examples = {
        example.ticket_id: example
        for example in await services.training_store.latest(team_id, limit=100)
    }
    assert set(examples) == {document["_id"] for document in dump.get("lessons", [])}
    for document in dump.get("lessons", []):
        example = examples[document["_id"]]
        said = to_jsonable_python(example.original_triage)
        _assert_keeps({**to_jsonable_python(example), "said": said}, _without_id(document))
    for document in dump.get("sent", []):
        requests = await services.ai_request_log.list_for_ticket(
            team_id, document["ticket_id"], limit=100
        )
        assert document["text"] in [request.text for request in requests]


def _without_id(document: Document) -> Document:
    return {field: value for field, value in document.items() if field != "_id"}
