"""Many people who ask at once, each waiting for the answer before they ask again.

Requests are written to the connection as bytes and answers read by httptools, since a client in
Python that does more would take longer than what it measures.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles
from urllib.parse import urlsplit

import httptools


class UnexpectedResponse(RuntimeError):
    """An answer was not the one expected; its time would say nothing."""


@dataclass(slots=True)
class LoadResult:
    """How long answers took, in seconds, and how many there were a second, round by round."""

    rounds: list[list[float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second, in the middle one of the rounds."""
        return median(self.rates)

    def percentile_seconds(self, percent: int) -> float:
        """In the middle one of the rounds, so many percent took at most this many seconds."""
        return median(quantiles(each, n=100)[percent - 1] for each in self.rounds)


@dataclass(frozen=True, slots=True)
class Target:
    """Who is asked, and what a good answer is.

    Attributes:
        status: the one expected.
        holds: what stands in a good answer's body.
    """

    url: str
    status: int = 200
    expected_bytes: bytes = b""


async def send_requests(
    target: Target, requests: Iterable[tuple[dict[str, str], bytes]], *, clients: int
) -> LoadResult:
    """One round: all these requests (headers, body), and how long each took."""
    url = urlsplit(target.url)
    ready = iter([_request_bytes(url.netloc, url.path, *one) for one in requests])
    began = time.perf_counter()
    asking = [
        _send_in_turn(url.hostname or "", url.port or 80, target, ready) for _ in range(clients)
    ]
    took = [one for each in await asyncio.gather(*asking) for one in each]
    return LoadResult([took], [len(took) / (time.perf_counter() - began)])


def _request_bytes(host: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def _send_in_turn(
    host: str, port: int, target: Target, ready: Iterator[bytes]
) -> list[float]:
    reader, writer = await asyncio.open_connection(host, port)
    took = []
    try:
        for request in ready:
            began = time.perf_counter()
            writer.write(request)
            status, body = await _read_response(reader)
            took.append(time.perf_counter() - began)
            if status != target.status or target.expected_bytes not in body:
                raise UnexpectedResponse(f"{target.url} answered {status} {body[:200]!r}")
    finally:
        writer.close()
    return took


class _ResponseReader:
    """What httptools calls while it reads."""

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
