"""Delivery of requests to the app by signed HTTP or Socket Mode, with a limit of 3 seconds."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import parse_qs, urlencode

import aiohttp

from sandbox.slack.delivery.signing import signature_headers
from sandbox.slack.delivery.socket_mode import NoOpenSocket, SocketConnections
from sandbox.slack.primitives.json_types import Json, to_json
from sandbox.slack.state.traffic_log import Direction, TrafficEntry
from sandbox.slack.state.workspace_state import WorkspaceState

# limits.md, row 29. Real seconds: the app cannot see the workspace's clock.
MAX_ACK_SECONDS = 3.0
_FORM = "application/x-www-form-urlencoded"
_USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


class DeliveryOutcome(StrEnum):
    """How a delivery ended, in Slack's words."""

    OK = "ok"
    TIMEOUT = "operation_timeout"
    FAILED = "dispatch_failed"


class EnvelopeKind(StrEnum):
    """The three kinds of Socket Mode envelope; over HTTP each has its own encoding."""

    COMMAND = "slash_commands"
    INTERACTIVE = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True, slots=True)
class Ack:
    """The app's answer.

    Attributes:
        body: None, plain text or a JSON value; text also if `is_malformed`.
        is_malformed: the answer says it is JSON but cannot be parsed.
    """

    outcome: DeliveryOutcome
    status: int = 0
    body: object = None
    is_malformed: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.outcome is DeliveryOutcome.OK


@dataclass(frozen=True, slots=True)
class AppRequest:
    """One request to the app, before delivery."""

    name: str
    envelope: EnvelopeKind
    payload: Json
    person_id: str | None = None
    retry_number: int = 0
    retry_reason: str = ""

    def encode(self) -> tuple[bytes, str]:
        """Return the HTTP body and its content type."""
        match self.envelope:
            case EnvelopeKind.COMMAND:
                return urlencode(self.payload).encode(), _FORM
            case EnvelopeKind.INTERACTIVE:
                return urlencode({"payload": to_json(self.payload)}).encode(), _FORM
            case EnvelopeKind.EVENT:
                return to_json(self.payload).encode(), "application/json"

    def retry_headers(self) -> dict[str, str]:
        if not self.retry_number:
            return {}
        return {
            "X-Slack-Retry-Num": str(self.retry_number),
            "X-Slack-Retry-Reason": self.retry_reason,
        }


def entry_payload(entry: TrafficEntry) -> Json:
    """Return the decoded payload of a delivery."""
    return entry.request


