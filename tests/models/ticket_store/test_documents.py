"""Documents of tickets: unknown fields and steps stay, and newer documents are left alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from jobs.runner.step_context import StepContext, no_change
from jobs.runner.step_runner import run_due_steps
from models.errors import NewerDocument
from models.ticket_service import TicketService
from models.ticket_store.documents import SCHEMA_VERSION
from models.tickets.action import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import ADA, GRACE, make_triage
from tests.service_factory import run_service


@pytest.fixture
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    async with run_service(servers) as service:
        yield service


@pytest.fixture
async def ticket(service: TicketService) -> Ticket:
    """A triaged ticket."""
    draft = Draft(key="view:1", team_id="T1", requester="UADA", title="VPN is down")
    ticket = await service.open_ticket(draft)
    return await service.move(ticket.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn"))


async def stored(service: TicketService, ticket: Ticket) -> dict[str, Any]:
    document: dict[str, Any] | None = await service.database.tickets.find_one({"_id": ticket.id})
    assert document
    return document


async def change(service: TicketService, ticket: Ticket, **fields: Any) -> None:
    await service.database.tickets.update_one({"_id": ticket.id}, {"$set": fields})


async def test_fields_of_a_newer_release_survive_a_move(
    service: TicketService, ticket: Ticket
) -> None:
    newer = {"place": "Floor 3", "more": {"deep": [1, 2]}}
    document = await stored(service, ticket)
    history = [{**event, "place": "here"} for event in document["history"]]
    triage = {**document["triage"], "language": "en"}
    await change(service, ticket, **newer, history=history, triage=triage)

    await service.move(ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offered_to="UBOB")

    after = await stored(service, ticket)
    assert {name: after[name] for name in newer} == newer
    assert [event.get("place") for event in after["history"]] == ["here", "here", None]
    assert after["triage"]["language"] == "en"
    assert after["status"] == "offered"


async def test_a_step_of_a_newer_release_is_kept_and_not_run(
    service: TicketService, ticket: Ticket
) -> None:
    document = await stored(service, ticket)
    newer_step = {**document["pending"][0], "step": "order_coffee", "sugar": 2}
    await change(service, ticket, pending=[newer_step, *document["pending"]])

    async def do_nothing(*_: object) -> Any:
        return no_change

    steps = dict.fromkeys(Step, do_nothing)
    context = StepContext(service, None)
    await run_due_steps(context, steps, ticket.id, is_stopping=lambda: False)

    [kept] = (await stored(service, ticket))["pending"]
    assert kept == newer_step


async def test_a_card_of_a_kind_of_a_newer_release_is_kept(
    service: TicketService, ticket: Ticket
) -> None:
    card = {"notice": "x", "kind": "desk", "to": "C1", "channel": "C1", "ts": "1.1", "version": 1}
    await change(service, ticket, cards=[card])

    await service.move(ticket.id, Verb.OFFER, actor=None, assignee="UBOB", offered_to="UBOB")

    [kept] = (await stored(service, ticket))["cards"]
    assert kept | {"digest": ""} == card | {"digest": ""}


async def test_a_newer_document_is_left_alone(service: TicketService, ticket: Ticket) -> None:
    await change(service, ticket, schema=SCHEMA_VERSION + 1, status="waiting")
    before = await stored(service, ticket)

    with pytest.raises(NewerDocument, match="being updated"):
        await service.move(ticket.id, Verb.SELF_RESOLVE, actor=ADA)
    with pytest.raises(NewerDocument):
        await service.tickets.get_for(GRACE, ticket.id, Verb.VIEW)
    await run_due_steps(StepContext(service, None), {}, ticket.id, is_stopping=lambda: False)
    assert (await service.tickets.due_tickets(limit=9))[0] == []

    assert await stored(service, ticket) == before
    assert await service.tickets.quarantined_tickets(limit=9) == {}


async def test_due_newer_documents_take_no_place_of_others(
    service: TicketService, ticket: Ticket
) -> None:
    draft = Draft(key="view:2", team_id="T1", requester="UADA", title="VPN is down again")
    other = await service.open_ticket(draft)
    await change(service, ticket, schema=SCHEMA_VERSION + 1)

    due, _ = await service.tickets.due_tickets(limit=1)

    assert [one.id for one in due] == [other.id]


async def test_lists_skip_a_newer_document(service: TicketService, ticket: Ticket) -> None:
    draft = Draft(key="view:2", team_id="T1", requester="UADA", title="VPN is down again")
    other = await service.open_ticket(draft)
    await change(service, ticket, schema=SCHEMA_VERSION + 1)

    listed = await service.search.visible_tickets(ADA, before_id="", limit=9, terms="", filters={})

    assert [one.id for one in listed] == [other.id]
