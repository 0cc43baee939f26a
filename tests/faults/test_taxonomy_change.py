"""An admin changes the skills while Gemini triages a ticket with the old list."""

import json

import pytest

from sandbox.slack.actors.person import Person
from sandbox.world.world import World
from tests.faults.forged_requests import only_ticket
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import ProxiedWorld
from tests.stories.user_actions import open_admin_form, open_ticket, save_and_close_form


async def remove_skill(world: World, admin: Person, skill: str) -> None:
    """Delete a skill that a moderator has."""
    await open_admin_form(world, admin, "Skills")
    await admin.fill("Skill", skill)
    assert admin.modal
    await admin.click(admin.modal, "Remove this skill")
    await world.slack.wait_until(
        lambda: admin.modal and f"{skill} is removed" in admin.modal.visible_text
    )
    while admin.modal:
        await admin.close_modal()


async def rename_skill(world: World, admin: Person, skill: str, new_name: str) -> None:
    await open_admin_form(world, admin, "Skills")
    await admin.fill("Skill", skill)
    await admin.fill("Name", new_name)
    await save_and_close_form(admin)


@pytest.mark.long
@pytest.mark.fault("F56")
@pytest.mark.parametrize("new_name", ["Entra", None], ids=["renamed", "removed"])
async def test_skill_changed_during_a_triage_is_updated_in_the_ticket(
    proxied_world: ProxiedWorld, new_name: str | None
) -> None:
    world, cast = proxied_world.world, proxied_world.world.personas
    world.gemini.hold_responses()
    await open_ticket(cast.ada, "Okta drops my VPN")
    await world.gemini.wait_until(lambda: world.gemini.requests)
    if new_name:
        await rename_skill(world, cast.grace, "okta", new_name)
    else:
        await remove_skill(world, cast.grace, "okta")

    world.gemini.recover()

    card = await cast.bob.wait_for_message("Offered to you")
    await proxied_world.wait_until_no_pending_steps()
    ticket = await only_ticket(world)
    [exchange] = world.gemini.exchanges
    assert "okta" in json.dumps(exchange.response)
    assert sorted(ticket["triage"]["skills"]) == sorted(["vpn", *([new_name] if new_name else [])])
    assert "okta" not in ticket["reason"] + card.visible_text.replace("Okta drops", "")
    await check_invariants(world)
