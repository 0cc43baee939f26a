"""Gemini's stand-in, asked by the real google-generativeai: strict, sensible, and out of order."""

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
    """The library, pointed at the stand-in; its calls block, so each has a thread."""

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
        def ask() -> Any:
            asked = self.library.GenerativeModel(model, system_instruction=instruction)
            return asked.generate_content(
                text,
                generation_config={
                    "response_mime_type": "application/json",
                    "response_schema": SCHEMA,
                },
                request_options={"timeout": timeout, "retry": None},
            )

        return await asyncio.to_thread(ask)

    async def gets(self, text: str = "a green apple", **more: Any) -> Json:
        answer: Json = json.loads((await self.generate(text, **more)).text)
        return answer

    async def fails(self, **more: Any) -> Exception:
        with pytest.raises(Exception) as failed:  # noqa: PT011 (of three packages' own kinds)
            await self.generate(**more)
        return failed.value


@pytest.fixture
async def gemini_server() -> AsyncIterator[GeminiStandIn]:
    async with GeminiStandIn() as gemini:
        yield gemini


@pytest.fixture
def gemini_client(gemini_server: GeminiStandIn) -> GeminiLibraryClient:
    return GeminiLibraryClient(gemini_server)


async def posts(gemini: GeminiStandIn, body: object) -> tuple[int, Json]:
    """What no library would send, with the right key."""
    url = f"{gemini.endpoint}/v1beta/models/gemini-2.5-flash-lite:generateContent"
    headers = {"x-goog-api-key": gemini.api_key}
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json=body, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


async def test_the_answer_fits_the_schema_and_is_about_the_text(
    gemini_client: GeminiLibraryClient,
) -> None:
    answer = await gemini_client.gets("a pear that is red, blue and green")

    assert answer["fruit"] == "pear"
    assert len(answer["colours"]) == 2
    assert set(answer["colours"]) <= {"red", "green", "blue"}
    assert "red, blue and green" in answer["why"]
    assert 0 <= answer["sure"] <= 1
    assert answer["ripe"] is True
    assert isinstance(answer["count"], int)


async def test_a_word_that_the_instruction_ties_to_a_choice_leads_to_it(
    gemini_client: GeminiLibraryClient,
) -> None:
    instruction = "Choose a fruit.\n- apple: round, for pies\n- fig: soft, purple, from the south"

    assert (await gemini_client.gets("something purple", instruction=instruction))["fruit"] == "fig"
    assert (await gemini_client.gets("for a pie", instruction=instruction))["fruit"] == "apple"


async def test_what_fits_no_choice_is_other(gemini_client: GeminiLibraryClient) -> None:
    answer = await gemini_client.gets("a bicycle")

    assert answer["fruit"] == "other"
    assert answer["colours"] == []


async def test_the_fence_around_the_text_is_not_part_of_the_answer(
    gemini_client: GeminiLibraryClient,
) -> None:
    answer = await gemini_client.gets("-----a1b2-----\na ripe fig\n-----a1b2-----")

    assert answer["why"] == "a ripe fig"


async def test_what_is_fenced_after_the_text_is_not_what_it_answers(
    gemini_client: GeminiLibraryClient,
) -> None:
    answer = await gemini_client.gets("---a---\na fig\n---a---\n---b---\nan apple\n---b---")

    assert (answer["fruit"], answer["why"]) == ("fig", "a fig")


async def test_an_answer_looks_as_google_s_does(gemini_client: GeminiLibraryClient) -> None:
    answer = await gemini_client.generate()

    assert answer.candidates[0].finish_reason.name == "STOP"
    assert answer.usage_metadata.total_token_count > 0


