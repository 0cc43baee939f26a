"""What is done on the page is done by the person, and what can't be done is said in a sentence."""

import aiohttp

from sandbox.world.world import World
from tests.sandbox.page.page_client import PageClient


async def test_a_form_is_filled_in_refused_kept_and_sent(
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

        refused = (await screens.wait_for_event(lambda one: one["modals"][-1]["errors"]))["modals"][
            -1
        ]
        assert refused["errors"] == {"title": "Please say in a few words what it is about."}
        assert refused["values"]["description"]["value"] == typed

        title = {"type": "plain_text_input", "value": "Mouse is dead"}
        await page_client.act(ada, "fill", **field | {"block_id": "title"}, state=title)
        await page_client.act(ada, "submit", view_id=view)
        await page_client.act(ada, "close", view_id=view)
        assert not (await screens.wait_for_event(lambda one: not one["modals"]))["modals"]

    [ticket] = await world.find_documents("tickets")
    assert (ticket["title"], ticket["description"]) == ("Mouse is dead", "since noon")


async def test_a_button_is_pressed_by_who_sees_it_and_by_nobody_else(
    page_client: PageClient, world: World
) -> None:
    cast = world.personas
    await cast.ada.type_text("/ticket VPN is down")
    await cast.ada.submit_modal()
    card = await cast.bob.wait_for_message("Offered to you")
    where = {"channel": card.channel, "ts": card.ts}
    claim = {"where": where, "block_id": "moves", "action_id": "claim_ticket"}

    assert "no longer there" in await page_client.act_and_fail(cast.eve, "click", **claim)
    await page_client.act(cast.bob, "click", **claim)

    await cast.ada.wait_for_message("Bob Kahn is working on it")


async def test_what_others_write_to_the_app_is_theirs(
    page_client: PageClient, world: World
) -> None:
    dm = world.personas.ada.direct_channel.id
    said = await page_client.act_and_fail(world.personas.bob, "type", conversation=dm, text="hello")

    assert said == "It is no longer there."
    assert "no longer there" in await page_client.act_and_fail(
        world.personas.bob, "read", conversation=dm
    )


async def test_what_is_impossible_is_said_in_a_sentence(
    page_client: PageClient, world: World
) -> None:
    ada = world.personas.ada
    await page_client.act(ada, "type", conversation=ada.direct_channel.id, text="hello")
    [said] = ada.messages
    here = {"conversation": ada.direct_channel.id, "thread_ts": said.ts}

    assert "do not work in threads" in await page_client.act_and_fail(
        ada, "type", **here, text="/ticket x"
    )
    assert "no Home tab" in await page_client.act_and_fail(ada, "open_home")
    assert "no longer open" in await page_client.act_and_fail(ada, "submit", view_id="V0")
    assert "no such shortcut" in await page_client.act_and_fail(ada, "shortcut", callback_id="x")
    await page_client.act(ada, "type", **here, text="and more")
    await page_client.act(ada, "react", channel=ada.direct_channel.id, ts=said.ts, emoji="tada")
    assert [one.thread_ts for one in ada.messages] == [None, said.ts]
    status, answer = await page_client.post("/api/act", {"as": "nobody", "act": "open_home"})
    assert (status, answer["error"]) == (409, "There is nobody called 'nobody'.")


async def test_what_makes_no_sense_is_refused(page_client: PageClient, world: World) -> None:
    nonsense: list[object] = [{}, [], {"act": "open_home"}]
    for body in (*nonsense, {"as": world.personas.ada.id, "act": "fly"}):
        status, answer = await page_client.post("/api/act", body)
        assert (status, answer["ok"]) == (400, False)


async def test_pages_of_others_can_send_nothing_here(page_client: PageClient) -> None:
    form = aiohttp.FormData({"name": "empty_redis"})
    async with page_client.http.post("/api/switch", data=form) as response:
        assert response.status == 415
    text = {"Content-Type": "text/plain"}
    async with page_client.http.post("/api/switch", data="{}", headers=text) as response:
        assert response.status == 415


async def test_nothing_but_the_page_is_served(page_client: PageClient) -> None:
    async with page_client.http.get("/") as response:
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/"):
        async with page_client.http.get(path) as response:
            assert response.status in (403, 404)
