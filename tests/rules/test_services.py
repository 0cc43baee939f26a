"""A function or class that names a service gets one of the type that it declares."""

import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from jobs.services import WorkerServices
from jobs.worker import STEP_FUNCTIONS, WorkerSettings
from models.services import bind, open_connections
from models.settings import Settings
from tests.rules.service_types import wrong_types


@pytest.fixture
async def services() -> AsyncIterator[WorkerServices]:
    """The services of a worker; nothing is connected before the first use."""
    settings = Settings.model_validate(
        {"slack_bot_token": "xoxb-1", "slack_signing_secret": "s", "jwt_secret": "j" * 32}
    )
    async with open_connections(
        settings, database_timeout_seconds=1, slack_timeout_seconds=1, interactive=False
    ) as connections:
        yield WorkerServices(connections, None)


async def test_steps_and_jobs_get_the_types_that_they_declare(services: WorkerServices) -> None:
    bound = [*STEP_FUNCTIONS.values(), *_jobs()]

    assert len(bound) > 15
    assert [each for function in bound for each in wrong_types(function, services)] == []


async def test_services_get_the_types_that_they_declare(services: WorkerServices) -> None:
    bound = [type(one) for one in vars(services).values() if dataclasses.is_dataclass(one)]

    assert len(bound) > 10
    assert [each for one in bound for each in wrong_types(one.__init__, services)] == []


async def test_unknown_name_is_refused_at_start(services: WorkerServices) -> None:
    async def make_tea(*, kettle: str) -> None:
        """No process has a kettle."""

    with pytest.raises(TypeError, match="kettle"):
        bind(make_tea, services)


def _jobs() -> Iterator[Callable[..., Any]]:
    """The timed jobs, and the functions that the bot calls."""
    jobs: list[Any] = [*WorkerSettings.cron_jobs, *WorkerSettings.functions]
    for job in jobs:
        if wrapped := getattr(job.coroutine, "__wrapped__", None):
            yield wrapped
