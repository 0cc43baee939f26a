"""A damaged document in every collection stops no ticket, with the real bot and worker."""

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.test_health_page import open_health_page
from tests.stories.user_actions import open_ticket, wait_until_no_pending_steps


@HTTP_ONLY
async def test_ticket_reaches_its_end_beside_damaged_documents(
    world: World, personas: Personas
) -> None:
    team_id = personas.ada.member.team_id
    # Without this ticket, there would be nothing to learn from and to compare with.
    await resolve_ticket(world, personas, await open_ticket(personas.ada, "VPN is down"))
    for name in await world.database.list_collection_names():
        await world.database[name].insert_one({"_id": f"damaged-{name}", "team_id": team_id})
    damaged = {"team_id": team_id, "at": None, "role": "moderator"}
    for name in ("lessons", "members"):
        await world.database[name].insert_one({"_id": f"{team_id}:damaged", **damaged})
    await world.database.solutions.update_many({}, {"$unset": {"tickets": ""}})

    await resolve_ticket(world, personas, await open_ticket(personas.ada, "VPN is down again"))

    page = await open_health_page(world.slack, personas.grace)
    assert f"members {team_id}:damaged" in page.visible_text.replace("`", "")
    assert "VPN is down" not in page.visible_text


async def resolve_ticket(world: World, personas: Personas, number: str) -> None:
    """Let Bob claim and resolve the ticket, and Ada read that it is resolved."""
    await wait_until_no_pending_steps(world)
    await personas.bob.click(await personas.bob.wait_for_message(number), "Claim")
    await wait_until_no_pending_steps(world)
    await personas.bob.click(await personas.bob.wait_for_message(number), "Resolve")
    question = await personas.ada.wait_for_message("Did this solve it?")
    assert question
    await wait_until_no_pending_steps(world)
