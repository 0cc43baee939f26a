"""What the page is told of a person's screen."""

import asyncio
import re

import aiohttp

from sandbox.page.server import STATIC, Page
from sandbox.world import World
from tests.sandbox.page.speaking import Json, Visitor

TYPES = (STATIC / "types.js").read_text()


def names_of(typedef: str) -> set[str]:
    """The properties of a type as the page has written it down."""
    body = TYPES.split(f"@typedef {{object}} {typedef}\n")[1].split("*/")[0]
    return set(re.findall(r"@property \{.*?\} (\w+)(?:\s|$)", body, re.MULTILINE))


async def test_server_and_page_mean_the_same(visitor: Visitor, world: World) -> None:
    ada = world.cast.ada
    async with visitor.sits_as(ada) as screens:
        await visitor.does(ada, "type", conversation=ada.dm.id, text="/ticket help")
        await visitor.does(ada, "type", conversation=ada.dm.id, text="/ticket VPN")
        screen = await screens.until(lambda one: one["modals"] and one["messages"][ada.dm.id])

    assert set(screen) == names_of("Screen")
    assert set(screen["person"]) == names_of("Who")
    assert set(screen["messages"][ada.dm.id][0]) == names_of("Message")
    assert set(screen["modals"][0]) == names_of("View")
    behind = names_of("Behind")
    async with visitor.watches("/api/behind") as stream:
        assert set(await stream.next()) == behind


async def test_each_sees_their_own_screen(visitor: Visitor, world: World) -> None:
    ada, bob = world.cast.ada, world.cast.bob
    async with visitor.sits_as(ada) as hers, visitor.sits_as(bob) as his:
        assert (await hers.next())["person"]["id"] == ada.id
        assert (await his.next())["person"]["id"] == bob.id

        await visitor.does(ada, "type", conversation=ada.dm.id, text="/ticket VPN")
        seen = await hers.until(lambda one: one["modals"])
        assert seen["modals"][0]["title"] == "New ticket"
        assert not (await his.next())["modals"]


async def test_a_stranger_sits_down_in_the_first_ones_place(visitor: Visitor, world: World) -> None:
    async with visitor.watches("/api/live?as=nobody") as screens:
        assert (await screens.next())["person"]["id"] == world.cast.ada.id


async def test_many_changes_come_together(visitor: Visitor, world: World) -> None:
    ada = world.cast.ada
    async with visitor.sits_as(ada) as screens:
        await screens.next()
        for _ in range(200):
            world.slack.state.changed()
        await visitor.does(ada, "type", conversation=ada.dm.id, text="hello")
        heard = [await screens.next()]
        while said(heard[-1], ada.dm.id) != ["hello"]:
            heard.append(await screens.next())

    assert len(heard) < 10


async def test_what_the_app_says_is_unread_until_it_is_read(visitor: Visitor, world: World) -> None:
    ada = world.cast.ada
    async with visitor.sits_as(ada) as screens:
        await visitor.does(ada, "type", conversation=ada.dm.id, text="hello")
        assert unread(await screens.until(lambda one: said(one, ada.dm.id)))[ada.dm.id] == 0

        await visitor.does(ada, "type", conversation=ada.dm.id, text="/ticket help")
        await screens.until(lambda one: unread(one)[ada.dm.id] == 1)
        await visitor.does(ada, "read", conversation=ada.dm.id)
        await screens.until(lambda one: unread(one)[ada.dm.id] == 0)
        await visitor.does(ada, "type", conversation=ada.dm.id, text="/ticket help")
        await screens.until(lambda one: unread(one)[ada.dm.id] == 1)


async def test_a_letter_is_in_its_reader_s_inbox(visitor: Visitor, world: World) -> None:
    cast = world.cast
    async with visitor.sits_as(cast.bob) as screens:
        await cast.ada.types("/ticket VPN is down")
        await cast.ada.submits()
        screen = await screens.until(lambda one: one["letters"])

    [letter] = screen["letters"]
    assert letter["to"] == [cast.bob.email]
    assert letter["subject"] == "T-1: VPN is down"
    assert "VPN is down" in letter["text"]
    assert "<html" in letter["html"]
    async with visitor.sits_as(cast.eve) as screens:
        assert not (await screens.next())["letters"]


async def test_the_server_ends_though_windows_are_open(world: World) -> None:
    page = Page(world)
    await page.__aenter__()

    async with aiohttp.ClientSession(page.url) as http:
        visitor = Visitor(http)
        async with visitor.sits_as(world.cast.ada) as one, visitor.watches("/api/behind") as two:
            await one.next()
            await two.next()
            async with asyncio.timeout(5):
                await page.__aexit__(None, None, None)
            for stream in (one, two):
                await stream.ends()


def said(screen: Json, conversation: str) -> list[str]:
    """What people have written there."""
    return [one["text"] for one in screen["messages"][conversation] if not one["is_app"]]


def unread(screen: Json) -> dict[str, int]:
    """How much is unread in each conversation."""
    return {one["id"]: one["unread"] for one in screen["conversations"]}
