"""The panel *Behind the scenes* and the fault switches."""

import signal
from functools import partial
from typing import Any

import aiohttp
import aiosmtplib
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from tenacity import AsyncRetrying, retry_if_result, stop_after_delay, wait_fixed

from sandbox.page import fault_switches
from sandbox.page.page_server import PageServer
from sandbox.world.world import World
from tests.sandbox.page.page_client import Json, PageClient

# A busy machine needs this long to start the bot or the worker.
MAX_START_SECONDS = 40


def has_active(*names_and_screen: Any) -> bool:
    """Whether exactly the named switches are on."""
    *names, screen = names_and_screen
    return [one["name"] for one in screen["switches"] if one["on"]] == names


def is_running(name: str, data: Json) -> bool:
    """Whether a process is running."""
    return any(one["running"] for one in data["processes"] if one["name"] == name)


async def set_switch(client: PageClient, name: str, *, on: bool = True) -> None:
    assert await client.post("/api/switch", {"name": name, "on": on}) == (200, {"ok": True})


async def test_the_inspector_shows_all_data_unchanged(
    page_client: PageClient, world: World
) -> None:
    async with page_client.stream_events("/api/inspector") as stream:
        await world.personas.ada.type_text("/ticket VPN is down")
        await world.personas.ada.submit_modal()
        await world.redis.zadd("line", {"one": 1.5})
        async with world.redis.pipeline() as pipe:
            pipe.hset("hash", "field", "value")
            pipe.rpush("list", "first")
            pipe.sadd("set", b"\xff")
            await pipe.execute()
        data = await stream.wait_for_event(
            lambda one: (
                one["gemini"]
                and one["gemini"][0]["response"]
                and one["documents"].get("tickets")
                and len([job for job in one["jobs"] if job["key"] in "line hash list set"]) == 4
            )
        )

    [ticket] = data["documents"]["tickets"]
    assert ticket["title"] == "VPN is down"
    assert set(ticket["opened_at"]) == {"$date"}
    jobs = {job["key"]: job["value"] for job in data["jobs"]}
    assert (jobs["line"], jobs["hash"], jobs["list"], jobs["set"]) == (
        ["one", "1.5"],
        {"field": "value"},
        ["first"],
        ["\\xff"],
    )
    assert "VPN is down" in str(data["gemini"][0]["request"])
    deliveries = [one for one in data["requests"] if one["direction"] == "delivery"]
    assert {"slash_command", "view_submission"} <= {one["name"] for one in deliveries}
    assert deliveries[0]["request"]["headers"]["X-Slack-Signature"].startswith("v0=")
    assert all(one["running"] for one in data["processes"])


async def test_the_slack_switch_answers_429(page_client: PageClient, world: World) -> None:
    client = AsyncWebClient(world.slack.bot_token, world.slack.api_url, retry_handlers=[])
    await set_switch(page_client, "slack_429")
    await set_switch(page_client, "slack_429")
    with pytest.raises(SlackApiError) as error:
        await client.auth_test()
    assert error.value.response.status_code == 429

    await set_switch(page_client, "slack_429", on=False)
    assert await client.auth_test()


async def test_gemini_has_one_fault_at_a_time(page_client: PageClient, world: World) -> None:
    async with page_client.stream_screen(world.personas.ada) as screens:
        for name in ("gemini_down", "gemini_slow", "gemini_nonsense"):
            await set_switch(page_client, name)
            await screens.wait_for_event(partial(has_active, name))
        await set_switch(page_client, "gemini_nonsense", on=False)
        await screens.wait_for_event(has_active)


async def test_the_mail_switch_refuses_emails(page_client: PageClient, world: World) -> None:
    async with aiosmtplib.SMTP(hostname=world.mail.host, port=world.mail.port) as client:
        await set_switch(page_client, "mail_refuses")
        with pytest.raises(aiosmtplib.SMTPResponseException) as error:
            await client.mail("a@x.example")
        assert error.value.code == 421
    await set_switch(page_client, "mail_refuses", on=False)
    async with aiosmtplib.SMTP(hostname=world.mail.host, port=world.mail.port) as client:
        assert (await client.mail("a@x.example")).code == 250


@pytest.mark.parametrize("name", ["bot", "worker"])
async def test_a_killed_process_starts_again(
    page_client: PageClient, world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(fault_switches, "RESTART_DELAY_SECONDS", 1)
    process = {"bot": world.bot, "worker": world.worker}[name]
    async with page_client.stream_events("/api/inspector") as stream:
        await set_switch(page_client, f"kill_{name}")
        assert process.exit_code == -signal.SIGKILL
        await stream.wait_for_event(lambda data: not is_running(name, data))
        await stream.wait_for_event(partial(is_running, name), timeout_seconds=MAX_START_SECONDS)
    assert process.is_running


async def test_slack_reaches_the_restarted_bot(
    page_client: PageClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fault_switches, "RESTART_DELAY_SECONDS", 1)
    ada = world.personas.ada
    await set_switch(page_client, "kill_bot")
    await ada.type_text("/ticket VPN is down")
    assert ada.alerts
    assert ada.modal is None

    await wait_until_ready(world)
    await ada.type_text("/ticket VPN is down")
    await ada.submit_modal()

    [ticket] = await world.find_documents("tickets")
    assert ticket["title"] == "VPN is down"


async def test_mongodb_is_down_until_it_is_switched_on(
    page_client: PageClient, world: World
) -> None:
    mongodb = world.servers.mongodb
    async with page_client.stream_events("/api/inspector") as stream:
        await set_switch(page_client, "mongodb_down")
        data = await stream.wait_for_event(lambda one: one["documents"] is None)
        assert not is_running(mongodb.name, data)
        assert not await is_ready(world)

        await set_switch(page_client, "mongodb_down", on=False)
        data = await stream.wait_for_event(lambda one: one["documents"])
        assert is_running(mongodb.name, data)
    await wait_until_ready(world)


async def test_mongodb_runs_again_after_the_page_is_closed(world: World) -> None:
    async with PageServer(world) as page, aiohttp.ClientSession(page.url) as http:
        await set_switch(PageClient(http), "mongodb_down")
        assert world.servers.mongodb.is_suspended

    assert not world.servers.mongodb.is_suspended
    await wait_until_ready(world)


async def is_ready(world: World) -> bool:
    """Whether the bot reports that it can work."""
    try:
        async with aiohttp.ClientSession() as http, http.get(f"{world.bot_url}/readyz") as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False


async def wait_until_ready(world: World) -> None:
    poll = AsyncRetrying(
        retry=retry_if_result(lambda ready: not ready),
        wait=wait_fixed(0.05),
        stop=stop_after_delay(MAX_START_SECONDS),
    )
    await poll(is_ready, world)


async def test_the_redis_switch_empties_redis(page_client: PageClient, world: World) -> None:
    await world.redis.set("something", 1)
    await set_switch(page_client, "empty_redis")

    assert not await world.redis.exists("something")


async def test_an_unknown_switch_is_refused(page_client: PageClient) -> None:
    status, answer = await page_client.post("/api/switch", {"name": "explode"})

    assert (status, answer["error"]) == (409, "There is no such switch.")
