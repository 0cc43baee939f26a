"""A stand-in for Gemini's REST API: strict about what it is asked, and told how to answer.

By itself it fills in whatever response schema a request brings, from the words of the request's
text, so that it knows nothing of who asks (https://ai.google.dev/api/generate-content).
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web

from sandbox.guessing import guess, kind_of
from sandbox.slack.changes import Changes

T = TypeVar("T")
Json = dict[str, Any]
Behaviour = Callable[[Json], Awaitable[web.StreamResponse]]

# https://ai.google.dev/api/caching#Schema
_SCHEMA_FIELDS = {
    "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems",
    "properties", "required", "minProperties", "maxProperties", "minLength", "maxLength",
    "pattern", "example", "anyOf", "propertyOrdering", "default", "items", "minimum", "maximum",
}  # fmt: skip
# https://cloud.google.com/apis/design/errors#handling_errors
_STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@dataclass(slots=True, eq=False)
class Exchange:
    """What was asked and, as soon as it is known, what was answered."""

    request: Json
    response: object = None


class GeminiStandIn:
    """`async with GeminiStandIn() as gemini:` it listens on 127.0.0.1 until the block ends."""

    def __init__(self, *, api_key: str = "sandbox-gemini-key") -> None:
        self.api_key = api_key
        self.endpoint = ""
        self.exchanges: list[Exchange] = []
        self.changes = Changes()
        self._behave: Behaviour = self._well
        self._times: int | None = None
        self._held = asyncio.Event()
        self._gone = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.post("/v1beta/models/{call}", self._generate)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.endpoint = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._gone.set()
        if self._runner:
            await self._runner.cleanup()

    @property
    def requests(self) -> list[Json]:
        """What was asked, oldest first."""
        return [exchange.request for exchange in self.exchanges]

    async def until(
        self, condition: Callable[[], T], *, timeout: float = 10, waiting_for: str = ""
    ) -> T:
        """The first truthy value of the condition, looked at after every request."""
        return await self.changes.until(condition, timeout=timeout, waiting_for=waiting_for)

    def recovers(self) -> None:
        """Answer well again."""
        self._act(self._well, None)
        self._held.set()

    def forget(self) -> None:
        """Forget what was asked, and answer well."""
        self.exchanges.clear()
        self.recovers()

    def answers(self, answer: Json, *, times: int | None = None) -> None:
        """Answer with this object as JSON, so many times or until `recovers`."""
        self.says(json.dumps(answer), times=times)

    def says(self, text: str, *, finish: str = "STOP", times: int | None = None) -> None:
        """Answer with this text, whatever it is."""

        async def say(_request: Json) -> web.StreamResponse:
            return web.json_response(_answer(text, finish=finish))

        self._act(say, times)

    def fails(self, status: int, *, retry_after: str = "", times: int | None = None) -> None:
        """Answer with an error as Google's servers write it; `retry_after` like "37s"."""

        async def fail(_request: Json) -> web.StreamResponse:
            return _error(status, HTTPStatus(status).phrase, retry_after=retry_after)

        self._act(fail, times)

    def blocks(self) -> None:
        """Refuse to answer this text, for safety's sake."""

        async def block(_request: Json) -> web.StreamResponse:
            return web.json_response({"promptFeedback": {"blockReason": "SAFETY"}})

        self._act(block, None)

    def holds(self) -> None:
        """Take the request, and answer it well, but not before `recovers`."""
        held = self._held = asyncio.Event()

        async def hold(request: Json) -> web.StreamResponse:
            await held.wait()
            return await self._well(request)

        self._act(hold, None)

    def hangs(self) -> None:
        """Take the request and never answer."""

        async def hang(_request: Json) -> web.StreamResponse:
            await self._gone.wait()
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)

        self._act(hang, None)

    def talks_html(self) -> None:
        """Answer with a page, as a proxy does."""

        async def page(_request: Json) -> web.StreamResponse:
            return web.Response(text="<html>Welcome to the Wi-Fi</html>", content_type="text/html")

        self._act(page, None)

    def drips(self, *, every: float, drops: int) -> None:
        """Answer well, but a little of it at a time."""

        async def drip(request: Json) -> web.StreamResponse:
            whole = json.dumps(_answer(_sensible(request))).encode()
            return web.Response(body=_dripping(whole, every=every, drops=drops))

        self._act(drip, None)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("x-goog-api-key") != self.api_key:
            return _error(HTTPStatus.BAD_REQUEST, "API key not valid.", reason="API_KEY_INVALID")
        model, _, verb = request.match_info["call"].partition(":")
        if verb != "generateContent" or not model.startswith("gemini-"):
            return _error(HTTPStatus.NOT_FOUND, f"models/{model} is not found")
        body = await request.json()
        if wrong := _what_is_wrong(body):
            return _error(HTTPStatus.BAD_REQUEST, wrong)
        exchange = Exchange(body)
        self.exchanges.append(exchange)
        self.changes.announce()
        behave = self._behave
        if self._times is not None:
            self._times -= 1
            if self._times <= 0:
                self.recovers()
        answer = await behave(body)
        exchange.response = _told(answer)
        self.changes.announce()
        return answer

    async def _well(self, request: Json) -> web.StreamResponse:
        return web.json_response(_answer(_sensible(request)))

    def _act(self, behave: Behaviour, times: int | None) -> None:
        self._behave, self._times = behave, times


