"""What is done on the page is done by the person, and what can't be done is said in a sentence."""

import aiohttp

from sandbox.world import World
from tests.sandbox.page.speaking import Visitor


async def test_a_form_is_filled_in_refused_kept_and_sent(visitor: Visitor, world: World) -> None:
    ada = world.cast.ada
    async with visitor.sits_as(ada) as screens:
        await visitor.does(ada, "type", conversation=ada.dm.id, text="/ticket ???")
        view = (await screens.until(lambda one: one["modals"]))["modals"][-1]["id"]
        field = {"view_id": view, "block_id": "description", "action_id": "value"}
        typed = {"type": "plain_text_input", "value": "since noon"}
        await visitor.does(ada, "fill", **field, state=typed)
        await visitor.does(ada, "submit", view_id=view)

        refused = (await screens.until(lambda one: one["modals"][-1]["errors"]))["modals"][-1]
        assert refused["errors"] == {"title": "Please say in a few words what it is about."}
        assert refused["values"]["description"]["value"] == typed

        title = {"type": "plain_text_input", "value": "Mouse is dead"}
        await visitor.does(ada, "fill", **field | {"block_id": "title"}, state=title)
        await visitor.does(ada, "submit", view_id=view)
        await visitor.does(ada, "close", view_id=view)
        assert not (await screens.until(lambda one: not one["modals"]))["modals"]

    [ticket] = await world.documents("tickets")
    assert (ticket["title"], ticket["description"]) == ("Mouse is dead", "since noon")


async def test_a_button_is_pressed_by_who_sees_it_and_by_nobody_else(
    visitor: Visitor, world: World
) -> None:
    cast = world.cast
    await cast.ada.types("/ticket VPN is down")
    await cast.ada.submits()
    card = await cast.bob.gets_message("Offered to you")
    where = {"channel": card.channel, "ts": card.ts}
    claim = {"where": where, "block_id": "moves", "action_id": "claim_ticket"}

    assert "no longer there" in await visitor.fails(cast.eve, "click", **claim)
    await visitor.does(cast.bob, "click", **claim)

    await cast.ada.gets_message("Bob Kahn has it")


async def test_what_others_write_to_the_app_is_theirs(visitor: Visitor, world: World) -> None:
    dm = world.cast.ada.dm.id
    said = await visitor.fails(world.cast.bob, "type", conversation=dm, text="hello")

    assert said == "It is no longer there."
    assert "no longer there" in await visitor.fails(world.cast.bob, "read", conversation=dm)


async def test_what_is_impossible_is_said_in_a_sentence(visitor: Visitor, world: World) -> None:
    ada = world.cast.ada
    await visitor.does(ada, "type", conversation=ada.dm.id, text="hello")
    [said] = ada.messages
    here = {"conversation": ada.dm.id, "thread_ts": said.ts}

    assert "do not work in threads" in await visitor.fails(ada, "type", **here, text="/ticket x")
    assert "no Home tab" in await visitor.fails(ada, "open_home")
    assert "no longer open" in await visitor.fails(ada, "submit", view_id="V0")
    assert "no such shortcut" in await visitor.fails(ada, "shortcut", callback_id="x")
    await visitor.does(ada, "type", **here, text="and more")
    await visitor.does(ada, "react", channel=ada.dm.id, ts=said.ts, emoji="tada")
    assert [one.thread_ts for one in ada.messages] == [None, said.ts]
    status, answer = await visitor.posts("/api/act", {"as": "nobody", "act": "open_home"})
    assert (status, answer["error"]) == (409, "There is nobody called 'nobody'.")


async def test_what_makes_no_sense_is_refused(visitor: Visitor, world: World) -> None:
    nonsense: list[object] = [{}, [], {"act": "open_home"}]
    for body in (*nonsense, {"as": world.cast.ada.id, "act": "fly"}):
        status, answer = await visitor.posts("/api/act", body)
        assert (status, answer["ok"]) == (400, False)


async def test_pages_of_others_can_send_nothing_here(visitor: Visitor) -> None:
    form = aiohttp.FormData({"name": "empty_redis"})
    async with visitor.http.post("/api/switch", data=form) as response:
        assert response.status == 415
    text = {"Content-Type": "text/plain"}
    async with visitor.http.post("/api/switch", data="{}", headers=text) as response:
        assert response.status == 415


async def test_nothing_but_the_page_is_served(visitor: Visitor) -> None:
    async with visitor.http.get("/") as response:
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/"):
        async with visitor.http.get(path) as response:
            assert response.status in (403, 404)
