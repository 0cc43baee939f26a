"""An HTTP POST to an address that an admin entered, closed to internal machines (SSRF guard).

The guard checks the address of each connection, not the name before it. So a name that resolves
to another address the next time (DNS rebinding) does not get through.
"""

import socket
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp

from models.errors import OutcomeUnknown, PermanentFailure, RetryLater

MAX_POST_SECONDS = 10
_MAX_RETRY_AFTER_SECONDS = 3600
# These networks embed an IPv4 address, maybe a private one: RFC 6052, RFC 3056, RFC 4380.
_IPV4_IN_IPV6_NETWORKS = tuple(
    map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)
_SUCCESS_STATUSES = range(200, 300)
_MIN_SERVER_ERROR_STATUS = 500
_RETRYABLE_STATUSES = frozenset({408, 425, 429})


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address is on the internet, not this machine or its network."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _IPV4_IN_IPV6_NETWORKS):
            return False
    return address.is_global and not address.is_multicast


async def post(url: str, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> int:
    """Post the body and return the status of the answer. Redirects are not followed.

    Args:
        allow_private: also connect to addresses that are not public.

    Raises:
        PermanentFailure: the receiver refused for good, or the address is not public.
        RetryLater: the receiver cannot be reached, or refused for now.
        OutcomeUnknown: no answer came, so the receiver may have the message.
    """
    sockets = _PublicSocketFactory(allow_private=allow_private)
    connector = aiohttp.TCPConnector(socket_factory=sockets.create_socket, force_close=True)
    timeout = aiohttp.ClientTimeout(total=MAX_POST_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(
                connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
            ) as http,
            http.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return _check_status(answer.status, answer.headers)
    except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError) as error:
        if sockets.has_blocked_address:
            raise PermanentFailure("the URL leads to an address that is not public") from error
        raise RetryLater(f"no connection: {type(error).__name__}") from error
    except aiohttp.InvalidURL as error:
        raise PermanentFailure("the URL is not valid") from error
    except (aiohttp.ClientError, OSError) as error:
        raise OutcomeUnknown(f"no answer: {type(error).__name__}") from error


class _PublicSocketFactory:
    """Opens sockets to public addresses only."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self.has_blocked_address = False

    def create_socket(self, address: tuple[Any, ...]) -> socket.socket:
        """A socket for an address from `getaddrinfo`; aiohttp connects it."""
        family, kind, protocol, _, socket_address = address
        # A link-local address may name its interface: fe80::1%eth0.
        ip = ip_address(str(socket_address[0]).partition("%")[0])
        if not self._allow_private and not is_public(ip):
            self.has_blocked_address = True
            raise OSError("not a public address")
        new_socket = socket.socket(family=family, type=kind, proto=protocol)
        new_socket.setblocking(False)
        return new_socket


def _check_status(status: int, headers: Mapping[str, str]) -> int:
    if status in _SUCCESS_STATUSES:
        return status
    message = f"the receiver answered {status}"
    if status >= _MIN_SERVER_ERROR_STATUS or status in _RETRYABLE_STATUSES:
        retry_after = headers.get("Retry-After", "")
        seconds = min(int(retry_after), _MAX_RETRY_AFTER_SECONDS) if retry_after.isdecimal() else 0
        raise RetryLater(message, retry_after_seconds=seconds)
    raise PermanentFailure(message)
