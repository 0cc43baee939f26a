"""A message is posted to an address that somebody has given: never to a machine of ours.

Where a name leads is checked when the connection is made, of the very address that is connected
to, so that a name which stands for one address now and another one later gets nobody in.
"""

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp

from models.errors import OutcomeUnknown, PermanentFailure, RetryLater

MAX_POST_SECONDS = 10
_MAX_RETRY_AFTER_SECONDS = 3600
# These carry an IPv4 address, which may be a private one: RFC 6052, RFC 3056, RFC 4380.
_IPV4_IN_IPV6_NETWORKS = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)
_SUCCESS_STATUSES = range(200, 300)
_MIN_SERVER_ERROR_STATUS = 500
_RETRYABLE_STATUSES = frozenset({408, 425, 429})


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is an address of the internet, not of this machine or its neighbours."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _IPV4_IN_IPV6_NETWORKS):
            return False
    return address.is_global and not address.is_multicast


async def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> int:
    """Post it, and give the status of the answer; no redirect is followed.

    Args:
        private: whether the address need not be a public one.

    Raises:
        Refused: not taken, for good; or no public address.
        NotNow: not taken now.
        Unknown: no answer came; it may have been taken.
    """
    door = _PublicSocketFactory(allow_private=allow_private)
    connector = aiohttp.TCPConnector(socket_factory=door.create_socket, force_close=True)
    limit = aiohttp.ClientTimeout(total=MAX_POST_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=limit, cookie_jar=aiohttp.DummyCookieJar()
            ) as http,
            http.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return _check_status(answer.status, answer.headers)
    except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError) as error:
        if door.has_blocked_address:
            raise PermanentFailure("it leads to an address that is not public") from error
        raise RetryLater(f"no connection: {type(error).__name__}") from error
    except aiohttp.InvalidURL as error:
        raise PermanentFailure("it is no address") from error
    except (aiohttp.ClientError, OSError) as error:
        raise OutcomeUnknown(f"no answer: {type(error).__name__}") from error


class _PublicSocketFactory:
    """Opens sockets to public addresses only."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.has_blocked_address = False

    def create_socket(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket for what `getaddrinfo` has found; aiohttp connects it."""
        family, kind, protocol, _, place = address
        # A link-local address may name its interface: fe80::1%eth0.
        if not self._allow_private and not is_public(ip_address(str(place[0]).partition("%")[0])):
            self.has_blocked_address = True
            raise OSError("not a public address")
        opened = socket.socket(family=family, type=kind, proto=protocol)
        opened.setblocking(False)
        return opened


def _check_status(status: int, headers: Mapping[str, str]) -> int:
    if status in _SUCCESS_STATUSES:
        return status
    said = f"it answered {status}"
    if status >= _MIN_SERVER_ERROR_STATUS or status in _RETRYABLE_STATUSES:
        asked = headers.get("Retry-After", "")
        seconds = min(int(asked), _MAX_RETRY_AFTER_SECONDS) if asked.isdecimal() else 0
        raise RetryLater(said, retry_after_seconds=seconds)
    raise PermanentFailure(said)
