"""The first tickets of a fresh desk, all at once."""

import asyncio

import pytest

from sandbox.servers import Servers
from sandbox.world import World
from tests.stories.acts import opens_ticket_at_last


@pytest.mark.fault("F01")
async def test_many_open_the_very_first_tickets_at_once(servers: Servers) -> None:
    async with World(servers=servers) as world:
        people = [
            world.slack.add_person(f"p{n}", real_name=f"P {n}", email=f"p{n}@acme.example")
            for n in range(32)
        ]

        numbers = await asyncio.gather(*(opens_ticket_at_last(person, "VPN") for person in people))

        assert sorted(numbers) == sorted(f"T-{n}" for n in range(1, 33))
