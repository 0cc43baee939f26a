"""People: who becomes what, what an admin may change, and what happens to tickets then."""

import pytest

from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.state.faults import Fault
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import (
    CONFIDENTIAL_OPTION,
    expire_leases,
    open_member_form,
    open_ticket,
    set_role_and_skills,
)


async def role_of(world: World, person: Person) -> str | None:
    """The role that is stored of a person."""
    known = {member["slack_id"]: member for member in await world.find_documents("members")}
    member = known.get(person.id)
    return str(member["role"]) if member else None


@HTTP_ONLY
async def test_who_is_seen_for_the_first_time_becomes_a_member(
    world: World, personas: Personas
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    await personas.ada.wait_for_message("Waiting for")

    assert await role_of(world, personas.ada) == "user"
    [ada] = [m for m in await world.find_documents("members") if m["slack_id"] == personas.ada.id]
    assert (ada["name"], ada["email"], ada["tz"]) == (
        "Ada Lovelace",
        "ada@acme.example",
        "Europe/Berlin",
    )


@HTTP_ONLY
async def test_who_is_no_admin_reads_why_not(world: World) -> None:
    ada = world.personas.ada

    await open_member_form(world.slack, ada)

    assert ada.modal
    assert "Only admins of the desk can open this" in ada.modal.visible_text
    assert ada.modal.submit is None


@HTTP_ONLY
async def test_an_admin_gives_a_person_role_and_skills(world: World) -> None:
    grace, bob = world.personas.grace, world.personas.bob
    await open_member_form(world.slack, grace)
    await grace.fill("Person", bob.id)
    await grace.fill("Role", "Moderator")
    await grace.fill("Skills", ["vpn", "okta"])
    await grace.fill("New skills", "Cisco ISE, WireGuard")

    await grace.submit_modal()

    assert grace.modal
    assert "is now: moderator. Skills: vpn, okta, Cisco ISE." in grace.modal.visible_text
    [stored] = [m for m in await world.find_documents("members") if m["slack_id"] == bob.id]
    assert (stored["role"], stored["skills"]) == ("moderator", ["vpn", "okta", "Cisco ISE"])
    await grace.close_modal()

    await open_member_form(world.slack, grace)
    await grace.fill("Person", bob.id)

    assert grace.modal
    assert grace.modal.values["Role"] == "Moderator"
    assert grace.modal.values["Skills"] == ["vpn", "okta", "Cisco ISE"]


@HTTP_ONLY
async def test_an_admin_trusts_somebody_with_confidential_tickets(
    world: World, personas: Personas
) -> None:
    grace, mo = personas.grace, personas.mo
    await open_member_form(world.slack, grace)
    await grace.fill("Person", mo.id)
    await grace.fill("Confidential tickets", ["May see confidential tickets"])
    await grace.submit_modal()
    await grace.close_modal()

    await personas.ada.type_text("/ticket VPN is down")
    await personas.ada.fill("Confidential", [CONFIDENTIAL_OPTION])
    await personas.ada.submit_modal()

    assert "VPN is down" in (await mo.wait_for_message("Offered to you")).visible_text
    [act] = [one for one in await world.find_documents("audit") if one["after"].get("trusted")]
    assert (act["who"], act["to"]) == (grace.id, mo.id)


@HTTP_ONLY
async def test_a_new_skill_is_found_in_tickets(world: World) -> None:
    grace, bob = world.personas.grace, world.personas.bob
    await open_member_form(world.slack, grace)
    await grace.fill("Person", bob.id)
    await grace.fill("Role", "Moderator")
    await grace.fill("New skills", "Cisco ISE")
    await grace.submit_modal()

    await open_ticket(world.personas.ada, "cisco ise refuses my laptop")

    assert "knows Cisco ISE" in (await bob.wait_for_message("Offered to you")).visible_text


@HTTP_ONLY
async def test_the_admin_of_the_settings_stays_one(world: World) -> None:
    grace = world.personas.grace
    await open_member_form(world.slack, grace)
    await grace.fill("Person", grace.id)
    await grace.fill("Role", "User")

    await grace.submit_modal()

    assert grace.modal
    assert "always an admin" in grace.modal.errors["Person"]


@pytest.mark.fault("F55")
async def test_a_workspace_owner_is_an_admin_and_the_last_one_stays(
    servers: DatabaseServers,
) -> None:
    async with World(servers=servers, admin_in_settings=False) as world:
        grace = world.personas.grace
        await open_member_form(world.slack, grace)
        await grace.fill("Person", grace.id)
        await grace.fill("Role", "Moderator")

        await grace.submit_modal()

        assert grace.modal
        assert "the last admin" in grace.modal.errors["Person"]


@pytest.mark.fault("F52", "F85")
@HTTP_ONLY
async def test_who_is_demoted_hands_back_their_tickets(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    offered = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(offered, "Claim")
    claimed = await personas.bob.wait_for_message("You have it")

    await set_role_and_skills(world.slack, personas.grace, personas.bob, role="User", skills=[])

    assert await personas.eve.wait_for_message("Offered to you")
    await personas.bob.click(claimed, "Resolve")
    assert await personas.bob.wait_for_ephemeral("T-1")
    [ticket] = await world.find_documents("tickets")
    assert (ticket["status"], ticket["assignee"]) == ("offered", personas.eve.id)
    assert await personas.bob.wait_for_message("Waiting for @Eve Holt")


@pytest.mark.fault("F52")
@HTTP_ONLY
async def test_who_is_demoted_between_the_choice_and_the_card_gets_none(
    world: World, personas: Personas
) -> None:
    held = world.slack.faults.add("chat.postMessage", Fault(status=503))
    await open_ticket(personas.ada, "VPN is down")
    async with await world.database.tickets.watch(full_document="updateLookup") as changes:
        async for change in changes:
            # Slack has refused the card once; it is tried again.
            pending = change["fullDocument"]["pending"]
            if any(one["error"] for one in pending if one["step"] == "dm_assignee"):
                break
    # Written past the desk, as it looks when the offer and the demotion cross.
    await world.database.members.update_one(
        {"slack_id": personas.bob.id}, {"$set": {"role": "user"}}
    )
    world.slack.faults.remove(held)
    await expire_leases(world)

    assert await personas.eve.wait_for_message("Offered to you", timeout_seconds=20)
    assert personas.bob.messages == []


@pytest.mark.fault("F48", "F52")
@HTTP_ONLY
async def test_who_left_is_passed_over(world: World, personas: Personas) -> None:
    world.slack.faults.add(
        "chat.postMessage",
        Fault(error="user_disabled"),
        request_filter=lambda request: "Offered to you" in str(request.get("blocks")),
        times=1,
    )

    await open_ticket(personas.ada, "VPN is down")

    assert await personas.eve.wait_for_message("Offered to you")
    [ticket] = await world.find_documents("tickets")
    assert ticket["tried"] == [personas.bob.id]


@HTTP_ONLY
async def test_a_conversation_that_is_no_more_is_opened_anew(
    world: World, personas: Personas
) -> None:
    known = {"slack_id": personas.bob.id}
    await world.database.members.update_one(known, {"$set": {"dm_channel": "D0GONE0001"}})

    await open_ticket(personas.ada, "VPN is down")

    assert await personas.bob.wait_for_message("Offered to you")
    [bob] = [m for m in await world.find_documents("members") if m["slack_id"] == personas.bob.id]
    assert bob["dm_channel"] == personas.bob.direct_channel.id


@pytest.mark.fault("F53")
@HTTP_ONLY
async def test_a_ticket_waits_for_the_first_who_can_take_it(world: World) -> None:
    grace, mo = world.personas.grace, world.personas.mo
    await open_ticket(grace, "VPN is down")
    waiting = await grace.wait_for_message("finding the right person")

    await set_role_and_skills(world.slack, grace, mo, role="Admin", skills=[])
    await expire_leases(world)
    assert await mo.wait_for_message("Offered to you")
    assert (await grace.wait_for_message("Waiting for @Mo Tanaka")).ts == waiting.ts
