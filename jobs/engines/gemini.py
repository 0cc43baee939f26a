"""Gemini, by way of google-generativeai: the only file that knows it.

The package gets no new features, and its defaults are traps: calls repeat a 503 for ten minutes
whatever `timeout` says (so `retry=None`), its async call over REST raises TypeError (so the sync
one runs in a thread), and `timeout` is per socket read (so there is one around it all).
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
    """What Gemini has said, and the tokens that all tries took."""

    text: str
    tokens: int


class GeminiFailure(ExternalServiceError):
    """Gemini did not triage; the message says why, in words for a moderator."""

    metric_label = "GeminiFailed"


class PermanentGeminiFailure(GeminiFailure):
    """Gemini does not answer this text, however often it is asked."""

    metric_label = "NoAnswer"


class _TransientGeminiFailure(GeminiFailure):
    """One more try may succeed."""

    metric_label = "_OnceMore"


class Gemini:
    """Asks Gemini, twice at most, within a bounded time."""

    def __init__(self, library: Any, model: str, *, call_seconds: float) -> None:
        self._library = library
        self.model = model
        self._call_seconds = call_seconds
        # Its own threads: hanging calls must not hold up what else uses the default pool.
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
        """Load the library (0.5 s, 80 MB: only where there is a key) and give it the key."""
        with warnings.catch_warnings():
            # It says at every import that its support has ended; that is known.
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
        """As the settings say; None where there is no key."""
        if settings.gemini_api_key is None:
            return None
        return cls.with_key(
            settings.gemini_api_key,
            model=settings.gemini_model,
            endpoint=settings.gemini_api_endpoint,
        )

    async def check_connection(self) -> None:
        """Ask the shortest question there is.

        Raises:
            GeminiFailed: the key, the model or the way there is not right.
        """
        await self.ask(_PING_REQUEST, lambda said: said.text)

    def close(self) -> None:
        """Let go of the threads; calls under way are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def ask(self, request: GeminiRequest, parse: Callable[[GeminiAnswer], T]) -> T:
        """What Gemini answers.

        Args:
            read: makes something of the answer; raises ValueError when it can't.

        Raises:
            GeminiFailed: no usable answer came in time.
        """
        tries = AsyncRetrying(
            stop=stop_after_attempt(2),
            wait=wait_random_exponential(max=1),
            retry=retry_if_exception_type(_TransientGeminiFailure),
            reraise=True,
        )
        try:
            async with asyncio.timeout(MAX_TOTAL_SECONDS):
                return await tries(self._ask_once, request, parse, [])
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
        """One call, in a thread; what the library raises becomes GeminiFailed."""
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
        except Exception as error:  # it raises what google-api-core, requests and protobuf raise
            raise _to_failure(error) from error


def _to_failure(error: Exception) -> GeminiFailure:
    status = getattr(error, "code", None)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return GeminiFailure("Gemini's limit is used up for now")
    if isinstance(status, int) and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return GeminiFailure(f"Gemini refused the request ({status}): check key and model")
    if isinstance(status, int):
        return _TransientGeminiFailure(f"Gemini is out of order ({status})")
    return _TransientGeminiFailure(f"Gemini could not be asked ({type(error).__name__})")


def _token_count(response: Any) -> int:
    """What the call took, as Google counts it; nothing of an answer that does not say."""
    total = getattr(getattr(response, "usage_metadata", None), "total_token_count", 0)
    return max(0, total) if isinstance(total, int) else 0


def _complete_text(response: Any) -> str:
    """The text of a whole answer: one cut short by a limit is valid JSON only by accident."""
    try:
        candidate = response.candidates[0]
        # A reason that is newer than the library is a bare number.
        reason = getattr(candidate.finish_reason, "name", str(candidate.finish_reason))
        if reason == "MAX_TOKENS":
            raise _TransientGeminiFailure("Gemini's answer was cut short")
        if reason != "STOP":
            raise PermanentGeminiFailure(f"Gemini stopped early ({reason})")
        text: str = response.text
    except (IndexError, ValueError) as error:
        raise PermanentGeminiFailure("Gemini gave no answer to this text") from error
    return text
