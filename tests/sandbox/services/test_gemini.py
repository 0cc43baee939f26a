"""The Gemini stand-in, called by the real google-generativeai: checks, answers and faults."""

import asyncio
import importlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from sandbox.services.gemini import GeminiStandIn

Json = dict[str, Any]
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "fruit": {"type": "string", "enum": ["apple", "pear", "fig", "other"]},
        "colours": {
            "type": "array",
            "items": {"type": "string", "enum": ["red", "green", "blue"]},
            "max_items": 2,
        },
        "why": {"type": "string"},
        "sure": {"type": "number"},
        "ripe": {"type": "boolean"},
        "count": {"type": "integer"},
    },
    "required": ["fruit", "colours", "why", "sure", "ripe", "count"],
}


class GeminiLibraryClient:
    """Calls the stand-in with google-generativeai; its calls block, so each runs in a thread."""

    def __init__(self, gemini: GeminiStandIn, *, key: str | None = None) -> None:
        self.library: Any = importlib.import_module("google.generativeai")
        self.library.configure(
            api_key=key or gemini.api_key,
            transport="rest",
            client_options={"api_endpoint": gemini.endpoint},
        )

    async def generate(
        self,
        text: str = "a green apple",
        *,
        model: str = "gemini-2.5-flash-lite",
        instruction: str | None = None,
        timeout: float = 5,
    ) -> Any:
        def call() -> Any:
            client = self.library.GenerativeModel(model, system_instruction=instruction)
            return client.generate_content(
                text,
                generation_config={
                    "response_mime_type": "application/json",
                    "response_schema": SCHEMA,
                },
                request_options={"timeout": timeout, "retry": None},
            )

        return await asyncio.to_thread(call)

    async def generate_json(self, text: str = "a green apple", **more: Any) -> Json:
        answer: Json = json.loads((await self.generate(text, **more)).text)
        return answer

    async def fail(self, **more: Any) -> Exception:
        with pytest.raises(Exception) as failed:  # noqa: PT011 (three packages raise different types)
            await self.generate(**more)
        return failed.value


@pytest.fixture
async def gemini_server() -> AsyncIterator[GeminiStandIn]:
    async with GeminiStandIn() as gemini:
        yield gemini


@pytest.fixture
def gemini_client(gemini_server: GeminiStandIn) -> GeminiLibraryClient:
    return GeminiLibraryClient(gemini_server)


async def post(gemini: GeminiStandIn, body: object) -> tuple[int, Json]:
    """Send a raw request with the right key, as no library does."""
    url = f"{gemini.endpoint}/v1beta/models/gemini-2.5-flash-lite:generateContent"
    headers = {"x-goog-api-key": gemini.api_key}
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_an_answer_fits_the_schema_and_the_text(
    gemini_client: GeminiLibraryClient,
) -> None:
    answer = await gemini_client.generate_json("a pear that is red, blue and green")

    assert answer["fruit"] == "pear"
    assert len(answer["colours"]) == 2
    assert set(answer["colours"]) <= {"red", "green", "blue"}
    assert "red, blue and green" in answer["why"]
    assert 0 <= answer["sure"] <= 1
    assert answer["ripe"] is True
    assert isinstance(answer["count"], int)


async def test_a_described_word_selects_its_option(
    gemini_client: GeminiLibraryClient,
) -> None:
    instruction = "Choose a fruit.\n- apple: round, for pies\n- fig: soft, purple, from the south"

    assert (await gemini_client.generate_json("something purple", instruction=instruction))[
        "fruit"
    ] == "fig"
    assert (await gemini_client.generate_json("for a pie", instruction=instruction))[
        "fruit"
    ] == "apple"


async def test_a_text_that_fits_no_option_is_other(gemini_client: GeminiLibraryClient) -> None:
    answer = await gemini_client.generate_json("a bicycle")

    assert answer["fruit"] == "other"
    assert answer["colours"] == []


async def test_the_fence_is_not_part_of_the_answer(
    gemini_client: GeminiLibraryClient,
) -> None:
    answer = await gemini_client.generate_json("-----a1b2-----\na ripe fig\n-----a1b2-----")

    assert answer["why"] == "a ripe fig"


async def test_later_fenced_parts_are_ignored(
    gemini_client: GeminiLibraryClient,
) -> None:
    answer = await gemini_client.generate_json(
        "---a---\na fig\n---a---\n---b---\nan apple\n---b---"
    )

    assert (answer["fruit"], answer["why"]) == ("fig", "a fig")


async def test_an_answer_has_googles_format(gemini_client: GeminiLibraryClient) -> None:
    answer = await gemini_client.generate()

    assert answer.candidates[0].finish_reason.name == "STOP"
    assert answer.usage_metadata.total_token_count > 0


