"""Gemini: the real library over REST, against a stand-in that fails in every way it can."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr

from jobs.gemini import Gemini, GeminiFailed
from jobs.prompt import ask, read
from models.configuration import DEFAULT
from models.triage import Triage
from sandbox.gemini import GeminiStandIn
from tests.models.desk_words import new_ticket

QUESTION = ask(new_ticket(title="a title nobody else has"), DEFAULT)
GOOD = {
    "category": "Network",
    "priority": "high",
    "skills": ["vpn"],
    "summary": "VPN drops",
    "notes": "",
    "confidence": 0.8,
}


@pytest.fixture
async def google() -> AsyncIterator[GeminiStandIn]:
    """Google's servers."""
    async with GeminiStandIn() as google:
        yield google


@pytest.fixture
async def gemini(google: GeminiStandIn) -> AsyncIterator[Gemini]:
    """The adapter, with patience for a quarter of a second."""
    gemini = Gemini.with_key(
        SecretStr(google.api_key),
        model="gemini-2.5-flash-lite",
        endpoint=google.endpoint,
        call_seconds=0.25,
    )
    yield gemini
    gemini.close()


async def triage(gemini: Gemini) -> Triage:
    """What Gemini makes of the question."""
    return await gemini.answer(QUESTION, lambda said: read(said.text, DEFAULT))


async def test_a_good_answer_is_the_triage(google: GeminiStandIn, gemini: Gemini) -> None:
    google.answers(GOOD)

    assert (await triage(gemini)).summary == "VPN drops"

    [request] = google.requests
    asked = request["generationConfig"]
    assert asked["temperature"] == 0.1
    assert asked["responseMimeType"] == "application/json"
    assert asked["responseSchema"]["required"] == [*GOOD]
    assert "a title nobody else has" in json.dumps(request["contents"])
    assert "a title nobody else has" not in json.dumps(request["systemInstruction"])


FAILURES: dict[str, tuple[Callable[[GeminiStandIn], None], str, int]] = {
    "prose": (lambda g: g.says("Sure!"), "could not be used", 2),
    "cut short": (lambda g: g.says('{"category', finish="MAX_TOKENS"), "cut short", 2),
    "a page": (GeminiStandIn.talks_html, "could not be asked", 2),
    "blocked": (GeminiStandIn.blocks, "gave no answer", 1),
    "a reason newer than the library": (lambda g: g.says("{}", finish="99"), "stopped early", 1),
    "a number beyond all numbers": (lambda g: g.answers({"confidence": 10**400}), "be used", 2),
    "no end of brackets": (lambda g: g.says("[" * 100_000), "could not be used", 2),
    "no quota": (lambda g: g.fails(429, retry_after="37s"), "limit is used up", 1),
    "out of order": (lambda g: g.fails(500), "out of order (500)", 2),
    "away": (lambda g: g.fails(503), "out of order (503)", 2),
    "forbidden": (lambda g: g.fails(403), "check key and model", 1),
    "silent": (GeminiStandIn.hangs, "did not answer in time", 2),
}


@pytest.mark.fault("F60", "F62", "F63", "F64")
@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_says_why_in_words_and_asks_twice_at_most(
    google: GeminiStandIn, gemini: Gemini, name: str
) -> None:
    fail, reason, asked = FAILURES[name]
    fail(google)

    with pytest.raises(GeminiFailed) as failed:
        await triage(gemini)

    assert reason in str(failed.value)
    assert google.api_key not in str(failed.value)
    assert "a title" not in str(failed.value)
    assert len(google.requests) == asked


async def test_a_hiccup_is_not_noticed(google: GeminiStandIn, gemini: Gemini) -> None:
    google.fails(503, times=1)

    assert (await triage(gemini)).category in {c.name for c in DEFAULT.categories}


@pytest.mark.fault("F65")
async def test_a_wrong_key_says_what_to_check(google: GeminiStandIn) -> None:
    wrong = Gemini.with_key(
        SecretStr("not the key"), model="gemini-2.5-flash-lite", endpoint=google.endpoint
    )

    with pytest.raises(GeminiFailed, match="check key and model"):
        await triage(wrong)
    wrong.close()


@pytest.mark.fault("F31")
async def test_other_work_goes_on_while_gemini_is_silent(
    google: GeminiStandIn, gemini: Gemini
) -> None:
    google.hangs()
    asking = [asyncio.create_task(triage(gemini)) for _ in range(20)]
    await google.until(lambda: google.requests)

    assert await asyncio.to_thread(lambda: "done") == "done"

    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(end, GeminiFailed) for end in ended)
