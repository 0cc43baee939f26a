"""Client for Gemini; no other file imports google-generativeai.

The package gets no new features, and its defaults do not suit Frontdesk:
- Calls repeat a 503 for ten minutes, whatever `timeout` says. So `retry` is None.
- Its async call over REST raises TypeError. So the sync call runs in a thread.
- `timeout` applies to each socket read. So there is another timeout around the whole call.
"""

import asyncio
import importlib
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self, TypeVar

from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from jobs.engines.prompt import GeminiRequest
from models.errors import ExternalServiceError
from models.infra.metrics import GEMINI_TOKENS
from models.settings import Settings

MAX_CALL_SECONDS = 8
MAX_TOTAL_SECONDS = 17
MAX_OUTPUT_TOKENS = 2048

T = TypeVar("T")
_PING_REQUEST = GeminiRequest(
    instruction="Answer with JSON.",
    text="Are you there?",
    schema={"type": "object", "properties": {"there": {"type": "boolean"}}},
)


@dataclass(frozen=True, slots=True)
class GeminiAnswer:
    """The text of an answer, and the tokens that all attempts used."""

    text: str
    tokens: int


class GeminiFailure(ExternalServiceError):
    """Gemini did not triage; moderators read the message as the reason."""

    metric_label = "GeminiFailed"


class PermanentGeminiFailure(GeminiFailure):
    """Gemini does not answer this text; further attempts would fail, too."""

    metric_label = "NoAnswer"


class _TransientGeminiFailure(GeminiFailure):
    """A failure that one more attempt may overcome."""

    metric_label = "_OnceMore"


class Gemini:
    """Sends requests to Gemini, with at most two attempts and a time limit.

    Attributes:
        model: the name of the model.
    """

    def __init__(self, library: Any, model: str, *, call_seconds: float) -> None:
        self._library = library
        self.model = model
        self._call_seconds = call_seconds
        # Own threads: calls that hang must not block other users of asyncio's default pool.
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="gemini")

    @classmethod
    def with_key(
        cls,
        key: SecretStr,
        *,
        model: str,
        endpoint: str | None,
        call_seconds: float = MAX_CALL_SECONDS,
    ) -> Self:
        """A client with this key.

        It imports the library here, since that takes 0.5 s and 80 MB of memory.
        """
        with warnings.catch_warnings():
            # google-generativeai warns at each import that its support has ended.
            warnings.simplefilter("ignore", FutureWarning)
            library: Any = importlib.import_module("google.generativeai")
        library.configure(
            api_key=key.get_secret_value(),
            transport="rest",
            client_options={"api_endpoint": endpoint} if endpoint else None,
        )
        return cls(library, model, call_seconds=call_seconds)

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """A client for the key in the settings; None if there is no key."""
        if settings.gemini_api_key is None:
            return None
        return cls.with_key(
            settings.gemini_api_key,
            model=settings.gemini_model,
            endpoint=settings.gemini_api_endpoint,
        )

    async def check_connection(self) -> None:
        """Send a minimal request.

        Raises:
            GeminiFailure: the key, the model or the connection does not work.
        """
        await self.ask(_PING_REQUEST, lambda answer: answer.text)

    def close(self) -> None:
        """Release the threads without waiting for running calls."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def ask(self, request: GeminiRequest, parse: Callable[[GeminiAnswer], T]) -> T:
        """The parsed answer of Gemini.

        Args:
            request: the request to send.
            parse: converts the answer; raises ValueError if the answer is unusable.

        Raises:
            GeminiFailure: no usable answer came in time.
        """
        retry = AsyncRetrying(
            stop=stop_after_attempt(2),
            wait=wait_random_exponential(max=1),
            retry=retry_if_exception_type(_TransientGeminiFailure),
            reraise=True,
        )
        try:
            async with asyncio.timeout(MAX_TOTAL_SECONDS):
                return await retry(self._ask_once, request, parse, [])
        except TimeoutError as error:
            raise GeminiFailure("Gemini did not answer in time") from error

    async def _ask_once(
        self, request: GeminiRequest, parse: Callable[[GeminiAnswer], T], tokens_per_try: list[int]
    ) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._call_seconds):
                response = await loop.run_in_executor(self._threads, self._generate, request)
        except TimeoutError as error:
            raise _TransientGeminiFailure("Gemini did not answer in time") from error
        tokens_per_try.append(_token_count(response))
        GEMINI_TOKENS.inc(tokens_per_try[-1])
        try:
            return parse(GeminiAnswer(_complete_text(response), sum(tokens_per_try)))
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise _TransientGeminiFailure("Gemini's answer could not be used") from error

    def _generate(self, request: GeminiRequest) -> Any:
        """The response to one call, made in a thread; all errors become GeminiFailure."""
        model = self._library.GenerativeModel(self.model, system_instruction=request.instruction)
        try:
            return model.generate_content(
                request.text,
                generation_config={
                    "temperature": 0.1,
                    "max_output_tokens": MAX_OUTPUT_TOKENS,
                    "response_mime_type": "application/json",
                    "response_schema": request.schema,
                },
                request_options={"timeout": self._call_seconds, "retry": None},
            )
        except Exception as error:  # errors of google-api-core, requests and protobuf pass through
            raise _to_failure(error) from error


def _to_failure(error: Exception) -> GeminiFailure:
    status = getattr(error, "code", None)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return GeminiFailure("Gemini's rate limit is reached")
    if isinstance(status, int) and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return GeminiFailure(f"Gemini refused the request ({status}): check key and model")
    if isinstance(status, int):
        return _TransientGeminiFailure(f"Gemini returned an error ({status})")
    return _TransientGeminiFailure(f"the call to Gemini failed ({type(error).__name__})")


def _token_count(response: Any) -> int:
    """The tokens that the call used, as Google counts them; 0 if the response has no count."""
    total = getattr(getattr(response, "usage_metadata", None), "total_token_count", 0)
    return max(0, total) if isinstance(total, int) else 0


def _complete_text(response: Any) -> str:
    """The text of a complete answer.

    An answer that a limit cut short is valid JSON only by accident, so it raises an error.
    """
    try:
        candidate = response.candidates[0]
        # The library gives reasons that are newer than itself as bare numbers.
        reason = getattr(candidate.finish_reason, "name", str(candidate.finish_reason))
        if reason == "MAX_TOKENS":
            raise _TransientGeminiFailure("Gemini's answer was cut short")
        if reason != "STOP":
            raise PermanentGeminiFailure(f"Gemini stopped early ({reason})")
        text: str = response.text
    except (IndexError, ValueError) as error:
        raise PermanentGeminiFailure("Gemini gave no answer to this text") from error
    return text
