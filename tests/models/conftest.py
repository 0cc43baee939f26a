"""Fixtures for the tests of `models`."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from models.people.member import Member, Role
from models.services import Services
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_services


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    """A ticket service with its own database, for each module of tests."""
    async with run_services(servers) as services:
        yield services


@pytest.fixture
def admin() -> Member:
    """The admin of a new workspace in each test."""
    return Member(team_id=f"T{uuid4().hex}", slack_id="UGRACE", role=Role.ADMIN)
