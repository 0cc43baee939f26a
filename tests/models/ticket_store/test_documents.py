"""Documents of tickets: unknown fields and steps stay, and newer documents are left alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jobs.runner.step_function import no_change
from models.errors import NewerDocument
from models.services import Services
from models.ticket_store.documents import SCHEMA_VERSION
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import ADA, GRACE, make_triage
from tests.service_factory import run_as_worker, run_services, worker_services


@pytest.fixture
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_services(servers) as services:
        yield services


@pytest.fixture
async def ticket(services: Services) -> Ticket:
    """A triaged ticket."""
    draft = Draft(key="view:1", team_id="T1", requester="UADA", title="VPN is down")
    ticket = await services.ticket_service.open_ticket(draft)
    return await services.ticket_service.move(
        ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn")
    )


async def stored(services: Services, ticket: Ticket) -> dict[str, Any]:
    document: dict[str, Any] | None = await services.database.tickets.find_one({"_id": ticket.id})
    assert document
    return document


async def change(services: Services, ticket: Ticket, **fields: Any) -> None:
    await services.database.tickets.update_one({"_id": ticket.id}, {"$set": fields})


async def test_fields_of_a_newer_release_survive_a_move(services: Services, ticket: Ticket) -> None:
    newer = {"place": "Floor 3", "more": {"deep": [1, 2]}}
    document = await stored(services, ticket)
    history = [{**event, "place": "here"} for event in document["history"]]
    triage = {**document["triage"], "language": "en"}
    await change(services, ticket, **newer, history=history, triage=triage)

    await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offered_to="UBOB"
    )

    after = await stored(services, ticket)
    assert {name: after[name] for name in newer} == newer
    assert [event.get("place") for event in after["history"]] == ["here", "here", None]
    assert after["triage"]["language"] == "en"
    assert after["status"] == "offered"


async def test_a_step_of_a_newer_release_is_kept_and_not_run(
    services: Services, ticket: Ticket
) -> None:
    document = await stored(services, ticket)
    newer_step = {**document["pending"][0], "step": "order_coffee", "sugar": 2}
    await change(services, ticket, pending=[newer_step, *document["pending"]])

    async def do_nothing(*_: object) -> Any:
        return no_change

    steps = dict.fromkeys(Step, do_nothing)
    worker = worker_services(services)
    await run_as_worker(worker, steps, ticket.id, is_stopping=lambda: False)

    [kept] = (await stored(services, ticket))["pending"]
    assert kept == newer_step


async def test_a_card_of_a_kind_of_a_newer_release_is_kept(
    services: Services, ticket: Ticket
) -> None:
    card = {"notice": "x", "kind": "desk", "to": "C1", "channel": "C1", "ts": "1.1", "version": 1}
    await change(services, ticket, cards=[card])

    await services.ticket_service.move(
        ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offered_to="UBOB"
    )

    [kept] = (await stored(services, ticket))["cards"]
    assert kept | {"digest": ""} == card | {"digest": ""}


async def test_a_newer_document_is_left_alone(services: Services, ticket: Ticket) -> None:
    await change(services, ticket, schema=SCHEMA_VERSION + 1, status="waiting")
    before = await stored(services, ticket)

    with pytest.raises(NewerDocument, match="being updated"):
        await services.ticket_service.move(ticket.id, Verb.SELF_RESOLVE, actor=ADA)
    with pytest.raises(NewerDocument):
        await services.tickets.get_for(GRACE, ticket.id, Verb.VIEW)
    await run_as_worker(services, {}, ticket.id, is_stopping=lambda: False)
    assert (await services.tickets.due_tickets(limit=9))[0] == []

    assert await stored(services, ticket) == before
    assert await services.tickets.quarantined_tickets(limit=9) == {}


async def test_due_newer_documents_take_no_place_of_others(
    services: Services, ticket: Ticket
) -> None:
    draft = Draft(key="view:2", team_id="T1", requester="UADA", title="VPN is down again")
    other = await services.ticket_service.open_ticket(draft)
    await change(services, ticket, schema=SCHEMA_VERSION + 1)

    due, _ = await services.tickets.due_tickets(limit=1)

    assert [one.id for one in due] == [other.id]


async def test_lists_skip_a_newer_document(services: Services, ticket: Ticket) -> None:
    draft = Draft(key="view:2", team_id="T1", requester="UADA", title="VPN is down again")
    other = await services.ticket_service.open_ticket(draft)
    await change(services, ticket, schema=SCHEMA_VERSION + 1)

    listed = await services.search.visible_tickets(ADA, before_id="", limit=9, terms="", filters={})

    assert [one.id for one in listed] == [other.id]
