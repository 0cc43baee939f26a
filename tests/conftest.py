"""What holds for every test: the network ends at this machine, where MongoDB and Redis are."""

import ipaddress
import sys
from collections.abc import AsyncIterator

import pytest

from sandbox.servers import Servers


def _stay_at_home(event: str, args: tuple[object, ...]) -> None:
    """Refuse a connection to anywhere else; Python calls this before it opens one."""
    # A Unix socket's address is a path, not a tuple.
    if event != "socket.connect" or not isinstance(args[1], tuple):
        return
    host, port = args[1][:2]
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ConnectionRefusedError(f"a test tried to reach {host}:{port}")


sys.addaudithook(_stay_at_home)


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    """MongoDB and Redis, started once, when the first test asks for them."""
    async with Servers() as servers:
        yield servers
