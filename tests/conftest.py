"""What holds for every test: the network ends at this machine, where MongoDB and Redis are."""

import ipaddress
import sys
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from sandbox.services.database_servers import DatabaseServers
from tests.faults.catalogue import CATALOGUE
from tests.faults.fault_report import FAULTS_PROPERTY, FaultReportPlugin, fault_ids
from tests.sabotage.sitecustomize import SABOTAGE_VARIABLE, SABOTAGES, hook_environment

_MAX_FAULT_TEST_SECONDS = 900


# Neighbours are noisy: how long one example takes says nothing.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def _refuse_remote_connections(event: str, args: tuple[object, ...]) -> None:
    """Refuse a connection to anywhere else; Python calls this before it opens one."""
    # A Unix socket's address is a path, not a tuple.
    if event != "socket.connect" or not isinstance(args[1], tuple):
        return
    host, port = args[1][:2]
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ConnectionRefusedError(f"a test tried to reach {host}:{port}")


sys.addaudithook(_refuse_remote_connections)


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[DatabaseServers]:
    """MongoDB and Redis, started once, when the first test asks for them."""
    async with DatabaseServers() as servers:
        yield servers


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--every`: all that may fail, at every place; without it the fast part."""
    parser.addoption("--every", action="store_true", help="all faults, at every place: minutes")
    parser.addoption("--sabotage", choices=SABOTAGES, help="run without this protection")


@pytest.fixture(scope="session")
def sabotage_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """What bot and worker are told, so that they run without a protection."""
    name = request.config.getoption("sabotage")
    return hook_environment(**{SABOTAGE_VARIABLE: name}) if name else {}


def pytest_configure(config: pytest.Config) -> None:
    """What may fail is written down when all of it is tried."""
    config.addinivalue_line("markers", "fault(*ids): it is about these faults of the catalogue")
    config.addinivalue_line("markers", "beside: it takes minutes in which others can run")
    config.addinivalue_line("markers", "long: it takes its time, and runs with --every alone")
    config.addinivalue_line("markers", "few(*places): at these alone, but for --every")
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    some = config.getoption("keyword") or config.getoption("collectonly")
    if config.getoption("every") and whole and not some and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FaultReportPlugin())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--every` all that is about a fault, and time for it; else all but the long ones."""
    every = config.getoption("every")
    for item in items:
        if unknown := set(fault_ids(item)) - CATALOGUE.keys():
            raise pytest.UsageError(f"{item.nodeid}: no such fault: {unknown}")
        # With what a test reports, it reaches the process that writes it down.
        item.user_properties.append((FAULTS_PROPERTY, fault_ids(item)))
        if every:
            item.add_marker(pytest.mark.timeout(_MAX_FAULT_TEST_SECONDS))
    if config.getoption("sabotage"):
        return
    wanted = fault_ids if every else _is_short
    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = sorted(filter(wanted, items), key=_runs_after_outages)


def _runs_after_outages(item: pytest.Item) -> bool:
    """What takes minutes comes first, since False comes before True."""
    return item.get_closest_marker("beside") is None


def _is_short(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is None
