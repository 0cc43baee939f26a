"""What Slack sends to the app: by signed HTTP or over a socket, with three seconds to answer."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode

import aiohttp

from sandbox.slack.journal import Direction, Entry
from sandbox.slack.shapes import Json, to_json
from sandbox.slack.signing import signed_headers
from sandbox.slack.socket_mode import NoSocket, Sockets
from sandbox.slack.state import State

# limits.md, row 29. Real seconds: the app's own patience is measured, not the workspace's.
ACK_SECONDS = 3.0
_FORM = "application/x-www-form-urlencoded"
_ROBOT = "Slackbot 1.0 (+https://api.slack.com/robots)"


class Outcome(StrEnum):
    """How a delivery ended, in Slack's words."""

    OK = "ok"
    TIMEOUT = "operation_timeout"
    FAILED = "dispatch_failed"


class Envelope(StrEnum):
    """The three kinds of Socket Mode envelope; over HTTP they differ in how they are encoded."""

    COMMAND = "slash_commands"
    INTERACTIVE = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True, slots=True)
class Ack:
    """The app's answer. `body` is None, plain text, or a JSON value; `malformed` JSON is text."""

    outcome: Outcome
    status: int = 0
    body: object = None
    malformed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK


@dataclass(frozen=True, slots=True)
class Parcel:
    """One thing to deliver."""

    name: str
    envelope: Envelope
    payload: Json
    person: str | None = None
    retry_num: int = 0
    retry_reason: str = ""

    def encoded(self) -> tuple[bytes, str]:
        """The HTTP body and its content type."""
        match self.envelope:
            case Envelope.COMMAND:
                return urlencode(self.payload).encode(), _FORM
            case Envelope.INTERACTIVE:
                return urlencode({"payload": to_json(self.payload)}).encode(), _FORM
            case Envelope.EVENT:
                return to_json(self.payload).encode(), "application/json"

    def retry_headers(self) -> dict[str, str]:
        if not self.retry_num:
            return {}
        return {
            "X-Slack-Retry-Num": str(self.retry_num),
            "X-Slack-Retry-Reason": self.retry_reason,
        }


def payload_of(entry: Entry) -> Json:
    """What a delivery carried, decoded."""
    return entry.request


def decoded(body: bytes, content_type: str) -> Json:
    """A delivery's body as the app's framework would read it."""
    text = body.decode(errors="replace")
    if content_type.startswith(_FORM):
        fields = {key: values[-1] for key, values in parse_qs(text, keep_blank_values=True).items()}
        return json.loads(fields["payload"]) if "payload" in fields else dict(fields)
    try:
        value = json.loads(text)
    except ValueError:
        return {"raw": text}
    return value if isinstance(value, dict) else {"raw": text}