def decode_body(body: bytes, content_type: str) -> Json:
    """Return a delivery's body as the app's framework decodes it."""
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
    """Sends requests to the app: by HTTP to `request_url`, by Socket Mode if it is None."""

    def __init__(self, state: WorkspaceState, sockets: SocketConnections) -> None:
        self.state = state
        self.sockets = sockets
        self.request_url: str | None = None
        self._http: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        # A new connection for each request: after a restart of the app, an old one is dead.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True), trust_env=False
        )

    async def stop(self) -> None:
        if self._http:
            await self._http.close()

    def signature_headers(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        if timestamp is None:
            timestamp = int(self.state.clock.real_now())
        return signature_headers(
            body, secret=self.state.credentials.signing_secret, timestamp=timestamp
        )

    async def send(self, request: AppRequest) -> Ack:
        body, content_type = request.encode()
        if self.request_url is None:
            return await self._send_envelope(request)
        headers = {
            "Content-Type": content_type,
            "User-Agent": _USER_AGENT,
            "Accept": "application/json,*/*",
            **self.signature_headers(body),
            **request.retry_headers(),
        }
        return await self._send_over_http(
            request.name, body, headers, request.payload, request.person_id
        )

    async def resend(self, entry: TrafficEntry) -> Ack:
        """Send the same bytes, signature and headers again; no screen changes."""
        if entry.direction is not Direction.DELIVERY:
            raise ValueError("Only a delivery can be sent again.")
        if "X-Slack-Signature" in entry.headers:
            headers = dict(entry.headers)
            return await self._send_over_http(
                entry.name, entry.body, headers, entry.request, entry.person
            )
        return await self._send_over_socket(entry.name, entry.body, entry.request, entry.person)

    async def send_raw(self, body: bytes, headers: Mapping[str, str]) -> Ack:
        content_type = {k.lower(): v for k, v in headers.items()}.get("content-type", "")
        return await self._send_over_http(
            "raw", body, headers, decode_body(body, content_type), None
        )

    async def _send_envelope(self, request: AppRequest) -> Ack:
        envelope: Json = {
            "envelope_id": self.sockets.new_envelope_id(),
            "payload": request.payload,
            "type": request.envelope.value,
            "accepts_response_payload": request.envelope is not EnvelopeKind.EVENT,
        }
        if request.envelope is EnvelopeKind.EVENT:
            envelope |= {
                "retry_attempt": request.retry_number,
                "retry_reason": request.retry_reason,
            }
        body = to_json(envelope).encode()
        return await self._send_over_socket(request.name, body, request.payload, request.person_id)

    async def _send_over_socket(
        self, name: str, body: bytes, payload: Json, person: str | None
    ) -> Ack:
        entry = self._log_request(name, body, {}, payload, person)
        try:
            async with asyncio.timeout(MAX_ACK_SECONDS):
                ack = Ack(
                    DeliveryOutcome.OK,
                    status=200,
                    body=await self.sockets.send_and_wait(body.decode()),
                )
        except NoOpenSocket:
            ack = Ack(DeliveryOutcome.FAILED)
        except TimeoutError:
            ack = Ack(DeliveryOutcome.TIMEOUT)
        return self._log_ack(entry, ack)

    async def _send_over_http(
        self,
        name: str,
        body: bytes,
        headers: Mapping[str, str],
        payload: Json,
        person: str | None,
    ) -> Ack:
        entry = self._log_request(name, body, headers, payload, person)
        try:
            async with asyncio.timeout(MAX_ACK_SECONDS):
                ack = await self._post(body, headers)
        except TimeoutError:
            ack = Ack(DeliveryOutcome.TIMEOUT)
        except aiohttp.ClientError:
            ack = Ack(DeliveryOutcome.FAILED)
        return self._log_ack(entry, ack)

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> Ack:
        if self._http is None or self.request_url is None:
            return Ack(DeliveryOutcome.FAILED)
        async with self._http.post(self.request_url, data=body, headers=headers) as response:
            text = await response.text(errors="replace")
            return _to_ack(response.status, response.content_type, text, response.headers)

    def _log_request(
        self, name: str, body: bytes, headers: Mapping[str, str], payload: Json, person: str | None
    ) -> TrafficEntry:
        entry = TrafficEntry(
            direction=Direction.DELIVERY,
            name=name,
            request=payload,
            at=self.state.clock.now(),
            person=person,
            body=body,
            headers=headers,
        )
        self.state.traffic_log.add(entry)
        self.state.notify_change()
        return entry

    def _log_ack(self, entry: TrafficEntry, ack: Ack) -> Ack:
        answer = {"outcome": ack.outcome.value, "status": ack.status, "body": ack.body}
        log = self.state.traffic_log
        log.record_response(entry, answer)
        now = self.state.clock.now()
        ack_entry = TrafficEntry(Direction.ACK, entry.name, entry.request, now, entry.person)
        log.record_response(log.add(ack_entry), answer)
        self.state.notify_change()
        return ack


def _to_ack(status: int, content_type: str, text: str, headers: Mapping[str, str]) -> Ack:
    is_success = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    outcome = DeliveryOutcome.OK if is_success else DeliveryOutcome.FAILED
    if not text:
        return Ack(outcome, status=status, headers=headers)
    if content_type != "application/json":
        return Ack(outcome, status=status, body=text, headers=headers)
    try:
        return Ack(outcome, status=status, body=json.loads(text), headers=headers)
    except ValueError:
        return Ack(outcome, status=status, body=text, is_malformed=True, headers=headers)
