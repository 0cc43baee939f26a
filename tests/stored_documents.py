"""A sound document in every collection, and damaged documents beside it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from jobs.steps.learn_from_ticket import learn_from_ticket
from models.access.api_token import Scope
from models.access.jwt import Claims
from models.clock import utc_now
from models.infra.document_reader import DocumentReader
from models.people.member import Member, Role
from models.personal_data import COLLECTIONS
from models.services import Services
from models.ticket_store.event_log import NumberedEvent
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from models.webhooks.webhook import Delivery
from tests.sample_tickets import make_triage
from tests.service_factory import attempt_step

ADMIN, MODERATOR, REQUESTER = "UGRACE", "UBOB", "UADA"
# A value that no field has.
_WRONG_VALUE = {"damaged": True}
Document = dict[str, Any]


def collection_names(services: Services) -> list[str]:
    """The names of all collections in the code."""
    attributes = vars(services.database).items()
    return [name for name, value in attributes if getattr(value, "name", "") == name]


async def all_documents(services: Services, collection: str) -> list[Document]:
    """The documents of a collection."""
    documents: list[Document] = await getattr(services.database, collection).find().to_list()
    return documents


async def store_one_document_in_each_collection(services: Services, team_id: str) -> None:
    """Store a resolved ticket of an hour ago, and a document in every other collection."""
    admin = await services.members.set_role(
        team_id, ADMIN, role=Role.ADMIN, trusted=True, profiled_at=utc_now()
    )
    await services.workspace_settings.update(team_id, {"guests": False})
    await services.taxonomies.update_taxonomy(team_id, lambda before: before.with_skills("cobol"))
    ticket = await _resolve_ticket(services, team_id)
    await _use_access(services, admin)
    webhook = await services.webhooks.add(admin, url="https://example.com/hook")
    await services.webhooks.record_attempt(
        Delivery(
            id=f"{webhook.id}.{ticket.id}.1",
            team_id=team_id,
            webhook_id=webhook.id,
            ticket_id=ticket.id,
            type="ticket.opened",
            tried_at=utc_now(),
        )
    )
    texts = {"model": "gemini", "prompt": "1", "instruction": "Sort.", "text": "VPN is down"}
    await services.ai_request_log.add(ticket_id=ticket.id, team_id=team_id, **texts)
    await services.tickets.raise_alarm(team_id, Step.TRIAGE, ticket.id)
    await services.ticket_migration.run(services.ticket_service)
    await _record_unreadable(services)
    await _move_into_the_past(services, ticket, timedelta(hours=1))


async def store_damaged_copies(services: Services) -> None:
    """Beside each document, copies of it: each lacks one field, or has a wrong value in it."""
    for collection in collection_names(services):
        for document in await all_documents(services, collection):
            copies = _damaged_copies(document)
            await getattr(services.database, collection).insert_many(copies)


def _damaged_copies(document: Document) -> list[Document]:
    names = [name for name in document if name != "_id"]
    without = [{key: document[key] for key in document if key != name} for name in names]
    wrong: list[Document] = [document | {name: _WRONG_VALUE} for name in names]
    bare: Document = {name: document[name] for name in names if name in {"team_id", "key"}}
    copies = [*without, *wrong, bare]
    for number, copy in enumerate(copies, start=1):
        # Still a ticket id or a member id, and after the sound document.
        copy["_id"] = f"{document['_id']}{number:03}"
        if "key" in copy:
            copy["key"] = f"{copy['key']}{number}"
        if isinstance(copy.get("number"), int):
            copy["number"] += number
    return copies


async def _resolve_ticket(services: Services, team_id: str) -> Ticket:
    bob = await services.members.set_role(team_id, MODERATOR, role=Role.MODERATOR, skills=["vpn"])
    ada = await services.members.get_or_create_member(team_id, REQUESTER)
    await services.members.update_member(team_id, REQUESTER, profiled_at=utc_now())
    draft = Draft(key="view:1", team_id=team_id, requester=ada.slack_id, title="My VPN is down")
    ticket = await services.ticket_service.open_ticket(draft)
    await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )
    offer: Document = {"assignee": bob.slack_id, "offered_to": bob.slack_id, "offers": 1}
    await services.ticket_service.move(ticket.id, Verb.OFFER, actor=None, **offer)
    await services.ticket_service.move(ticket.id, Verb.CLAIM, actor=bob)
    await services.ticket_service.move(
        ticket.id, Verb.RESOLVE, actor=bob, solution="Turn it off and on."
    )
    await attempt_step(services, Step.LEARN, learn_from_ticket, ticket.id)
    await services.ticket_service.update_ticket(ticket.id, _with_archived_event)
    ticket, _ = await services.tickets.get_ticket(ticket.id)
    await services.event_log.archive(ticket, [NumberedEvent(1, ticket.history[0])])
    return ticket


def _with_archived_event(ticket: Ticket, _now: datetime) -> Ticket:
    return ticket.model_copy(update={"archived_event_count": 1, "pending": ()})


async def _use_access(services: Services, admin: Member) -> None:
    await services.api_tokens.issue_token(
        admin, name="ci", scopes=list(Scope), lifetime=timedelta(days=1)
    )
    await services.audit_log.record(admin, "set role", MODERATOR)
    expiry = int(utc_now().timestamp()) + 60
    claims = Claims(
        sub=ADMIN, team=admin.team_id, scope="claim:T-1", iat=1, exp=expiry, jti="0" * 32
    )
    await services.email_links.use(claims)


async def _record_unreadable(services: Services) -> None:
    """Record a document that is already gone, as it stays until the next health check."""

    def refuse(_document: Document) -> None:
        raise KeyError("name")

    reader = DocumentReader(services.database, "unreadable", refuse)
    assert await reader.read_all([{"_id": "gone"}]) == []
    services.database.parsers.pop("unreadable")


async def _move_into_the_past(services: Services, ticket: Ticket, age: timedelta) -> None:
    """Make events old enough for the event feed, which lists them after some seconds."""
    at = datetime.now(UTC) - age
    history = [event.model_dump() | {"at": at} for event in ticket.history]
    await services.database.tickets.update_one(
        {"_id": ticket.id}, {"$set": {"history": history, "opened_at": at}}
    )
    await services.database.ticket_events.update_many({}, {"$set": {"at": at}})


def field_paths(value: Any, prefix: str = "") -> Iterator[str]:
    """The fields in a document, those of nested documents with dots."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from field_paths(inner, f"{prefix}.{name}" if prefix else name)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from field_paths(inner, prefix)
    else:
        yield prefix


def listed_fields(collection: str) -> frozenset[str]:
    """The fields of the collection in the personal-data inventory."""
    data = COLLECTIONS[collection]
    return frozenset(" ".join([*data.personal.values(), data.other]).split())


def uncovered_paths(paths: Iterable[str], collection: str) -> list[str]:
    """The paths that are not in the inventory, nor are fields around or inside them."""
    listed = listed_fields(collection)
    return sorted(
        path
        for path in set(paths)
        if not any(
            path == one or path.startswith(f"{one}.") or one.startswith(f"{path}.")
            for one in listed
        )
    )
