"""The desk's list of skills changes while a ticket is triaged by the list as it was."""

import json

import pytest

from sandbox.slack.person import Person
from sandbox.world import World
from tests.faults.forging import only_ticket
from tests.faults.invariants import check_invariants
from tests.faults.walking import Stage
from tests.stories.acts import opens_list, opens_ticket, saves


async def removes(world: World, admin: Person, skill: str) -> None:
    """Take a skill out of the list, though somebody has it."""
    await opens_list(world, admin, "Skills")
    await admin.fills("Skill", skill)
    assert admin.modal
    await admin.clicks(admin.modal, "Remove this skill")
    await world.slack.until(lambda: admin.modal and admin.modal.submit == "Remove")
    await saves(admin)


async def renames(world: World, admin: Person, skill: str, to: str) -> None:
    """Give a skill another name."""
    await opens_list(world, admin, "Skills")
    await admin.fills("Skill", skill)
    await admin.fills("Name", to)
    await saves(admin)


@pytest.mark.long
@pytest.mark.fault("F56")
@pytest.mark.parametrize("to", ["Entra", None], ids=["renamed", "removed"])
async def test_a_skill_that_changes_while_gemini_thinks_is_none_of_the_tickets(
    stage: Stage, to: str | None
) -> None:
    world, cast = stage.world, stage.world.cast
    world.gemini.holds()
    await opens_ticket(cast.ada, "Okta drops my VPN")
    await world.gemini.until(lambda: world.gemini.requests)
    if to:
        await renames(world, cast.grace, "okta", to)
    else:
        await removes(world, cast.grace, "okta")

    world.gemini.recovers()

    card = await cast.bob.gets_message("Offered to you")
    await stage.settles()
    ticket = await only_ticket(world)
    [exchange] = world.gemini.exchanges
    assert "okta" in json.dumps(exchange.response)
    assert sorted(ticket["triage"]["skills"]) == sorted(["vpn", *([to] if to else [])])
    assert "okta" not in ticket["reason"] + card.says.replace("Okta drops", "")
    await check_invariants(world)
