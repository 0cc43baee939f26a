"""A stand-in for Gemini's REST API: it checks requests strictly and can fail on demand.

By default it fills in the response schema of a request from the words of the request's text, so it
needs no knowledge of the product (https://ai.google.dev/api/generate-content).
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

from sandbox.services.fake_model import generate_answer, schema_type
from sandbox.slack.primitives.change_notifier import ChangeNotifier

T = TypeVar("T")
Json = dict[str, Any]
Responder = Callable[[Json], Awaitable[web.StreamResponse]]

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
    """A request and, as soon as it exists, its response."""

    request: Json
    response: object = None


class GeminiStandIn:
    """`async with GeminiStandIn() as gemini:` listens on 127.0.0.1 until the block ends."""

    def __init__(self, *, api_key: str = "sandbox-gemini-key") -> None:
        self.api_key = api_key
        self.endpoint = ""
        self.exchanges: list[Exchange] = []
        self.notifier = ChangeNotifier()
        self._responder: Responder = self._respond_normally
        self._remaining_times: int | None = None
        self._released = asyncio.Event()
        self._closing = asyncio.Event()
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
        self._closing.set()
        if self._runner:
            await self._runner.cleanup()

    @property
    def requests(self) -> list[Json]:
        """All requests, oldest first."""
        return [exchange.request for exchange in self.exchanges]

    async def wait_until(
        self, condition: Callable[[], T], *, timeout_seconds: float = 10, waiting_for: str = ""
    ) -> T:
        """Return the first truthy value of the condition, checked after every request."""
        return await self.notifier.wait_until(
            condition, timeout_seconds=timeout_seconds, waiting_for=waiting_for
        )

    def recover(self) -> None:
        """Answer normally again."""
        self._set_responder(self._respond_normally, None)
        self._released.set()

    def reset(self) -> None:
        """Forget all requests and answer normally."""
        self.exchanges.clear()
        self.recover()

    def respond_with_json(self, answer: Json, *, times: int | None = None) -> None:
        """Answer with an object as JSON, a number of times or until `recover`."""
        self.respond_with_text(json.dumps(answer), times=times)

    def respond_with_text(
        self, text: str, *, finish_reason: str = "STOP", times: int | None = None
    ) -> None:
        """Answer with a fixed text."""

        async def respond(_request: Json) -> web.StreamResponse:
            return web.json_response(_response_body(text, finish_reason=finish_reason))

        self._set_responder(respond, times)

    def respond_with_error(
        self, status: int, *, retry_delay: str = "", times: int | None = None
    ) -> None:
        """Answer with an error in Google's format; `retry_delay` is a text such as "37s"."""

        async def fail(_request: Json) -> web.StreamResponse:
            return _error_response(status, HTTPStatus(status).phrase, retry_delay=retry_delay)

        self._set_responder(fail, times)

    def block_prompts(self) -> None:
        """Block every prompt for safety reasons."""

        async def block(_request: Json) -> web.StreamResponse:
            return web.json_response({"promptFeedback": {"blockReason": "SAFETY"}})

        self._set_responder(block, None)

    def hold_responses(self) -> None:
        """Accept requests, and answer them normally only after `recover`."""
        released = self._released = asyncio.Event()

        async def hold(request: Json) -> web.StreamResponse:
            await released.wait()
            return await self._respond_normally(request)

        self._set_responder(hold, None)

    def hang(self) -> None:
        """Accept requests and never answer."""

        async def wait_for_end(_request: Json) -> web.StreamResponse:
            await self._closing.wait()
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)

        self._set_responder(wait_for_end, None)

    def respond_with_html(self) -> None:
        """Answer with an HTML page, as a captive portal does."""

        async def respond(_request: Json) -> web.StreamResponse:
            return web.Response(text="<html>Welcome to the Wi-Fi</html>", content_type="text/html")

        self._set_responder(respond, None)

    def respond_slowly(self, *, interval_seconds: float, chunk_count: int) -> None:
        """Answer normally, but in small parts with pauses."""

        async def respond(request: Json) -> web.StreamResponse:
            body = json.dumps(_response_body(_generate_text(request))).encode()
            return web.Response(
                body=_send_chunks(body, interval_seconds=interval_seconds, chunk_count=chunk_count)
            )

        self._set_responder(respond, None)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("x-goog-api-key") != self.api_key:
            return _error_response(
                HTTPStatus.BAD_REQUEST, "API key not valid.", reason="API_KEY_INVALID"
            )
        model, _, verb = request.match_info["call"].partition(":")
        if verb != "generateContent" or not model.startswith("gemini-"):
            return _error_response(HTTPStatus.NOT_FOUND, f"models/{model} is not found")
        body = await request.json()
        if error := _find_request_error(body):
            return _error_response(HTTPStatus.BAD_REQUEST, error)
        exchange = Exchange(body)
        self.exchanges.append(exchange)
        self.notifier.notify()
        responder = self._responder
        if self._remaining_times is not None:
            self._remaining_times -= 1
            if self._remaining_times <= 0:
                self.recover()
        response = await responder(body)
        exchange.response = _response_content(response)
        self.notifier.notify()
        return response

    async def _respond_normally(self, request: Json) -> web.StreamResponse:
        return web.json_response(_response_body(_generate_text(request)))

    def _set_responder(self, responder: Responder, times: int | None) -> None:
        self._responder, self._remaining_times = responder, times


