"""The Web API over HTTP: token, scopes, arguments and limits first, then the method."""

import asyncio
import socket
import struct
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
            return self._finish(entry, refusal.answer())
        entry.request = args
        self._state.changed()
        return await self._under_fault(request, entry, self._state.faults.take(name, args), token)

    async def serve_response_url(self, request: web.Request) -> web.StreamResponse:
        entry = self._note("response_url")
        try:
            entry.request = await request.json()
        except ValueError:
            return self._finish(entry, {"ok": False, "error": "invalid_payload"}, status=400)
        fault = self._state.faults.take("response_url", entry.request)
        return await self._under_fault(request, entry, fault, request.path)

    async def serve_upload(self, request: web.Request) -> web.StreamResponse:
        entry = self._note("upload")
        upload = self._state.uploads.get(request.match_info["file"])
        content = await self._file(request)
        if upload is None or len(content) != upload.length:
            return self._finish(entry, {"ok": False, "error": "invalid_upload"}, status=400)
        upload.content = content
        self._state.journal.finish(entry, {"ok": True})
        self._state.changed()
        return web.Response(text=f"OK - {len(content)}")

    async def _file(self, request: web.Request) -> bytes:
        if request.content_type != "multipart/form-data":
            return await request.read()
        for part in (await request.post()).values():
            if isinstance(part, web.FileField):
                return part.file.read()
        return b""

    async def _under_fault(
        self, request: web.Request, entry: Entry, fault: Fault | None, token: str
    ) -> web.StreamResponse:
        if fault is None:
            return self._do(entry, token)
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.hang:
            await self.closing.wait()
        if not fault.answers:
            return self._do(entry, token)
        if fault.does_it_first:
            self._do(entry, token)
        return self._failed(request, entry, fault)

    def _failed(self, request: web.Request, entry: Entry, fault: Fault) -> web.StreamResponse:
        if fault.accept_then_reset:
            _reset(request)
            return web.Response()
        if fault.broken_json:
            return web.Response(text='{"ok":tru', content_type="application/json")
        if fault.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._finish(
                entry,
                TooFast(fault.retry_after or 1).answer(),
                status=429,
                headers={"Retry-After": str(fault.retry_after or 1)},
            )
        if fault.status:
            self._state.journal.finish(entry, {"status": fault.status})
            return web.Response(
                status=fault.status, text=fault.body, content_type=fault.content_type
            )
        return self._finish(entry, {"ok": False, "error": fault.error})

    def _do(self, entry: Entry, token: str) -> web.StreamResponse:
        if entry.name == "response_url":
            return self._answer_url(entry, path=token)
        method = METHODS.get(entry.name)
        if method is None:
            refused = {"ok": False, "error": "unknown_method", "req_method": entry.name}
            return self._finish(entry, refused)
        try:
            answer = self._run(method, Call(state=self._state, args=entry.request, token=token))
        except TooFast as wait:
            headers = {"Retry-After": str(wait.retry_after)}
            return self._finish(entry, wait.answer(), status=429, headers=headers)
        except SlackError as refusal:
            if refusal.error not in method.errors | ANY_METHOD_MAY_ANSWER:
                raise UndocumentedError(f"{method.name}: {refusal.error}") from refusal
            return self._finish(entry, refusal.answer(), headers=self._scope_headers(method))
        return self._finish(entry, answer, headers=self._scope_headers(method))

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

    def _answer_url(self, entry: Entry, *, path: str) -> web.StreamResponse:
        try:
            response_url.answer(self._state, path, entry.request)
        except SlackError as refusal:
            gone = refusal.error in ("expired_url", "used_url", "no_such_url")
            return self._finish(entry, refusal.answer(), status=404 if gone else 400)
        self._state.journal.finish(entry, "ok")
        self._state.changed()
        return web.Response(text="ok")

    def _scope_headers(self, method: Method) -> dict[str, str]:
        headers = {"X-OAuth-Scopes": ",".join(sorted(self._state.manifest.bot_scopes))}
        if method.scopes:
            headers["X-Accepted-OAuth-Scopes"] = ",".join(method.scopes)
        return headers

    def _note(self, name: str) -> Entry:
        entry = Entry(Direction.API, name, {}, at=self._state.clock.now())
        return self._state.journal.add(entry)

    def _finish(
        self,
        entry: Entry,
        answer: Json,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> web.Response:
        self._state.journal.finish(entry, answer)
        self._state.changed()
        date = {"Date": formatdate(self._state.clock.now(), usegmt=True)}
        return web.Response(
            text=to_json(answer),
            status=status,
            content_type="application/json",
            headers=date | (headers or {}),
        )


def _reset(request: web.Request) -> None:
    """Drop the connection as a network does: with a reset, not with a polite end."""
    if transport := request.transport:
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
