"""What is found is what may be seen: the database's words for that say what the table says."""

from itertools import product

from models.desk import Desk
from models.member import Member, Role
from models.permissions import Relation, Verb, may
from models.ticket import Ticket
from sandbox.servers import Servers
from tests.desks import desk_on
from tests.models.desk_words import new_ticket


async def test_a_list_holds_just_what_its_reader_may_see(servers: Servers) -> None:
    async with desk_on(servers) as desk:
        tickets = [
            await _stored(desk, number, related, confidential)
            for number, (related, confidential) in enumerate(product(Relation, (False, True)), 1)
        ]
        for role, trusted in product(Role, (False, True)):
            member = Member(team_id="T1", slack_id="UME", role=role, trusted=trusted)
            found = await desk.search.tickets_for(member, before="", limit=99, terms="", wanted={})

            seen = {one.id for one in tickets if may(Verb.VIEW, member, one)}
            assert {one.id for one in found} == seen


async def _stored(desk: Desk, number: int, related: Relation, confidential: bool) -> Ticket:
    """A ticket that UME is that to."""
    known = {
        "requester": "UME" if related is Relation.REQUESTER else "UADA",
        "assignee": "UME" if related is Relation.ASSIGNEE else None,
        "watchers": ("UME",) if related is Relation.WATCHER else (),
    }
    ticket = new_ticket(id=f"T-{number}", key=f"view:{number}", confidential=confidential)
    return await desk.openings.open(lambda *_: ticket.model_copy(update=known))