def _generate_text(request: Json) -> str:
    schema = request.get("generationConfig", {}).get("responseSchema")
    text = "\n".join(_content_text(content) for content in request["contents"])
    if not schema:
        return f"You said: {text[:200]}"
    instruction = _content_text(request.get("systemInstruction", {}))
    return json.dumps(generate_answer(schema, text, instruction=instruction))


def _content_text(content: Json) -> str:
    """The text of one content; if it has fences, only the text of the first fenced part.

    A fence is a line of dashes around a word. Later fenced parts are examples.
    """
    lines = "\n".join(part.get("text", "") for part in content.get("parts", [])).splitlines()
    fences = [line for line in lines if re.fullmatch(r"-{3,}\w*-{3,}", line.strip())]
    if fences and lines.count(fences[0]) > 1:
        start = lines.index(fences[0]) + 1
        return "\n".join(lines[start : lines.index(fences[0], start)])
    return "\n".join(lines)


def _response_body(text: str, *, finish_reason: str = "STOP") -> Json:
    content = {"role": "model", "parts": [{"text": text}]}
    return {
        "candidates": [{"content": content, "finishReason": finish_reason, "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
        "modelVersion": "stand-in",
    }


def _response_content(response: web.StreamResponse) -> object:
    """The JSON or text of a response; None if it is sent in small parts."""
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return None
    text = response.body.decode()
    return json.loads(text) if response.content_type == "application/json" else text


async def _send_chunks(
    body: bytes, *, interval_seconds: float, chunk_count: int
) -> AsyncIterator[bytes]:
    size = len(body) // chunk_count + 1
    for start in range(0, len(body), size):
        yield body[start : start + size]
        await asyncio.sleep(interval_seconds)


def _error_response(
    status: int, message: str, *, reason: str = "", retry_delay: str = ""
) -> web.StreamResponse:
    type_prefix = "type.googleapis.com/google.rpc"
    details: list[Json] = []
    if reason:
        details.append({"@type": f"{type_prefix}.ErrorInfo", "reason": reason})
    if retry_delay:
        details.append({"@type": f"{type_prefix}.RetryInfo", "retryDelay": retry_delay})
    error = {"code": status, "message": message, "status": _STATUS_NAMES[status]}
    return web.json_response({"error": error | {"details": details}}, status=status)


def _find_request_error(body: object) -> str | None:
    """Why Google's servers refuse a request; None if they accept it."""
    request = body if isinstance(body, dict) else {}
    contents = request.get("contents")
    if not contents or not all(turn.get("parts") for turn in contents):
        return "* GenerateContentRequest.contents: contents is not specified"
    schema = request.get("generationConfig", {}).get("responseSchema")
    return _find_schema_error(schema) if schema else None


def _find_schema_error(schema: Json) -> str | None:
    unknown = sorted(set(schema) - _SCHEMA_FIELDS)
    if unknown:
        return f'Invalid JSON payload received. Unknown name "{unknown[0]}" at response_schema'
    inner_schemas = [*schema.get("properties", {}).values()]
    if "items" in schema:
        inner_schemas.append(schema["items"])
    if schema_type(schema) == "array" and "items" not in schema:
        return "* response_schema.items: missing field"
    return next(filter(None, (_find_schema_error(inner) for inner in inner_schemas)), None)
