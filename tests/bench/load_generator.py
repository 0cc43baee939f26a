"""A load generator: concurrent clients, each of which waits for its answer before it goes on.

It writes requests as raw bytes and reads answers with httptools. A complete Python client would
take longer than the server that it measures.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles
from urllib.parse import urlsplit

import httptools


class UnexpectedResponse(RuntimeError):
    """An answer was not the expected one, so its time has no meaning."""


@dataclass(slots=True)
class LoadResult:
    """The answer times in seconds and the answers per second of each round."""

    rounds: list[list[float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The median of the answers per second."""
        return median(self.rates)

    def percentile_seconds(self, percent: int) -> float:
        """The median over all rounds of this percentile of the answer times."""
        return median(quantiles(seconds, n=100)[percent - 1] for seconds in self.rounds)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL and its expected answer.

    Attributes:
        url: the URL.
        status: the expected status.
        expected_bytes: a part of the expected body.
    """

    url: str
    status: int = 200
    expected_bytes: bytes = b""


async def send_requests(
    target: Target, requests: Iterable[tuple[dict[str, str], bytes]], *, clients: int
) -> LoadResult:
    """Send all requests (headers, body) in one round, and measure each of them."""
    url = urlsplit(target.url)
    request_bytes = iter([_request_bytes(url.netloc, url.path, *request) for request in requests])
    started = time.perf_counter()
    host, port = url.hostname or "", url.port or 80
    senders = [_send_in_turn(host, port, target, request_bytes) for _ in range(clients)]
    seconds = [value for result in await asyncio.gather(*senders) for value in result]
    return LoadResult([seconds], [len(seconds) / (time.perf_counter() - started)])


def _request_bytes(host: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _send_in_turn(
    host: str, port: int, target: Target, requests: Iterator[bytes]
) -> list[float]:
    reader, writer = await asyncio.open_connection(host, port)
    seconds = []
    try:
        for request in requests:
            started = time.perf_counter()
            writer.write(request)
            status, body = await _read_response(reader)
            seconds.append(time.perf_counter() - started)
            if status != target.status or target.expected_bytes not in body:
                raise UnexpectedResponse(f"{target.url} answered {status} {body[:200]!r}")
    finally:
        writer.close()
    return seconds


class _ResponseReader:
    """The callbacks of httptools."""

    def __init__(self) -> None:
        self.body = b""
        self.complete = False

    def on_body(self, part: bytes) -> None:
        self.body += part

    def on_message_complete(self) -> None:
        self.complete = True


async def _read_response(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    answer = _ResponseReader()
    parser = httptools.HttpResponseParser(answer)
    while not answer.complete:
        part = await reader.read(65_536)
        if not part:
            raise UnexpectedResponse("the connection ended in the middle of an answer")
        parser.feed_data(part)
    return parser.get_status_code(), answer.body
