"""What holds for every test: the network ends at this machine."""

import ipaddress
import sys


def _stay_at_home(event: str, args: tuple[object, ...]) -> None:
    """Refuse a connection to anywhere else; Python calls this before it opens one."""
    if event != "socket.connect":
        return
    address = args[1]
    # A Unix socket's address is a path.
    if isinstance(address, tuple) and not ipaddress.ip_address(address[0]).is_loopback:
        raise ConnectionRefusedError(f"a test tried to reach {address[0]}:{address[1]}")


sys.addaudithook(_stay_at_home)
