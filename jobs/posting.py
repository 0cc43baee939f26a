"""A message is posted to an address that somebody has given: never to a machine of ours.

Where a name leads is checked when the connection is made, of the very address that is connected
to, so that a name which stands for one address now and another one later gets nobody in.
"""

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp

from models.errors import NotNow, Refused, Unknown

SECONDS = 10
_LONGEST_WAIT = 3600
# These carry an IPv4 address, which may be a private one: RFC 6052, RFC 3056, RFC 4380.
_WRAPPING = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
_TAKEN = range(200, 300)
_BROKEN = 500
_PASSING = frozenset({408, 425, 429})


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is an address of the internet, not of this machine or its neighbours."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _WRAPPING):
            return False
    return address.is_global and not address.is_multicast


async def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> int:
    """Post it, and give the status of the answer; no redirect is followed.

    Args:
        private: whether the address need not be a public one.

    Raises:
        Refused: not taken, for good; or no public address.
        NotNow: not taken now.
        Unknown: no answer came; it may have been taken.
    """
    door = _Door(private=private)
    connector = aiohttp.TCPConnector(socket_factory=door.socket, force_close=True)
    limit = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=limit, cookie_jar=aiohttp.DummyCookieJar()
            ) as http,
            http.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return _taken(answer.status, answer.headers)
    except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError) as error:
        if door.kept_shut:
            raise Refused("it leads to an address that is not public") from error
        raise NotNow(f"no connection: {type(error).__name__}") from error
    except aiohttp.InvalidURL as error:
        raise Refused("it is no address") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unknown(f"no answer: {type(error).__name__}") from error


class _Door:
    """Opens sockets to public addresses only."""

    def __init__(self, *, private: bool) -> None:
        self._private = private
        self.kept_shut = False

    def socket(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket for what `getaddrinfo` has found; aiohttp connects it."""
        family, kind, protocol, _, place = address
        # A link-local address may name its interface: fe80::1%eth0.
        if not self._private and not is_public(ip_address(str(place[0]).partition("%")[0])):
            self.kept_shut = True
            raise OSError("not a public address")
        opened = socket.socket(family=family, type=kind, proto=protocol)
        opened.setblocking(False)
        return opened


def _taken(status: int, headers: Mapping[str, str]) -> int:
    if status in _TAKEN:
        return status
    said = f"it answered {status}"
    if status >= _BROKEN or status in _PASSING:
        asked = headers.get("Retry-After", "")
        seconds = min(int(asked), _LONGEST_WAIT) if asked.isdecimal() else 0
        raise NotNow(said, seconds=seconds)
    raise Refused(said)
