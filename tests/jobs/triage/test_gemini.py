"""Gemini: the real library over REST, against a stand-in that fails in every way it can."""

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
from tests.sample_tickets import new_ticket

QUESTION = build_request(new_ticket(title="a title nobody else has"), DEFAULT_TAXONOMY)
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
    """Google's servers."""
    async with GeminiStandIn() as google:
        yield google


@pytest.fixture
async def gemini(gemini_server: GeminiStandIn) -> AsyncIterator[Gemini]:
    """The adapter, with patience for a quarter of a second."""
    gemini = Gemini.with_key(
        SecretStr(gemini_server.api_key),
        model="gemini-2.5-flash-lite",
        endpoint=gemini_server.endpoint,
        call_seconds=0.25,
    )
    yield gemini
    gemini.close()


async def triage(gemini: Gemini) -> Triage:
    """What Gemini makes of the question."""
    return await gemini.ask(QUESTION, lambda said: parse_answer(said.text, DEFAULT_TAXONOMY))


async def test_a_good_answer_is_the_triage(gemini_server: GeminiStandIn, gemini: Gemini) -> None:
    gemini_server.respond_with_json(GOOD)

    assert (await triage(gemini)).summary == "VPN drops"

    [request] = gemini_server.requests
    asked = request["generationConfig"]
    assert asked["temperature"] == 0.1
    assert asked["responseMimeType"] == "application/json"
    assert asked["responseSchema"]["required"] == [*GOOD]
    assert "a title nobody else has" in json.dumps(request["contents"])
    assert "a title nobody else has" not in json.dumps(request["systemInstruction"])


FAILURES: dict[str, tuple[Callable[[GeminiStandIn], None], str, int]] = {
    "prose": (lambda g: g.respond_with_text("Sure!"), "could not be used", 2),
    "cut short": (
        lambda g: g.respond_with_text('{"category', finish_reason="MAX_TOKENS"),
        "cut short",
        2,
    ),
    "a page": (GeminiStandIn.respond_with_html, "could not be asked", 2),
    "blocked": (GeminiStandIn.block_prompts, "gave no answer", 1),
    "a reason newer than the library": (
        lambda g: g.respond_with_text("{}", finish_reason="99"),
        "stopped early",
        1,
    ),
    "a number beyond all numbers": (
        lambda g: g.respond_with_json({"confidence": 10**400}),
        "be used",
        2,
    ),
    "no end of brackets": (lambda g: g.respond_with_text("[" * 100_000), "could not be used", 2),
    "no quota": (lambda g: g.respond_with_error(429, retry_delay="37s"), "limit is used up", 1),
    "out of order": (lambda g: g.respond_with_error(500), "out of order (500)", 2),
    "away": (lambda g: g.respond_with_error(503), "out of order (503)", 2),
    "forbidden": (lambda g: g.respond_with_error(403), "check key and model", 1),
    "silent": (GeminiStandIn.hang, "did not answer in time", 2),
}


@pytest.mark.fault("F60", "F62", "F63", "F64")
@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_says_why_in_words_and_asks_twice_at_most(
    gemini_server: GeminiStandIn, gemini: Gemini, name: str
) -> None:
    fail, reason, asked = FAILURES[name]
    fail(gemini_server)

    with pytest.raises(GeminiFailure) as failed:
        await triage(gemini)

    assert reason in str(failed.value)
    assert gemini_server.api_key not in str(failed.value)
    assert "a title" not in str(failed.value)
    assert len(gemini_server.requests) == asked


async def test_a_hiccup_is_not_noticed(gemini_server: GeminiStandIn, gemini: Gemini) -> None:
    gemini_server.respond_with_error(503, times=1)

    assert (await triage(gemini)).category in {c.name for c in DEFAULT_TAXONOMY.categories}


@pytest.mark.fault("F65")
async def test_a_wrong_key_says_what_to_check(gemini_server: GeminiStandIn) -> None:
    wrong = Gemini.with_key(
        SecretStr("not the key"), model="gemini-2.5-flash-lite", endpoint=gemini_server.endpoint
    )

    with pytest.raises(GeminiFailure, match="check key and model"):
        await triage(wrong)
    wrong.close()


@pytest.mark.fault("F31")
async def test_other_work_goes_on_while_gemini_is_silent(
    gemini_server: GeminiStandIn, gemini: Gemini
) -> None:
    gemini_server.hang()
    asking = [asyncio.create_task(triage(gemini)) for _ in range(20)]
    await gemini_server.wait_until(lambda: gemini_server.requests)

    assert await asyncio.to_thread(lambda: "done") == "done"

    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(end, GeminiFailure) for end in ended)
