"""Actions on the page are actions of the person, and errors are sentences."""

import aiohttp

from sandbox.world.world import World
from tests.sandbox.page.page_client import PageClient


async def test_a_refused_form_keeps_its_values_and_can_be_sent(
    page_client: PageClient, world: World
) -> None:
    ada = world.personas.ada
    async with page_client.stream_screen(ada) as screens:
        await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="/ticket ???")
        view = (await screens.wait_for_event(lambda one: one["modals"]))["modals"][-1]["id"]
        field = {"view_id": view, "block_id": "description", "action_id": "value"}
        typed = {"type": "plain_text_input", "value": "since noon"}
        await page_client.act(ada, "fill", **field, state=typed)
        await page_client.act(ada, "submit", view_id=view)

        screen = await screens.wait_for_event(lambda one: one["modals"][-1]["errors"])
        form = screen["modals"][-1]
        assert form["errors"] == {"title": "Please say in a few words what it is about."}
        assert form["values"]["description"]["value"] == typed

        title = {"type": "plain_text_input", "value": "Mouse is dead"}
        await page_client.act(ada, "fill", **field | {"block_id": "title"}, state=title)
        await page_client.act(ada, "submit", view_id=view)
        await page_client.act(ada, "close", view_id=view)
        assert not (await screens.wait_for_event(lambda one: not one["modals"]))["modals"]

    [ticket] = await world.find_documents("tickets")
    assert (ticket["title"], ticket["description"]) == ("Mouse is dead", "since noon")


async def test_only_a_person_who_sees_a_button_can_press_it(
    page_client: PageClient, world: World
) -> None:
    people = world.personas
    await people.ada.type_text("/ticket VPN is down")
    await people.ada.submit_modal()
    card = await people.bob.wait_for_message("Offered to you")
    target = {"channel": card.channel, "ts": card.ts}
    claim = {"target": target, "block_id": "moves", "action_id": "claim_ticket"}

    assert "no longer there" in await page_client.act_and_fail(people.eve, "click", **claim)
    await page_client.act(people.bob, "click", **claim)

    await people.ada.wait_for_message("Bob Kahn is working on it")


async def test_a_direct_message_is_closed_to_other_people(
    page_client: PageClient, world: World
) -> None:
    dm = world.personas.ada.direct_channel.id
    error = await page_client.act_and_fail(
        world.personas.bob, "type", conversation=dm, text="hello"
    )

    assert error == "This message or conversation is no longer there."
    assert "no longer there" in await page_client.act_and_fail(
        world.personas.bob, "read", conversation=dm
    )


async def test_impossible_actions_are_refused_with_a_sentence(
    page_client: PageClient, world: World
) -> None:
    ada = world.personas.ada
    await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="hello")
    [message] = ada.messages
    thread = {"conversation": ada.direct_channel.id, "thread_ts": message.ts}

    assert "do not work in threads" in await page_client.act_and_fail(
        ada, "type", **thread, text="/ticket x"
    )
    assert "no Home tab" in await page_client.act_and_fail(ada, "open_home")
    assert "no longer open" in await page_client.act_and_fail(ada, "submit", view_id="V0")
    assert "no such shortcut" in await page_client.act_and_fail(ada, "shortcut", callback_id="x")
    await page_client.act(ada, "type", **thread, text="and more")
    await page_client.act(ada, "react", channel=ada.direct_channel.id, ts=message.ts, emoji="tada")
    assert [one.thread_ts for one in ada.messages] == [None, message.ts]
    status, answer = await page_client.post("/api/act", {"as": "nobody", "act": "open_home"})
    assert (status, answer["error"]) == (409, "There is nobody called 'nobody'.")


async def test_invalid_requests_are_refused(page_client: PageClient, world: World) -> None:
    invalid: list[object] = [{}, [], {"act": "open_home"}]
    for body in (*invalid, {"as": world.personas.ada.id, "act": "fly"}):
        status, answer = await page_client.post("/api/act", body)
        assert (status, answer["ok"]) == (400, False)


async def test_requests_from_other_sites_are_refused(page_client: PageClient) -> None:
    form = aiohttp.FormData({"name": "empty_redis"})
    async with page_client.http.post("/api/switch", data=form) as response:
        assert response.status == 415
    text = {"Content-Type": "text/plain"}
    async with page_client.http.post("/api/switch", data="{}", headers=text) as response:
        assert response.status == 415


async def test_the_server_serves_only_the_page(page_client: PageClient) -> None:
    async with page_client.http.get("/") as response:
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/"):
        async with page_client.http.get(path) as response:
            assert response.status in (403, 404)
