"""The Web API over HTTP: it checks token, limits, scopes and arguments, then runs the method."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import web

from sandbox.slack.messaging import response_url
from sandbox.slack.methods import METHODS, Method, MethodCall
from sandbox.slack.methods.call import missing_scope_error, to_error_names
from sandbox.slack.primitives.errors import RateLimited, SlackError, invalid_arguments
from sandbox.slack.primitives.json_types import Json, to_json
from sandbox.slack.state.faults import Fault
from sandbox.slack.state.traffic_log import Direction, TrafficEntry
from sandbox.slack.state.workspace_state import WorkspaceState
from sandbox.slack.web_api.arguments import read_arguments

# Errors that any method may answer (tests/conformance/test_web_api.py has the reason for each).
COMMON_ERRORS = to_error_names(
    "not_authed invalid_auth account_inactive token_revoked not_allowed_token_type missing_scope "
    "invalid_arguments ratelimited unknown_method invalid_json json_not_object invalid_post_type"
)


class UndocumentedError(Exception):
    """A method answered an error that its row in the method table does not list."""


@dataclass(frozen=True, slots=True)
class ApiReply:
    """The answer to a request: a JSON body, or plain text."""

    json_body: Json = field(default_factory=dict)
    status: int = HTTPStatus.OK
    text: str = ""
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)


class WebApi:
    """Answers the app's requests and applies the active faults."""

    def __init__(self, state: WorkspaceState) -> None:
        self._state = state
        self.closing = asyncio.Event()

    async def serve_method(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        entry = self._log_request(name)
        try:
            args, token = await read_arguments(request)
        except SlackError as error:
            return self._respond(entry, ApiReply(error.to_response()))
        entry.request = args
        return await self._respond_under_fault(
            request, entry, lambda: self._call_method(name, args, token)
        )

    async def serve_response_url(self, request: web.Request) -> web.StreamResponse:
        entry = self._log_request("response_url")
        try:
            entry.request = await request.json()
        except ValueError:
            error = {"ok": False, "error": "invalid_payload"}
            return self._respond(entry, ApiReply(error, status=HTTPStatus.BAD_REQUEST))
        return await self._respond_under_fault(
            request, entry, lambda: self._handle_response_url(request.path, entry.request)
        )

    async def serve_upload(self, request: web.Request) -> web.StreamResponse:
        entry = self._log_request("upload")
        content = await _read_upload(request)
        file_id = request.match_info["file"]
        return await self._respond_under_fault(
            request, entry, lambda: self._store_upload(file_id, content)
        )

    async def _respond_under_fault(
        self, request: web.Request, entry: TrafficEntry, handle: Callable[[], ApiReply]
    ) -> web.StreamResponse:
        self._state.notify_change()
        fault = self._state.faults.next_fault(entry.name, entry.request)
        if fault is None:
            return self._respond(entry, handle())
        await asyncio.sleep(fault.delay_seconds)
        if fault.release_event:
            await fault.release_event.wait()
        if fault.applies_request:
            handle()
        if fault.hangs:
            await self.closing.wait()
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        if not fault.replaces_reply:
            return self._respond(entry, handle())
        if fault.resets_connection:
            _reset_connection(request)
        return self._respond(entry, _fault_reply(fault))

    def _call_method(self, name: str, args: Json, token: str) -> ApiReply:
        method = METHODS.get(name)
        if method is None:
            return ApiReply({"ok": False, "error": "unknown_method", "req_method": name})
        headers = self._scope_headers(method)
        try:
            return ApiReply(
                self._run_checked(method, MethodCall(self._state, args, token)), headers=headers
            )
        except RateLimited as error:
            return _rate_limited_reply(error)
        except SlackError as error:
            if error.error not in method.errors | COMMON_ERRORS:
                raise UndocumentedError(f"{method.name}: {error.error}") from error
            return ApiReply(error.to_response(), headers=headers)

    def _run_checked(self, method: Method, call: MethodCall) -> Json:
        if method.token_kind is not None:
            kind = self._state.credentials.get_kind(call.token)
            if kind is not method.token_kind:
                raise SlackError("not_allowed_token_type")
        self._state.rate_limiter.count_call(method.name, method.tier)
        granted = self._state.manifest.bot_scopes
        if method.scopes and not granted & set(method.scopes):
            raise missing_scope_error(list(method.scopes), granted)
        missing = [name for name in method.required_arguments if call.args.get(name) in (None, "")]
        if missing and method.missing_argument_error != "invalid_arguments":
            raise SlackError(method.missing_argument_error)
        if missing:
            raise invalid_arguments([f"missing required field: {name}" for name in missing])
        return method.run(call)

    def _handle_response_url(self, path: str, body: Json) -> ApiReply:
        try:
            response_url.handle_response_url_post(self._state, path, body)
        except SlackError as error:
            is_gone = error.error in ("expired_url", "used_url", "no_such_url")
            status = HTTPStatus.NOT_FOUND if is_gone else HTTPStatus.BAD_REQUEST
            return ApiReply(error.to_response(), status=status)
        return ApiReply(text="ok")

    def _store_upload(self, file_id: str, content: bytes) -> ApiReply:
        upload = self._state.uploads.find(file_id)
        if upload is None or len(content) != upload.length_bytes:
            error = {"ok": False, "error": "invalid_upload"}
            return ApiReply(error, status=HTTPStatus.BAD_REQUEST)
        upload.content = content
        return ApiReply(text=f"OK - {len(content)}")

    def _scope_headers(self, method: Method) -> dict[str, str]:
        headers = {"X-OAuth-Scopes": ",".join(sorted(self._state.manifest.bot_scopes))}
        if method.scopes:
            headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
        return headers

    def _log_request(self, name: str) -> TrafficEntry:
        entry = TrafficEntry(Direction.API, name, {}, at=self._state.clock.now())
        return self._state.traffic_log.add(entry)

    def _respond(self, entry: TrafficEntry, reply: ApiReply) -> web.Response:
        self._state.traffic_log.record_response(entry, reply.json_body or reply.text)
        self._state.notify_change()
        date = {"Date": formatdate(self._state.clock.now(), usegmt=True)}
        return web.Response(
            text=to_json(reply.json_body) if reply.json_body else reply.text,
            status=reply.status,
            content_type="application/json" if reply.json_body else reply.content_type,
            headers=date | reply.headers,
        )


def _fault_reply(fault: Fault) -> ApiReply:
    if fault.broken_json:
        return ApiReply(text='{"ok":tru', content_type="application/json")
    if fault.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _rate_limited_reply(RateLimited(fault.retry_after_seconds or 1))
    if fault.status:
        return ApiReply(status=fault.status, text=fault.body, content_type=fault.content_type)
    return ApiReply({"ok": False, "error": fault.error} if fault.error else {})


def _rate_limited_reply(error: RateLimited) -> ApiReply:
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return ApiReply(error.to_response(), status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers)


async def _read_upload(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for part in (await request.post()).values():
        if isinstance(part, web.FileField):
            return part.file.read()
    return b""


def _reset_connection(request: web.Request) -> None:
    """Close the connection with a TCP reset, as a network failure does."""
    if transport := request.transport:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