def _sensible(request: Json) -> str:
    schema = request.get("generationConfig", {}).get("responseSchema")
    text = "\n".join(_words_of(content) for content in request["contents"])
    if not schema:
        return f"You said: {text[:200]}"
    instruction = _words_of(request.get("systemInstruction", {}))
    return json.dumps(guess(schema, text, instruction=instruction))


def _words_of(content: Json) -> str:
    """The text of one content; where some of it stands between two fences, the first of that.

    A fence is a line of dashes around a word. What is fenced after it is taken for examples.
    """
    lines = "\n".join(part.get("text", "") for part in content.get("parts", [])).splitlines()
    fences = [line for line in lines if re.fullmatch(r"-{3,}\w*-{3,}", line.strip())]
    if fences and lines.count(fences[0]) > 1:
        begins = lines.index(fences[0])
        return "\n".join(lines[begins + 1 : lines.index(fences[0], begins + 1)])
    return "\n".join(lines)


def _answer(text: str, *, finish: str = "STOP") -> Json:
    content = {"role": "model", "parts": [{"text": text}]}
    return {
        "candidates": [{"content": content, "finishReason": finish, "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
        "modelVersion": "stand-in",
    }


def _told(answer: web.StreamResponse) -> object:
    """What the answer says: JSON where it is JSON; nothing of one that comes bit by bit."""
    if not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return None
    text = answer.body.decode()
    return json.loads(text) if answer.content_type == "application/json" else text


async def _dripping(whole: bytes, *, every: float, drops: int) -> AsyncIterator[bytes]:
    size = len(whole) // drops + 1
    for start in range(0, len(whole), size):
        yield whole[start : start + size]
        await asyncio.sleep(every)


def _error(
    status: int, message: str, *, reason: str = "", retry_after: str = ""
) -> web.StreamResponse:
    kind = "type.googleapis.com/google.rpc"
    details: list[Json] = []
    if reason:
        details.append({"@type": f"{kind}.ErrorInfo", "reason": reason})
    if retry_after:
        details.append({"@type": f"{kind}.RetryInfo", "retryDelay": retry_after})
    error = {"code": status, "message": message, "status": _STATUS_NAMES[status]}
    return web.json_response({"error": error | {"details": details}}, status=status)


def _what_is_wrong(body: object) -> str | None:
    """Why Google's servers refuse the request; None when they take it."""
    asked = body if isinstance(body, dict) else {}
    contents = asked.get("contents")
    if not contents or not all(turn.get("parts") for turn in contents):
        return "* GenerateContentRequest.contents: contents is not specified"
    schema = asked.get("generationConfig", {}).get("responseSchema")
    return _wrong_in_schema(schema) if schema else None


def _wrong_in_schema(schema: Json) -> str | None:
    unknown = sorted(set(schema) - _SCHEMA_FIELDS)
    if unknown:
        return f'Invalid JSON payload received. Unknown name "{unknown[0]}" at response_schema'
    inner = [*schema.get("properties", {}).values()]
    if "items" in schema:
        inner.append(schema["items"])
    if kind_of(schema) == "array" and "items" not in schema:
        return "* response_schema.items: missing field"
    return next(filter(None, (_wrong_in_schema(each) for each in inner)), None)
