"""Each simulated fault of Slack, as an app's client sees it."""

import asyncio
from json import JSONDecodeError

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.http_retry.builtin_interval_calculators import (
    FixedValueRetryIntervalCalculator,
)
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.state.faults import Fault
from sandbox.slack.workspace import Workspace


async def test_429_has_its_retry_after_and_number_of_times(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    slack.faults.add("chat.postMessage", Fault(status=429, retry_after_seconds=7), times=1)

    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel=ana.id, text="x")
    assert raised.value.response.headers["Retry-After"] == "7"
    assert ana.messages == []

    await client.chat_postMessage(channel=ana.id, text="x")
    assert len(ana.messages) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(500, "<html>Server Error</html>", "text/html"), (503, "upstream", "text/plain")],
)
async def test_fault_can_answer_with_a_proxy_page(
    slack: Workspace, status: int, body: str, kind: str
) -> None:
    slack.faults.add("auth.test", Fault(status=status, body=body, content_type=kind))

    async with aiohttp.ClientSession() as http, http.post(slack.api_url + "auth.test") as answer:
        assert (answer.status, await answer.text(), answer.content_type) == (status, body, kind)


@pytest.mark.parametrize(("after", "posted"), [(False, 0), (True, 1)])
async def test_internal_error_comes_before_or_after_the_post(
    slack: Workspace, client: AsyncWebClient, ana: Person, after: bool, posted: int
) -> None:
    slack.faults.add("chat.postMessage", Fault(error="internal_error", fails_after_success=after))

    with pytest.raises(SlackApiError, match="internal_error"):
        await client.chat_postMessage(channel=ana.id, text="x")

    assert len(ana.messages) == posted


async def test_connection_can_be_reset_after_the_post(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    slack.faults.add("chat.postMessage", Fault(resets_connection=True), times=1)

    with pytest.raises(aiohttp.ClientConnectionError):
        await client.chat_postMessage(channel=ana.id, text="x")

    assert len(ana.messages) == 1


async def test_client_with_own_retries_posts_twice(slack: Workspace, ana: Person) -> None:
    """slack_sdk's own retry handler does this if an app leaves it on."""
    retry_handler = AsyncConnectionErrorRetryHandler(
        interval_calculator=FixedValueRetryIntervalCalculator(fixed_internal=0)
    )
    retrying_client = AsyncWebClient(
        token=slack.bot_token, base_url=slack.api_url, retry_handlers=[retry_handler]
    )
    slack.faults.add("chat.postMessage", Fault(resets_connection=True), times=1)

    await retrying_client.chat_postMessage(channel=ana.id, text="x")

    assert len(ana.messages) == 2


async def test_answer_can_be_broken_json(slack: Workspace, client: AsyncWebClient) -> None:
    slack.faults.add("auth.test", Fault(broken_json=True))

    async with aiohttp.ClientSession() as http, http.post(slack.api_url + "auth.test") as answer:
        with pytest.raises(JSONDecodeError):
            await answer.json()


async def test_answer_can_be_late_or_missing(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    slack.faults.add("auth.test", Fault(delay_seconds=0.05), times=1)
    assert (await client.auth_test())["ok"]

    released = asyncio.Event()
    slack.faults.add("auth.test", Fault(release_event=released), times=1)
    late = asyncio.create_task(client.auth_test())
    entry = await slack.wait_until(lambda: slack.traffic_log.api_calls("auth.test")[1:])
    assert entry[0].response is None
    released.set()
    assert (await late)["ok"]

    slack.faults.add("auth.test", Fault(hangs=True), times=1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.auth_test(), timeout=0.05)
    assert slack.traffic_log.api_calls("auth.test")[-1].response is None


async def test_fault_can_be_limited_by_a_request_filter(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    fault = Fault(error="internal_error")
    slack.faults.add(
        "chat.postMessage", fault, request_filter=lambda request: request["channel"] == ana.id
    )

    await client.chat_postMessage(channel=bob.id, text="x")
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel=ana.id, text="x")


async def test_all_methods_fail_until_the_fault_is_removed(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    outage = slack.faults.add("*", Fault(status=503, body="down", content_type="text/plain"))
    with pytest.raises(SlackApiError, match="down"):
        await client.auth_test()

    slack.faults.remove(outage)

    assert (await client.auth_test())["ok"]
