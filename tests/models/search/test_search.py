"""Search finds exactly the visible tickets: MongoDB's filter agrees with the permission table."""

from itertools import product

from models.people.member import Member, Role
from models.ticket_service import TicketService
from models.tickets.action import Relation, Verb
from models.tickets.permissions import can
from models.tickets.ticket import Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import new_ticket
from tests.service_factory import run_service


async def test_page_holds_exactly_the_visible_tickets(servers: DatabaseServers) -> None:
    async with run_service(servers) as service:
        tickets = [
            await _insert_ticket(service, number, relation, confidential=confidential)
            for number, (relation, confidential) in enumerate(product(Relation, (False, True)), 1)
        ]
        for role, trusted in product(Role, (False, True)):
            member = Member(team_id="T1", slack_id="UME", role=role, trusted=trusted)
            page = await service.search.visible_tickets(
                member, before_id="", limit=99, terms="", filters={}
            )

            visible = {ticket.id for ticket in tickets if can(Verb.VIEW, member, ticket)}
            assert {ticket.id for ticket in page} == visible


async def _insert_ticket(
    service: TicketService, number: int, relation: Relation, *, confidential: bool
) -> Ticket:
    """Store a ticket to which UME has this relation."""
    people = {
        "requester": "UME" if relation is Relation.REQUESTER else "UADA",
        "assignee": "UME" if relation is Relation.ASSIGNEE else None,
        "watchers": ("UME",) if relation is Relation.WATCHER else (),
    }
    ticket = new_ticket(id=f"T-{number}", key=f"view:{number}", confidential=confidential)
    return await service.intake.insert(lambda *_: ticket.model_copy(update=people))
