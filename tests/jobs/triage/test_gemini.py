"""The client for Gemini: the real library over REST, against a stand-in with all its failures."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from jobs.engines.gemini import Gemini, GeminiFailure
from jobs.engines.prompt import build_request, parse_answer
from models.triage.result import Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY
from sandbox.services.gemini import GeminiStandIn
from tests.sample_tickets import new_ticket, read_sample

REQUEST = build_request(read_sample(new_ticket(title="a title nobody else has")))
GOOD = {
    "category": "Network",
    "priority": "high",
    "skills": ["vpn"],
    "summary": "VPN drops",
    "notes": "",
    "confidence": 0.8,
}


@pytest.fixture
async def gemini_server() -> AsyncIterator[GeminiStandIn]:
    """A stand-in for Gemini."""
    async with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture
async def gemini(gemini_server: GeminiStandIn) -> AsyncIterator[Gemini]:
    """A client with the usual time limit for a call."""
    gemini = Gemini.with_key(
        SecretStr(gemini_server.api_key),
        model="gemini-2.5-flash-lite",
        endpoint=gemini_server.endpoint,
    )
    yield gemini
    gemini.close()


@pytest.fixture
async def impatient_gemini(gemini_server: GeminiStandIn) -> AsyncIterator[Gemini]:
    """A client with a time limit of 0.25 seconds for a call, for servers that do not answer."""
    gemini = Gemini.with_key(
        SecretStr(gemini_server.api_key),
        model="gemini-2.5-flash-lite",
        endpoint=gemini_server.endpoint,
        call_seconds=0.25,
    )
    yield gemini
    gemini.close()


async def triage(gemini: Gemini) -> Triage:
    return await gemini.ask(REQUEST, lambda answer: parse_answer(answer.text, DEFAULT_TAXONOMY))


async def test_request_has_the_schema_and_the_fenced_text(
    gemini_server: GeminiStandIn, gemini: Gemini
) -> None:
    gemini_server.respond_with_json(GOOD)

    assert (await triage(gemini)).summary == "VPN drops"

    [request] = gemini_server.requests
    config = request["generationConfig"]
    assert config["temperature"] == 0.1
    assert config["responseMimeType"] == "application/json"
    assert config["responseSchema"]["required"] == [*GOOD]
    assert "a title nobody else has" in json.dumps(request["contents"])
    assert "a title nobody else has" not in json.dumps(request["systemInstruction"])


FAILURES: dict[str, tuple[Callable[[GeminiStandIn], None], str, int]] = {
    "prose": (lambda g: g.respond_with_text("Sure!"), "could not be used", 2),
    "cut short": (
        lambda g: g.respond_with_text('{"category', finish_reason="MAX_TOKENS"),
        "cut short",
        2,
    ),
    "HTML page": (GeminiStandIn.respond_with_html, "the call to Gemini failed", 2),
    "blocked": (GeminiStandIn.block_prompts, "gave no answer", 1),
    "finish reason newer than the library": (
        lambda g: g.respond_with_text("{}", finish_reason="99"),
        "stopped early",
        1,
    ),
    "number too large for a float": (
        lambda g: g.respond_with_json({"confidence": 10**400}),
        "be used",
        2,
    ),
    "deeply nested JSON": (lambda g: g.respond_with_text("[" * 100_000), "could not be used", 2),
    "no quota": (lambda g: g.respond_with_error(429, retry_delay="37s"), "limit is reached", 1),
    "server error": (lambda g: g.respond_with_error(500), "returned an error (500)", 2),
    "down": (lambda g: g.respond_with_error(503), "returned an error (503)", 2),
    "forbidden": (lambda g: g.respond_with_error(403), "check key and model", 1),
}


@pytest.mark.fault("F60", "F62", "F63", "F64")
@pytest.mark.parametrize("name", FAILURES)
async def test_failure_has_a_readable_reason_after_at_most_two_attempts(
    gemini_server: GeminiStandIn, gemini: Gemini, name: str
) -> None:
    fail, reason, attempts = FAILURES[name]
    fail(gemini_server)

    with pytest.raises(GeminiFailure) as caught:
        await triage(gemini)

    assert reason in str(caught.value)
    assert gemini_server.api_key not in str(caught.value)
    assert "a title" not in str(caught.value)
    assert len(gemini_server.requests) == attempts


@pytest.mark.fault("F63")
async def test_silent_server_is_asked_twice(
    gemini_server: GeminiStandIn, impatient_gemini: Gemini
) -> None:
    gemini_server.hang()

    with pytest.raises(GeminiFailure, match="did not answer in time"):
        await triage(impatient_gemini)

    assert len(gemini_server.requests) == 2


async def test_second_attempt_overcomes_a_single_error(
    gemini_server: GeminiStandIn, gemini: Gemini
) -> None:
    gemini_server.respond_with_error(503, times=1)

    assert (await triage(gemini)).category in {c.name for c in DEFAULT_TAXONOMY.categories}


@pytest.mark.fault("F65")
async def test_wrong_key_asks_to_check_the_key(gemini_server: GeminiStandIn) -> None:
    gemini = Gemini.with_key(
        SecretStr("not the key"), model="gemini-2.5-flash-lite", endpoint=gemini_server.endpoint
    )

    with pytest.raises(GeminiFailure, match="check key and model"):
        await triage(gemini)
    gemini.close()


@pytest.mark.fault("F31")
async def test_hanging_calls_do_not_block_other_threads(
    gemini_server: GeminiStandIn, impatient_gemini: Gemini
) -> None:
    gemini_server.hang()
    tasks = [asyncio.create_task(triage(impatient_gemini)) for _ in range(20)]
    await gemini_server.wait_until(lambda: gemini_server.requests)

    assert await asyncio.to_thread(lambda: "done") == "done"

    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, GeminiFailure) for result in results)
