"""Fixtures for the tests of `models`."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from models.people.member import Member, Role
from models.ticket_service import TicketService
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_service


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A ticket service with its own database, for each module of tests."""
    async with run_service(servers) as service:
        yield service


@pytest.fixture
def admin() -> Member:
    """The admin of a new workspace in each test."""
    return Member(team_id=f"T{uuid4().hex}", slack_id="UGRACE", role=Role.ADMIN)
