"""The screen that the page's server sends for a person."""

import asyncio
import re

import aiohttp

from sandbox.page.page_server import STATIC, PageServer
from sandbox.slack.actors.person import Person
from sandbox.world.world import World
from tests.sandbox.page.page_client import Json, PageClient

TYPES = (STATIC / "types.js").read_text()


def property_names(typedef: str) -> set[str]:
    """The properties of a type in `types.js`."""
    body = TYPES.split(f"@typedef {{object}} {typedef}\n")[1].split("*/")[0]
    return set(re.findall(r"@property \{.*?\} (\w+)(?:\s|$)", body, re.MULTILINE))


async def test_server_sends_the_types_of_the_page(page_client: PageClient, world: World) -> None:
    ada = world.personas.ada
    async with page_client.stream_screen(ada) as screens:
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket help")
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket VPN")
        screen = await screens.wait_for_event(
            lambda one: one["modals"] and one["messages"][ada.direct_channel.id]
        )

    assert set(screen) == property_names("Screen")
    assert set(screen["person"]) == property_names("PersonInfo")
    assert set(screen["messages"][ada.direct_channel.id][0]) == property_names("Message")
    assert set(screen["modals"][0]) == property_names("View")
    async with page_client.stream_events("/api/inspector") as stream:
        assert set(await stream.next_event()) == property_names("InspectorData")


async def test_each_person_gets_their_own_screen(page_client: PageClient, world: World) -> None:
    ada, bob = world.personas.ada, world.personas.bob
    async with page_client.stream_screen(ada) as hers, page_client.stream_screen(bob) as his:
        assert (await hers.next_event())["person"]["id"] == ada.id
        assert (await his.next_event())["person"]["id"] == bob.id

        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket VPN")
        screen = await hers.wait_for_event(lambda one: one["modals"])
        assert screen["modals"][0]["title"] == "New ticket"
        assert not (await his.next_event())["modals"]


async def test_an_unknown_person_gets_the_first_persons_screen(
    page_client: PageClient, world: World
) -> None:
    async with page_client.stream_events("/api/live?as=nobody") as screens:
        assert (await screens.next_event())["person"]["id"] == world.personas.ada.id


async def test_many_changes_are_sent_together(page_client: PageClient, world: World) -> None:
    ada = world.personas.ada
    async with page_client.stream_screen(ada) as screens:
        await screens.next_event()
        for _ in range(200):
            world.slack.state.notify_change()
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="hello")
        received = [await screens.next_event()]
        while people_texts(received[-1], ada.direct_channel.id) != ["hello"]:
            received.append(await screens.next_event())

    assert len(received) < 10


async def test_app_messages_are_unread_until_they_are_read(
    page_client: PageClient, world: World
) -> None:
    ada = world.personas.ada
    async with page_client.stream_screen(ada) as screens:
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="hello")
        screen = await screens.wait_for_event(lambda one: people_texts(one, ada.direct_channel.id))
        assert unread(screen)[ada.direct_channel.id] == 0

        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket help")
        await screens.wait_for_event(lambda one: unread(one)[ada.direct_channel.id] == 1)
        await page_client.act(ada, "read", conversation=ada.direct_channel.id)
        await screens.wait_for_event(lambda one: unread(one)[ada.direct_channel.id] == 0)
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket help")
        await screens.wait_for_event(lambda one: unread(one)[ada.direct_channel.id] == 1)


async def test_an_email_is_in_the_recipients_inbox_only(
    page_client: PageClient, world: World
) -> None:
    people = world.personas
    async with page_client.stream_screen(people.bob) as screens:
        await people.ada.type_text("/ticket VPN is down")
        await people.ada.submit_modal()
        screen = await screens.wait_for_event(lambda one: one["emails"])

    [email] = screen["emails"]
    assert email["to"] == [people.bob.email]
    assert email["subject"] == "T-1: VPN is down"
    assert "VPN is down" in email["text"]
    assert "<html" in email["html"]
    async with page_client.stream_screen(people.eve) as screens:
        assert not (await screens.next_event())["emails"]


async def test_the_server_stops_while_windows_are_open(world: World) -> None:
    page = PageServer(world)
    await page.__aenter__()

    async with aiohttp.ClientSession(page.url) as http:
        client = PageClient(http)
        async with (
            client.stream_screen(world.personas.ada) as screens,
            client.stream_events("/api/inspector") as inspector,
        ):
            await screens.next_event()
            await inspector.next_event()
            async with asyncio.timeout(5):
                await page.__aexit__(None, None, None)
            for stream in (screens, inspector):
                await stream.wait_for_end()


async def test_new_messages_count_until_the_person_is_looked_at(
    page_client: PageClient, world: World
) -> None:
    ada, bob = world.personas.ada, world.personas.bob
    async with page_client.stream_screen(ada) as screens:
        await world.personas.ada.type_text("/ticket VPN is down")
        await world.personas.ada.submit_modal()
        await screens.wait_for_event(lambda one: person_info(one, bob)["unread"] == 1)

        await page_client.act(bob, "look")
        screen = await screens.wait_for_event(lambda one: person_info(one, bob)["unread"] == 0)

    # The conversation itself is still unread: Bob's screen was open, but not this conversation.
    async with page_client.stream_screen(bob) as screens:
        assert unread(await screens.next_event())[bob.direct_channel.id] == 1
    assert person_info(screen, ada)["role"] == "Employee"
    assert person_info(screen, bob)["role"] == "Moderator"
    assert person_info(screen, world.personas.grace)["role"] == "Admin"


async def test_own_messages_do_not_count_as_new(page_client: PageClient, world: World) -> None:
    ada = world.personas.ada
    async with page_client.stream_screen(world.personas.bob) as screens:
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="hello")
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket help")
        await screens.wait_for_event(lambda one: person_info(one, ada)["unread"] == 1)


def person_info(screen: Json, person: Person) -> Json:
    """A person in the people switcher."""
    info: Json = next(one for one in screen["people"] if one["id"] == person.id)
    return info


def people_texts(screen: Json, conversation: str) -> list[str]:
    """The texts that people wrote in a conversation."""
    return [one["text"] for one in screen["messages"][conversation] if not one["is_app"]]


def unread(screen: Json) -> dict[str, int]:
    """Unread messages by conversation."""
    return {one["id"]: one["unread"] for one in screen["conversations"]}
