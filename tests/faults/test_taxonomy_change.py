"""The desk's list of skills changes while a ticket is triaged by the list as it was."""

import json

import pytest

from sandbox.slack.actors.person import Person
from sandbox.world.world import World
from tests.faults.forged_requests import only_ticket
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import ProxiedWorld
from tests.stories.user_actions import open_admin_form, open_ticket, save_and_close_form


async def removes(world: World, admin: Person, skill: str) -> None:
    """Take a skill out of the list, though somebody has it."""
    await open_admin_form(world, admin, "Skills")
    await admin.fill("Skill", skill)
    assert admin.modal
    await admin.click(admin.modal, "Remove this skill")
    await world.slack.wait_until(lambda: admin.modal and admin.modal.submit == "Remove")
    await save_and_close_form(admin)


async def renames(world: World, admin: Person, skill: str, to: str) -> None:
    """Give a skill another name."""
    await open_admin_form(world, admin, "Skills")
    await admin.fill("Skill", skill)
    await admin.fill("Name", to)
    await save_and_close_form(admin)


@pytest.mark.long
@pytest.mark.fault("F56")
@pytest.mark.parametrize("to", ["Entra", None], ids=["renamed", "removed"])
async def test_a_skill_that_changes_while_gemini_thinks_is_none_of_the_tickets(
    proxied_world: ProxiedWorld, to: str | None
) -> None:
    world, cast = proxied_world.world, proxied_world.world.personas
    world.gemini.hold_responses()
    await open_ticket(cast.ada, "Okta drops my VPN")
    await world.gemini.wait_until(lambda: world.gemini.requests)
    if to:
        await renames(world, cast.grace, "okta", to)
    else:
        await removes(world, cast.grace, "okta")

    world.gemini.recover()

    card = await cast.bob.wait_for_message("Offered to you")
    await proxied_world.wait_until_no_pending_steps()
    ticket = await only_ticket(world)
    [exchange] = world.gemini.exchanges
    assert "okta" in json.dumps(exchange.response)
    assert sorted(ticket["triage"]["skills"]) == sorted(["vpn", *([to] if to else [])])
    assert "okta" not in ticket["reason"] + card.visible_text.replace("Okta drops", "")
    await check_invariants(world)
