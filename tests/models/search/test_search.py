"""What is found is what may be seen: the database's words for that say what the table says."""

from itertools import product

from models.people.member import Member, Role
from models.ticket_service import TicketService
from models.tickets.permissions import Relation, Verb, can
from models.tickets.ticket import Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import new_ticket
from tests.service_factory import run_service


async def test_a_list_holds_just_what_its_reader_may_see(servers: DatabaseServers) -> None:
    async with run_service(servers) as service:
        tickets = [
            await _stored(service, number, related, confidential)
            for number, (related, confidential) in enumerate(product(Relation, (False, True)), 1)
        ]
        for role, trusted in product(Role, (False, True)):
            member = Member(team_id="T1", slack_id="UME", role=role, trusted=trusted)
            found = await service.search.visible_tickets(
                member, before_id="", limit=99, terms="", filters={}
            )

            seen = {one.id for one in tickets if can(Verb.VIEW, member, one)}
            assert {one.id for one in found} == seen


async def _stored(
    service: TicketService, number: int, related: Relation, confidential: bool
) -> Ticket:
    """A ticket that UME is that to."""
    known = {
        "requester": "UME" if related is Relation.REQUESTER else "UADA",
        "assignee": "UME" if related is Relation.ASSIGNEE else None,
        "watchers": ("UME",) if related is Relation.WATCHER else (),
    }
    ticket = new_ticket(id=f"T-{number}", key=f"view:{number}", confidential=confidential)
    return await service.intake.insert(lambda *_: ticket.model_copy(update=known))