async def test_it_remembers_what_it_was_asked(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    await gemini_client.generate("a green apple", instruction="You know fruit.")

    [request] = gemini_server.requests
    assert request["contents"][0]["parts"] == [{"text": "a green apple"}]
    assert request["systemInstruction"]["parts"] == [{"text": "You know fruit."}]
    gemini_server.reset()
    assert gemini_server.requests == []


async def test_a_wrong_key_is_refused_in_google_s_words(gemini_server: GeminiStandIn) -> None:
    error: Any = await GeminiLibraryClient(gemini_server, key="wrong").fails()

    assert error.code == 400
    assert error.details[0]["reason"] == "API_KEY_INVALID"
    assert gemini_server.requests == []


async def test_an_unknown_model_is_not_found(gemini_client: GeminiLibraryClient) -> None:
    error: Any = await gemini_client.fails(model="chat-bison-001")

    assert error.code == 404
    assert "models/chat-bison-001 is not found" in error.message


@pytest.mark.parametrize("body", [{}, {"contents": []}, {"contents": [{"role": "user"}]}, [], "hi"])
async def test_a_request_without_contents_is_refused(
    gemini_server: GeminiStandIn, body: object
) -> None:
    status, answer = await posts(gemini_server, body)

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

    status, answer = await posts(gemini_server, body)

    assert status == 400
    assert f'Unknown name "{unknown}"' in answer["error"]["message"]
    assert gemini_server.requests == []


async def test_it_says_what_it_is_told_to_say(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.respond_with_json({"fruit": "fig"}, times=1)
    assert await gemini_client.gets() == {"fruit": "fig"}

    gemini_server.respond_with_text("Sure! Here is your fruit.", times=1)
    assert (await gemini_client.generate()).text == "Sure! Here is your fruit."

    assert (await gemini_client.gets())["fruit"] == "apple"


async def test_an_answer_can_be_cut_short(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.respond_with_text('{"fruit": "fi', finish_reason="MAX_TOKENS")

    answer = await gemini_client.generate()

    assert answer.candidates[0].finish_reason.name == "MAX_TOKENS"
    assert answer.text == '{"fruit": "fi'


async def test_a_limit_says_when_to_come_back(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.respond_with_error(429, retry_delay="37s")

    error: Any = await gemini_client.fails()

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
async def test_it_is_out_of_order_as_often_as_it_is_told(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient, status: int, kind: str
) -> None:
    gemini_server.respond_with_error(status, times=2)

    errors = [await gemini_client.fails(), await gemini_client.fails()]

    assert [type(error).__name__ for error in errors] == [kind, kind]
    assert (await gemini_client.gets())["fruit"] == "apple"


async def test_errors_carry_google_s_own_status(gemini_server: GeminiStandIn) -> None:
    names = {}
    for status in (400, 403, 429, 500, 503, 504):
        gemini_server.respond_with_error(status)
        _, answer = await posts(gemini_server, {"contents": [{"parts": [{"text": "hi"}]}]})
        names[status] = answer["error"]["status"]

    assert names == {
        400: "INVALID_ARGUMENT",
        403: "PERMISSION_DENIED",
        429: "RESOURCE_EXHAUSTED",
        500: "INTERNAL",
        503: "UNAVAILABLE",
        504: "DEADLINE_EXCEEDED",
    }


async def test_a_text_can_be_blocked(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.block_prompts()

    answer = await gemini_client.generate()

    assert answer.prompt_feedback.block_reason.name == "SAFETY"
    assert list(answer.candidates) == []


async def test_a_proxy_s_page_is_no_answer(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.respond_with_html()

    assert type(await gemini_client.fails()).__name__ == "ParseError"


async def test_it_can_hang(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    gemini_server.hang()

    assert type(await gemini_client.fails(timeout=0.2)).__name__ == "ReadTimeout"

    gemini_server.recover()
    assert (await gemini_client.gets())["fruit"] == "apple"


async def test_a_dripping_answer_outlasts_the_library_s_timeout(
    gemini_server: GeminiStandIn, gemini_client: GeminiLibraryClient
) -> None:
    """Its timeout is per read, so that only a limit around the whole call helps."""
    gemini_server.respond_slowly(interval_seconds=0.05, chunk_count=10)
    began = time.monotonic()

    answer = await gemini_client.generate(timeout=0.3)

    assert time.monotonic() - began > 0.3
    assert answer.candidates[0].finish_reason.name == "STOP"
