"""The first tickets in an empty database, all at once."""

import asyncio

import pytest

from sandbox.services.database_servers import DatabaseServers
from sandbox.world.world import World
from tests.stories.user_actions import open_ticket_with_retries


@pytest.mark.fault("F01")
async def test_first_tickets_at_once_get_consecutive_numbers(servers: DatabaseServers) -> None:
    async with World(servers=servers) as world:
        people = [
            world.slack.add_person(f"p{n}", real_name=f"P {n}", email=f"p{n}@acme.example")
            for n in range(32)
        ]

        numbers = await asyncio.gather(
            *(open_ticket_with_retries(person, "VPN") for person in people)
        )

        assert sorted(numbers) == sorted(f"T-{n}" for n in range(1, 33))
