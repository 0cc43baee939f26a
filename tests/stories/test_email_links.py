"""The links in a real letter: a scanner opens them all, then Eve claims without opening Slack."""

import re

import pytest
from aiohttp import ClientSession

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, wait_until_no_pending_steps


@HTTP_ONLY
@pytest.mark.fault("F76")
async def test_the_link_in_the_letter_claims_once_whatever_scanners_open(
    world: World, personas: Personas
) -> None:
    number = await open_ticket(personas.ada, "VPN is down")
    [letter] = await world.mail.wait_until(lambda: world.mail.emails_to(personas.bob.email))
    claim, view = re.findall(r"^(?:Claim|View): (\S+)$", letter.text, flags=re.MULTILINE)
    assert {claim, view} == set(re.findall(r'href="([^"]+)"', letter.html))
    await wait_until_no_pending_steps(world)
    before = await world.find_documents("tickets")

    async with ClientSession() as http:
        for link in (claim, view) * 3:
            async with http.get(link) as looked:
                assert looked.ok
                assert "VPN is down" in await looked.text()
        assert await world.find_documents("tickets") == before

        seen = re.search(r'action="([^"]+)"', await (await http.get(claim)).text())
        assert seen
        async with http.post(claim + seen[1]) as done:
            assert done.ok
        async with http.post(claim + seen[1]) as again:
            assert again.status == 410

    assert await personas.bob.wait_for_message("You have it")
    assert await personas.ada.wait_for_message("@Bob Kahn is working on it")
    [act] = [one for one in await world.find_documents("audit") if one["via"] == "link"]
    assert (act["who"], act["to"], act["via"]) == (personas.bob.id, number, "link")
