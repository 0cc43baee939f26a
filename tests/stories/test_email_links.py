"""The links in a real e-mail: a scanner opens them all, then Bob claims without opening Slack."""

import re

import pytest
from aiohttp import ClientSession

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, wait_until_no_pending_steps


@HTTP_ONLY
@pytest.mark.fault("F76")
async def test_email_link_claims_once_and_only_by_post(world: World, personas: Personas) -> None:
    number = await open_ticket(personas.ada, "VPN is down")
    [email] = await world.mail.wait_until(lambda: world.mail.emails_to(personas.bob.email))
    claim, view = re.findall(r"^(?:Claim|View): (\S+)$", email.text, flags=re.MULTILINE)
    assert {claim, view} == set(re.findall(r'href="([^"]+)"', email.html))
    await wait_until_no_pending_steps(world)
    before = await world.find_documents("tickets")

    async with ClientSession() as http:
        for link in (claim, view) * 3:
            async with http.get(link) as response:
                assert response.ok
                assert "VPN is down" in await response.text()
        assert await world.find_documents("tickets") == before

        action = re.search(r'action="([^"]+)"', await (await http.get(claim)).text())
        assert action
        async with http.post(claim + action[1]) as response:
            assert response.ok
        async with http.post(claim + action[1]) as repeated:
            assert repeated.status == 410

    assert await personas.bob.wait_for_message("You have it")
    assert await personas.ada.wait_for_message("@Bob Kahn is working on it")
    audit = await world.find_documents("audit")
    [entry] = [entry for entry in audit if entry["via"] == "link"]
    assert (entry["who"], entry["to"]) == (personas.bob.id, number)
