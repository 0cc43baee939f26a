"""What the page is told of a person's screen."""

import asyncio
import re

import aiohttp

from sandbox.page.page_server import STATIC, PageServer
from sandbox.world.world import World
from tests.sandbox.page.page_client import Json, PageClient

TYPES = (STATIC / "types.js").read_text()


def names_of(typedef: str) -> set[str]:
    """The properties of a type as the page has written it down."""
    body = TYPES.split(f"@typedef {{object}} {typedef}\n")[1].split("*/")[0]
    return set(re.findall(r"@property \{.*?\} (\w+)(?:\s|$)", body, re.MULTILINE))


async def test_server_and_page_mean_the_same(page_client: PageClient, world: World) -> None:
    ada = world.personas.ada
    async with page_client.stream_screen(ada) as screens:
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket help")
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket VPN")
        screen = await screens.wait_for_event(
            lambda one: one["modals"] and one["messages"][ada.direct_channel.id]
        )

    assert set(screen) == names_of("Screen")
    assert set(screen["person"]) == names_of("Who")
    assert set(screen["messages"][ada.direct_channel.id][0]) == names_of("Message")
    assert set(screen["modals"][0]) == names_of("View")
    behind = names_of("Behind")
    async with page_client.stream_events("/api/behind") as stream:
        assert set(await stream.next_event()) == behind


async def test_each_sees_their_own_screen(page_client: PageClient, world: World) -> None:
    ada, bob = world.personas.ada, world.personas.bob
    async with page_client.stream_screen(ada) as hers, page_client.stream_screen(bob) as his:
        assert (await hers.next_event())["person"]["id"] == ada.id
        assert (await his.next_event())["person"]["id"] == bob.id

        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket VPN")
        seen = await hers.wait_for_event(lambda one: one["modals"])
        assert seen["modals"][0]["title"] == "New ticket"
        assert not (await his.next_event())["modals"]


async def test_a_stranger_sits_down_in_the_first_ones_place(
    page_client: PageClient, world: World
) -> None:
    async with page_client.stream_events("/api/live?as=nobody") as screens:
        assert (await screens.next_event())["person"]["id"] == world.personas.ada.id


async def test_many_changes_come_together(page_client: PageClient, world: World) -> None:
    ada = world.personas.ada
    async with page_client.stream_screen(ada) as screens:
        await screens.next_event()
        for _ in range(200):
            world.slack.state.notify_change()
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="hello")
        heard = [await screens.next_event()]
        while said(heard[-1], ada.direct_channel.id) != ["hello"]:
            heard.append(await screens.next_event())

    assert len(heard) < 10


async def test_what_the_app_says_is_unread_until_it_is_read(
    page_client: PageClient, world: World
) -> None:
    ada = world.personas.ada
    async with page_client.stream_screen(ada) as screens:
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="hello")
        assert (
            unread(await screens.wait_for_event(lambda one: said(one, ada.direct_channel.id)))[
                ada.direct_channel.id
            ]
            == 0
        )

        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket help")
        await screens.wait_for_event(lambda one: unread(one)[ada.direct_channel.id] == 1)
        await page_client.act(ada, "read", conversation=ada.direct_channel.id)
        await screens.wait_for_event(lambda one: unread(one)[ada.direct_channel.id] == 0)
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket help")
        await screens.wait_for_event(lambda one: unread(one)[ada.direct_channel.id] == 1)


async def test_a_letter_is_in_its_reader_s_inbox(page_client: PageClient, world: World) -> None:
    cast = world.personas
    async with page_client.stream_screen(cast.bob) as screens:
        await cast.ada.type_text("/ticket VPN is down")
        await cast.ada.submit_modal()
        screen = await screens.wait_for_event(lambda one: one["letters"])

    [letter] = screen["letters"]
    assert letter["to"] == [cast.bob.email]
    assert letter["subject"] == "T-1: VPN is down"
    assert "VPN is down" in letter["text"]
    assert "<html" in letter["html"]
    async with page_client.stream_screen(cast.eve) as screens:
        assert not (await screens.next_event())["letters"]


async def test_the_server_ends_though_windows_are_open(world: World) -> None:
    page = PageServer(world)
    await page.__aenter__()

    async with aiohttp.ClientSession(page.url) as http:
        visitor = PageClient(http)
        async with (
            visitor.stream_screen(world.personas.ada) as one,
            visitor.stream_events("/api/behind") as two,
        ):
            await one.next_event()
            await two.next_event()
            async with asyncio.timeout(5):
                await page.__aexit__(None, None, None)
            for stream in (one, two):
                await stream.wait_for_end()


def said(screen: Json, conversation: str) -> list[str]:
    """What people have written there."""
    return [one["text"] for one in screen["messages"][conversation] if not one["is_app"]]


def unread(screen: Json) -> dict[str, int]:
    """How much is unread in each conversation."""
    return {one["id"]: one["unread"] for one in screen["conversations"]}
