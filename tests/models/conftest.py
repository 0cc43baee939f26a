"""What many tests beside the models begin with."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from models.desk import Desk
from models.member import Member, Role
from sandbox.servers import Servers
from tests.desks import desk_on


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    """A desk of its own on the real servers."""
    async with desk_on(servers) as desk:
        yield desk


@pytest.fixture
def admin() -> Member:
    """The admin of a workspace that is new in each test."""
    return Member(team_id=f"T{uuid4().hex}", slack_id="UGRACE", role=Role.ADMIN)
