"""A ticket with a receipt survives a MongoDB that is killed right after the receipt."""

import asyncio

from sandbox.slack.actors.person import Person
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket

TICKET_COUNT = 60


@HTTP_ONLY
async def test_no_acknowledged_ticket_is_lost_when_mongodb_is_killed(world: World) -> None:
    people = [_add_person(world, number) for number in range(6)]

    receipts = await asyncio.gather(*(_open_tickets(person) for person in people))
    await world.servers.mongodb.kill()
    await world.servers.mongodb.start()

    stored = {ticket["_id"] for ticket in await world.find_documents("tickets")}
    assert {number for numbers in receipts for number in numbers} <= stored


def _add_person(world: World, number: int) -> Person:
    handle = f"person{number}"
    return world.slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example")


async def _open_tickets(person: Person) -> list[str]:
    return [await open_ticket(person, f"ticket {n}") for n in range(TICKET_COUNT // 6)]