async def test_requests_are_recorded_until_reset(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    await gemini_client.generate("a green apple", instruction="You know fruit.")

    [request] = gemini_server.requests
    assert request["contents"][0]["parts"] == [{"text": "a green apple"}]
    assert request["systemInstruction"]["parts"] == [{"text": "You know fruit."}]
    gemini_server.reset()
    assert gemini_server.requests == []


async def test_a_wrong_key_is_refused_with_googles_error(gemini_server: GeminiStandIn) -> None:
    error: Any = await GeminiLibraryClient(gemini_server, key="wrong").fail()

    assert error.code == 400
    assert error.details[0]["reason"] == "API_KEY_INVALID"
    assert gemini_server.requests == []


async def test_an_unknown_model_is_not_found(gemini_client: GeminiLibraryClient) -> None:
    error: Any = await gemini_client.fail(model="chat-bison-001")

    assert error.code == 404
    assert "models/chat-bison-001 is not found" in error.message


@pytest.mark.parametrize("body", [{}, {"contents": []}, {"contents": [{"role": "user"}]}, [], "hi"])
async def test_a_request_without_contents_is_refused(
    gemini_server: GeminiStandIn, body: object
) -> None:
    status, answer = await post(gemini_server, body)

    assert status == 400
    assert answer["error"]["status"] == "INVALID_ARGUMENT"
    assert "contents" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("schema", "unknown"),
    [
        ({"type": "object", "additionalProperties": False}, "additionalProperties"),
        ({"type": "array", "items": {"type": "string", "$ref": "#/x"}}, "$ref"),
        ({"type": "object", "properties": {"a": {"type": "string", "const": 1}}}, "const"),
    ],
)
async def test_a_schema_in_another_dialect_is_refused(
    gemini_server: GeminiStandIn, schema: Json, unknown: str
) -> None:
    body = {
        "contents": [{"parts": [{"text": "hi"}]}],
        "generationConfig": {"responseSchema": schema},
    }

    status, answer = await post(gemini_server, body)

    assert status == 400
    assert f'Unknown name "{unknown}"' in answer["error"]["message"]
    assert gemini_server.requests == []


async def test_fixed_answers_are_sent_once(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.respond_with_json({"fruit": "fig"}, times=1)
    assert await gemini_client.generate_json() == {"fruit": "fig"}

    gemini_server.respond_with_text("Sure! Here is your fruit.", times=1)
    assert (await gemini_client.generate()).text == "Sure! Here is your fruit."

    assert (await gemini_client.generate_json())["fruit"] == "apple"


async def test_an_answer_can_be_truncated(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.respond_with_text('{"fruit": "fi', finish_reason="MAX_TOKENS")

    answer = await gemini_client.generate()

    assert answer.candidates[0].finish_reason.name == "MAX_TOKENS"
    assert answer.text == '{"fruit": "fi'


async def test_a_rate_limit_has_a_retry_delay(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.respond_with_error(429, retry_delay="37s")

    error: Any = await gemini_client.fail()

    assert type(error).__name__ == "TooManyRequests"
    assert [detail["retryDelay"] for detail in error.details] == ["37s"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, "Forbidden"),
        (429, "TooManyRequests"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ],
)
async def test_errors_are_sent_a_given_number_of_times(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient, status: int, kind: str
) -> None:
    gemini_server.respond_with_error(status, times=2)

    errors = [await gemini_client.fail(), await gemini_client.fail()]

    assert [type(error).__name__ for error in errors] == [kind, kind]
    assert (await gemini_client.generate_json())["fruit"] == "apple"


async def test_errors_have_googles_status_names(gemini_server: GeminiStandIn) -> None:
    names = {}
    for status in (400, 403, 429, 500, 503, 504):
        gemini_server.respond_with_error(status)
        _, answer = await post(gemini_server, {"contents": [{"parts": [{"text": "hi"}]}]})
        names[status] = answer["error"]["status"]

    assert names == {
        400: "INVALID_ARGUMENT",
        403: "PERMISSION_DENIED",
        429: "RESOURCE_EXHAUSTED",
        500: "INTERNAL",
        503: "UNAVAILABLE",
        504: "DEADLINE_EXCEEDED",
    }


async def test_a_prompt_can_be_blocked(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.block_prompts()

    answer = await gemini_client.generate()

    assert answer.prompt_feedback.block_reason.name == "SAFETY"
    assert list(answer.candidates) == []


async def test_an_html_page_is_not_an_answer(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.respond_with_html()

    assert type(await gemini_client.fail()).__name__ == "ParseError"


async def test_a_hanging_request_ends_in_a_read_timeout(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.hang()

    assert type(await gemini_client.fail(timeout=0.2)).__name__ == "ReadTimeout"

    gemini_server.recover()
    assert (await gemini_client.generate_json())["fruit"] == "apple"


async def test_a_slow_answer_outlasts_the_librarys_timeout(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    """The library's timeout is per read, so only a limit around the whole call helps."""
    gemini_server.respond_slowly(interval_seconds=0.05, chunk_count=10)
    started_at = time.monotonic()

    answer = await gemini_client.generate(timeout=0.3)

    assert time.monotonic() - started_at > 0.3
    assert answer.candidates[0].finish_reason.name == "STOP"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("My VPN is down", "VPN profile"),
        ("The wifi is slow", "forget the network"),
        ("A new laptop screen", "asset number"),
        ("Please help", "does not name a clear cause"),
    ],
)
async def test_notes_fit_the_chosen_category(
    gemini_server: GeminiStandIn, text: str, words: str
) -> None:
    categories = ["Network", "Hardware", "Other"]
    instruction = "- Network: VPN, wifi\n- Hardware: laptop, screen\n- Other: all the rest"
    properties = {
        "category": {"type": "string", "enum": categories},
        "summary": {"type": "string"},
        "notes": {"type": "string"},
    }
    body = {
        "systemInstruction": {"parts": [{"text": instruction}]},
        "contents": [{"parts": [{"text": text}]}],
        "generationConfig": {"responseSchema": {"type": "object", "properties": properties}},
    }

    _, answer = await post(gemini_server, body)

    triage = json.loads(answer["candidates"][0]["content"]["parts"][0]["text"])
    assert triage["summary"] == text
    assert words in triage["notes"]
