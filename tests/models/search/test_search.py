"""Search finds exactly the visible tickets: MongoDB's filter agrees with the access policy."""

from itertools import product

from models.people.member import Member, Role
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.permissions import can
from models.tickets.ticket import Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import new_ticket
from tests.service_factory import run_services

REQUESTERS, ASSIGNEES, WATCHERS = ("UME", "UADA"), ("UME", "UBOB", None), (("UME",), ())


async def test_page_holds_exactly_the_visible_tickets(servers: DatabaseServers) -> None:
    """Every combination of a person's parts in a ticket, of their role and of their trust."""
    async with run_services(servers) as services:
        tickets = await _insert_tickets(services)
        for role, trusted, active in product(Role, (False, True), (False, True)):
            member = Member(team_id="T1", slack_id="UME", role=role, trusted=trusted, active=active)
            page = await services.search.visible_tickets(
                member, before_id="", limit=99, terms="", filters={}
            )

            visible = {ticket.id for ticket in tickets if can(Verb.VIEW, member, ticket)}
            assert {ticket.id for ticket in page} == visible


async def _insert_tickets(services: Services) -> list[Ticket]:
    """Store a ticket for each combination of requester, assignee, watcher and confidentiality."""
    tickets = []
    combinations = product(REQUESTERS, ASSIGNEES, WATCHERS, (False, True))
    for number, (requester, assignee, watchers, confidential) in enumerate(combinations, start=1):
        ticket = new_ticket(id=f"T-{number}", key=f"view:{number}", confidential=confidential)
        people = {"requester": requester, "assignee": assignee, "watchers": watchers}
        ticket = ticket.model_copy(update=people)
        tickets.append(await services.intake.insert(lambda *_, ticket=ticket: ticket))
    return tickets