class Delivery:
    """The switch between HTTP and sockets is `request_url`: None means sockets."""

    def __init__(self, state: State, sockets: Sockets) -> None:
        self.state = state
        self.sockets = sockets
        self.request_url: str | None = None
        self._http: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        # A fresh connection each time: an app that was restarted must not meet a dead one.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True), trust_env=False
        )

    async def stop(self) -> None:
        if self._http:
            await self._http.close()

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        moment = int(self.state.clock.real_now()) if timestamp is None else timestamp
        return signed_headers(body, secret=self.state.tokens.signing_secret, timestamp=moment)

    async def send(self, parcel: Parcel) -> Ack:
        body, content_type = parcel.encoded()
        if self.request_url is None:
            return await self._send_envelope(parcel)
        headers = {
            "Content-Type": content_type,
            "User-Agent": _ROBOT,
            "Accept": "application/json,*/*",
            **self.sign(body),
            **parcel.retry_headers(),
        }
        return await self._post(parcel.name, body, headers, parcel.payload, parcel.person)

    async def send_again(self, entry: Entry) -> Ack:
        """The very same bytes, signature and headers; nothing on anybody's screen changes."""
        if entry.direction is not Direction.DELIVERY:
            raise ValueError("Only a delivery can be delivered again.")
        if "X-Slack-Signature" in entry.headers:
            headers = dict(entry.headers)
            return await self._post(entry.name, entry.body, headers, entry.request, entry.person)
        return await self._over_socket(entry.name, entry.body, entry.request, entry.person)

    async def deliver_raw(self, body: bytes, headers: Mapping[str, str]) -> Ack:
        content_type = {k.lower(): v for k, v in headers.items()}.get("content-type", "")
        return await self._post("raw", body, headers, decoded(body, content_type), None)

    async def _send_envelope(self, parcel: Parcel) -> Ack:
        envelope: Json = {
            "envelope_id": self.sockets.new_envelope_id(),
            "payload": parcel.payload,
            "type": parcel.envelope.value,
            "accepts_response_payload": parcel.envelope is not Envelope.EVENT,
        }
        if parcel.envelope is Envelope.EVENT:
            envelope |= {"retry_attempt": parcel.retry_num, "retry_reason": parcel.retry_reason}
        body = to_json(envelope).encode()
        return await self._over_socket(parcel.name, body, parcel.payload, parcel.person)

    async def _over_socket(self, name: str, body: bytes, payload: Json, person: str | None) -> Ack:
        entry = self._note(name, body, {}, payload, person)
        try:
            async with asyncio.timeout(ACK_SECONDS):
                ack = Ack(Outcome.OK, status=200, body=await self.sockets.deliver(body.decode()))
        except NoSocket:
            ack = Ack(Outcome.FAILED)
        except TimeoutError:
            ack = Ack(Outcome.TIMEOUT)
        return self._noted(entry, ack)

    async def _post(
        self,
        name: str,
        body: bytes,
        headers: Mapping[str, str],
        payload: Json,
        person: str | None,
    ) -> Ack:
        entry = self._note(name, body, headers, payload, person)
        try:
            async with asyncio.timeout(ACK_SECONDS):
                ack = await self._answer(body, headers)
        except TimeoutError:
            ack = Ack(Outcome.TIMEOUT)
        except aiohttp.ClientError:
            ack = Ack(Outcome.FAILED)
        return self._noted(entry, ack)

    async def _answer(self, body: bytes, headers: Mapping[str, str]) -> Ack:
        if self._http is None or self.request_url is None:
            return Ack(Outcome.FAILED)
        async with self._http.post(self.request_url, data=body, headers=headers) as response:
            text = await response.text(errors="replace")
            return _read(response.status, response.content_type, text, response.headers)

    def _note(
        self, name: str, body: bytes, headers: Mapping[str, str], payload: Json, person: str | None
    ) -> Entry:
        entry = Entry(
            direction=Direction.DELIVERY,
            name=name,
            request=payload,
            at=self.state.clock.now(),
            person=person,
            body=body,
            headers=headers,
        )
        self.state.journal.add(entry)
        self.state.changed()
        return entry

    def _noted(self, entry: Entry, ack: Ack) -> Ack:
        answer = {"outcome": ack.outcome.value, "status": ack.status, "body": ack.body}
        journal = self.state.journal
        journal.finish(entry, answer)
        at = self.state.clock.now()
        receipt = Entry(Direction.ACK, entry.name, entry.request, at, person=entry.person)
        journal.finish(journal.add(receipt), answer)
        self.state.changed()
        return ack


def _read(status: int, content_type: str, text: str, headers: Mapping[str, str]) -> Ack:
    fine = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    outcome = Outcome.OK if fine else Outcome.FAILED
    if not text:
        return Ack(outcome, status=status, headers=headers)
    if content_type != "application/json":
        return Ack(outcome, status=status, body=text, headers=headers)
    try:
        return Ack(outcome, status=status, body=json.loads(text), headers=headers)
    except ValueError:
        return Ack(outcome, status=status, body=text, malformed=True, headers=headers)
