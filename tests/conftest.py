"""Setup for all tests: no network beyond this machine, one MongoDB and one Redis for all."""

import ipaddress
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import settings

from sandbox.services.database_servers import DatabaseServers
from tests.faults.catalogue import CATALOGUE
from tests.faults.fault_report import FAULTS_PROPERTY, FaultReportPlugin, fault_ids
from tests.sabotage.sitecustomize import SABOTAGE_VARIABLE, SABOTAGES, hook_environment

_MAX_FAULT_TEST_SECONDS = 900
# The other folders start processes, browsers or whole workspaces.
_FOLDERS_WITHOUT_PROCESSES = frozenset({"bot", "jobs", "models", "rules"})
_SERVER_FIXTURES = frozenset({"servers", "gemini_server"})


# No deadline: other processes on the machine can slow a single example down.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def _refuse_remote_connections(event: str, args: tuple[object, ...]) -> None:
    """Refuse connections to other machines; Python calls this before it connects."""
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
    """Add `--every` (also the long tests), `--fast` (no servers) and `--sabotage`."""
    parser.addoption(
        "--every", action="store_true", help="run all faults at every kill point (slow)"
    )
    parser.addoption("--fast", action="store_true", help="run only tests that start no servers")
    parser.addoption("--sabotage", choices=SABOTAGES, help="run without this safety mechanism")


@pytest.fixture(scope="session")
def sabotage_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment with which bot and worker run without a safety mechanism."""
    name = request.config.getoption("sabotage")
    return hook_environment(**{SABOTAGE_VARIABLE: name}) if name else {}


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, sabotage this process, and report faults after a complete run."""
    config.addinivalue_line("markers", "fault(*ids): covers these faults of the catalogue")
    config.addinivalue_line("markers", "beside: takes minutes of waiting, so it starts first")
    config.addinivalue_line("markers", "long: slow, and runs only with --every")
    config.addinivalue_line("markers", "few(*places): without --every, only these kill points")
    if sabotage := config.getoption("sabotage"):
        # Some tests have the service in this process. Bot and worker have an environment for it.
        SABOTAGES[sabotage]()
    is_whole_suite = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    is_partial = config.getoption("keyword") or config.getoption("collectonly")
    is_complete_run = config.getoption("every") and is_whole_suite and not is_partial
    if is_complete_run and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FaultReportPlugin())


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--fast`, read only the folders without processes: reading all takes ten seconds."""
    if not config.getoption("fast") or collection_path.parent != Path(__file__).parent:
        return None
    is_other_folder = collection_path.name not in _FOLDERS_WITHOUT_PROCESSES
    return True if collection_path.is_dir() and is_other_folder else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the tests about faults with `--every`, and otherwise all tests that are not long."""
    run_all_faults = config.getoption("every")
    for item in items:
        if unknown := set(fault_ids(item)) - CATALOGUE.keys():
            raise pytest.UsageError(f"{item.nodeid}: no such fault: {unknown}")
        # pytest-xdist sends user properties to the process that writes the report.
        item.user_properties.append((FAULTS_PROPERTY, fault_ids(item)))
        if run_all_faults:
            item.add_marker(pytest.mark.timeout(_MAX_FAULT_TEST_SECONDS))
    if config.getoption("sabotage"):
        return
    is_selected = fault_ids if run_all_faults else _is_short
    if config.getoption("fast"):
        is_selected = _starts_no_servers
    config.hook.pytest_deselected(items=[item for item in items if not is_selected(item)])
    # Tests with the marker `beside` come first: False sorts before True.
    items[:] = sorted(filter(is_selected, items), key=_starts_later)


def _starts_later(item: pytest.Item) -> bool:
    return item.get_closest_marker("beside") is None


def _is_short(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is None


def _starts_no_servers(item: pytest.Item) -> bool:
    return _SERVER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) and _is_short(item)
