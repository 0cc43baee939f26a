"""What is behind the scenes, and what can be made to go wrong there."""

from functools import partial
from typing import Any

import aiosmtplib
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.page import fault_switches
from sandbox.world.world import World
from tests.sandbox.page.page_client import Json, PageClient


def is_on(*names_and_screen: Any) -> bool:
    """Whether just these are on."""
    *names, screen = names_and_screen
    return [one["name"] for one in screen["switches"] if one["on"]] == names


def works(behind: Json) -> bool:
    """Whether the worker is alive."""
    return any(one["alive"] for one in behind["processes"] if one["name"] == "worker")


async def turn(visitor: PageClient, name: str, *, on: bool = True) -> None:
    assert await visitor.post("/api/switch", {"name": name, "on": on}) == (200, {"ok": True})


async def test_everything_that_passes_is_there_as_it_is(
    page_client: PageClient, world: World
) -> None:
    async with page_client.stream_events("/api/behind") as stream:
        await world.personas.ada.type_text("/ticket VPN is down")
        await world.personas.ada.submit_modal()
        await world.redis.zadd("line", {"one": 1.5})
        async with world.redis.pipeline() as pipe:
            pipe.hset("hash", "field", "value")
            pipe.rpush("list", "first")
            pipe.sadd("set", b"\xff")
            await pipe.execute()
        behind = await stream.wait_for_event(
            lambda one: (
                one["gemini"]
                and one["gemini"][0]["response"]
                and one["documents"].get("tickets")
                and len([job for job in one["jobs"] if job["key"] in "line hash list set"]) == 4
            )
        )

    [ticket] = behind["documents"]["tickets"]
    assert ticket["title"] == "VPN is down"
    assert set(ticket["opened_at"]) == {"$date"}
    jobs = {job["key"]: job["value"] for job in behind["jobs"]}
    assert (jobs["line"], jobs["hash"], jobs["list"], jobs["set"]) == (
        ["one", "1.5"],
        {"field": "value"},
        ["first"],
        ["\\xff"],
    )
    assert "VPN is down" in str(behind["gemini"][0]["request"])
    sent = [one for one in behind["requests"] if one["direction"] == "delivery"]
    assert {"slash_command", "view_submission"} <= {one["name"] for one in sent}
    assert sent[0]["request"]["headers"]["X-Slack-Signature"].startswith("v0=")
    assert all(one["alive"] for one in behind["processes"])


async def test_slack_can_be_made_to_ration_the_app(page_client: PageClient, world: World) -> None:
    client = AsyncWebClient(world.slack.bot_token, world.slack.api_url, retry_handlers=[])
    await turn(page_client, "slack_429")
    await turn(page_client, "slack_429")
    with pytest.raises(SlackApiError) as refused:
        await client.auth_test()
    assert refused.value.response.status_code == 429

    await turn(page_client, "slack_429", on=False)
    assert await client.auth_test()


async def test_gemini_goes_wrong_in_one_way_at_a_time(
    page_client: PageClient, world: World
) -> None:
    async with page_client.stream_screen(world.personas.ada) as screens:
        for name in ("gemini_down", "gemini_slow", "gemini_nonsense"):
            await turn(page_client, name)
            await screens.wait_for_event(partial(is_on, name))
        await turn(page_client, "gemini_nonsense", on=False)
        await screens.wait_for_event(is_on)


async def test_the_mail_server_can_be_made_to_refuse(page_client: PageClient, world: World) -> None:
    async with aiosmtplib.SMTP(hostname=world.mail.host, port=world.mail.port) as client:
        await turn(page_client, "mail_refuses")
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await client.mail("a@x.example")
        assert refused.value.code == 421
    await turn(page_client, "mail_refuses", on=False)
    async with aiosmtplib.SMTP(hostname=world.mail.host, port=world.mail.port) as client:
        assert (await client.mail("a@x.example")).code == 250


async def test_a_worker_that_is_killed_is_started_again(
    page_client: PageClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fault_switches, "RESTART_DELAY_SECONDS", 1)
    async with page_client.stream_events("/api/behind") as stream:
        await turn(page_client, "kill_worker")
        assert not world.worker.is_alive
        await stream.wait_for_event(lambda behind: not works(behind))
        await stream.wait_for_event(works)
    assert world.worker.is_alive


async def test_redis_can_be_emptied(page_client: PageClient, world: World) -> None:
    await world.redis.set("something", 1)
    await turn(page_client, "empty_redis")

    assert not await world.redis.exists("something")


async def test_a_switch_that_is_not_there_is_refused(page_client: PageClient) -> None:
    status, answer = await page_client.post("/api/switch", {"name": "explode"})

    assert (status, answer["error"]) == (409, "There is no such switch.")
