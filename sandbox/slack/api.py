"""The Web API over HTTP: token, scopes, arguments and limits first, then the method."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import web

from sandbox.slack import response_url
from sandbox.slack.arguments import read_arguments
from sandbox.slack.errors import SlackError, TooFast, invalid_arguments
from sandbox.slack.faults import Fault
from sandbox.slack.journal import Direction, Entry
from sandbox.slack.methods import METHODS, Call, Method
from sandbox.slack.methods.call import missing_scope, names
from sandbox.slack.shapes import Json, to_json
from sandbox.slack.state import State

# What any method may answer, whatever it does (the conformance test says why for each).
ANY_METHOD_MAY_ANSWER = names(
    "not_authed invalid_auth account_inactive token_revoked not_allowed_token_type missing_scope "
    "invalid_arguments ratelimited unknown_method invalid_json json_not_object invalid_post_type"
)


class UndocumentedError(Exception):
    """A method refused with a name that its row in the table does not list."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: a JSON answer, or bare text."""

    answer: Json = field(default_factory=dict)
    status: int = HTTPStatus.OK
    text: str = ""
    content_type: str = "text/plain"
    headers: dict[str, str] = field(default_factory=dict)


class Api:
    """Answers what the app asks, under the faults that are in place."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.closing = asyncio.Event()

    async def serve_method(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        entry = self._note(name)
        try:
            args, token = await read_arguments(request)
        except SlackError as refusal:
            return self._send(entry, Reply(refusal.answer()))
        entry.request = args
        return await self._under_fault(request, entry, lambda: self._call(name, args, token))

    async def serve_response_url(self, request: web.Request) -> web.StreamResponse:
        entry = self._note("response_url")
        try:
            entry.request = await request.json()
        except ValueError:
            garbage = {"ok": False, "error": "invalid_payload"}
            return self._send(entry, Reply(garbage, status=HTTPStatus.BAD_REQUEST))
        return await self._under_fault(
            request, entry, lambda: self._answer_url(request.path, entry.request)
        )

    async def serve_upload(self, request: web.Request) -> web.StreamResponse:
        entry = self._note("upload")
        content = await _uploaded(request)
        file_id = request.match_info["file"]
        return await self._under_fault(request, entry, lambda: self._upload(file_id, content))

    async def _under_fault(
        self, request: web.Request, entry: Entry, deed: Callable[[], Reply]
    ) -> web.StreamResponse:
        self._state.changed()
        fault = self._state.faults.take(entry.name, entry.request)
        if fault is None:
            return self._send(entry, deed())
        await asyncio.sleep(fault.delay)
        if fault.until:
            await fault.until.wait()
        if fault.does_it_first:
            deed()
        if fault.hang:
            await self.closing.wait()
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        if not fault.answers:
            return self._send(entry, deed())
        if fault.accept_then_reset:
            _reset(request)
        return self._send(entry, _failure(fault))

    def _call(self, name: str, args: Json, token: str) -> Reply:
        method = METHODS.get(name)
        if method is None:
            return Reply({"ok": False, "error": "unknown_method", "req_method": name})
        headers = self._scope_headers(method)
        try:
            return Reply(self._run(method, Call(self._state, args, token)), headers=headers)
        except TooFast as wait:
            return _too_fast(wait)
        except SlackError as refusal:
            if refusal.error not in method.errors | ANY_METHOD_MAY_ANSWER:
                raise UndocumentedError(f"{method.name}: {refusal.error}") from refusal
            return Reply(refusal.answer(), headers=headers)

    def _run(self, method: Method, call: Call) -> Json:
        if method.token is not None:
            kind = self._state.tokens.kind_of(call.token)
            if kind is not method.token:
                raise SlackError("not_allowed_token_type")
        self._state.rates.count(method.name, method.tier)
        granted = self._state.manifest.bot_scopes
        if method.scopes and not granted & set(method.scopes):
            raise missing_scope(list(method.scopes), granted)
        missing = [name for name in method.required if call.args.get(name) in (None, "")]
        if missing and method.when_missing != "invalid_arguments":
            raise SlackError(method.when_missing)
        if missing:
            raise invalid_arguments([f"missing required field: {name}" for name in missing])
        return method.run(call)

    def _answer_url(self, path: str, body: Json) -> Reply:
        try:
            response_url.answer(self._state, path, body)
        except SlackError as refusal:
            gone = refusal.error in ("expired_url", "used_url", "no_such_url")
            status = HTTPStatus.NOT_FOUND if gone else HTTPStatus.BAD_REQUEST
            return Reply(refusal.answer(), status=status)
        return Reply(text="ok")

    def _upload(self, file_id: str, content: bytes) -> Reply:
        upload = self._state.uploads.get(file_id)
        if upload is None or len(content) != upload.length:
            garbage = {"ok": False, "error": "invalid_upload"}
            return Reply(garbage, status=HTTPStatus.BAD_REQUEST)
        upload.content = content
        return Reply(text=f"OK - {len(content)}")

    def _scope_headers(self, method: Method) -> dict[str, str]:
        headers = {"X-OAuth-Scopes": ",".join(sorted(self._state.manifest.bot_scopes))}
        if method.scopes:
            headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
        return headers

    def _note(self, name: str) -> Entry:
        entry = Entry(Direction.API, name, {}, at=self._state.clock.now())
        return self._state.journal.add(entry)

    def _send(self, entry: Entry, reply: Reply) -> web.Response:
        self._state.journal.finish(entry, reply.answer or reply.text)
        self._state.changed()
        date = {"Date": formatdate(self._state.clock.now(), usegmt=True)}
        return web.Response(
            text=to_json(reply.answer) if reply.answer else reply.text,
            status=reply.status,
            content_type="application/json" if reply.answer else reply.content_type,
            headers=date | reply.headers,
        )


def _failure(fault: Fault) -> Reply:
    if fault.broken_json:
        return Reply(text='{"ok":tru', content_type="application/json")
    if fault.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _too_fast(TooFast(fault.retry_after or 1))
    if fault.status:
        return Reply(status=fault.status, text=fault.body, content_type=fault.content_type)
    return Reply({"ok": False, "error": fault.error} if fault.error else {})


def _too_fast(wait: TooFast) -> Reply:
    headers = {"Retry-After": str(wait.retry_after)}
    return Reply(wait.answer(), status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers)


async def _uploaded(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for part in (await request.post()).values():
        if isinstance(part, web.FileField):
            return part.file.read()
    return b""


def _reset(request: web.Request) -> None:
    """Drop the connection as a network does: with a reset, not with a polite end."""
    if transport := request.transport:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
