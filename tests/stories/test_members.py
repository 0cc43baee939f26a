"""Members: how people become members, what admins change, and how tickets follow."""

from typing import Any

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
    open_settings,
    open_ticket,
    set_role_and_skills,
)


async def stored_member(world: World, person: Person) -> dict[str, Any]:
    members = await world.find_documents("members")
    [member] = [member for member in members if member["slack_id"] == person.id]
    return member


@HTTP_ONLY
async def test_requester_becomes_a_member(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    await personas.ada.wait_for_message("Waiting for")

    ada = await stored_member(world, personas.ada)
    assert ada["role"] == "user"
    assert (ada["name"], ada["email"], ada["tz"]) == (
        "Ada Lovelace",
        "ada@acme.example",
        "Europe/Berlin",
    )


@HTTP_ONLY
async def test_user_reads_why_settings_are_not_open(world: World) -> None:
    ada = world.personas.ada

    await open_settings(world.slack, ada)

    assert ada.modal
    assert "Only admins of Frontdesk can open this" in ada.modal.visible_text
    assert ada.modal.submit is None


@HTTP_ONLY
async def test_admin_gives_a_member_role_and_skills(world: World) -> None:
    grace, bob = world.personas.grace, world.personas.bob
    await open_member_form(world.slack, grace)
    await grace.fill("Person", bob.id)
    await grace.fill("Role", "Moderator")
    await grace.fill("Skills", ["vpn", "okta"])
    await grace.fill("New skills", "Cisco ISE, WireGuard")

    await grace.submit_modal()

    assert grace.modal
    assert "Role: moderator. Skills: vpn, okta, Cisco ISE." in grace.modal.visible_text
    member = await stored_member(world, bob)
    assert (member["role"], member["skills"]) == ("moderator", ["vpn", "okta", "Cisco ISE"])
    await grace.close_modal()

    await open_member_form(world.slack, grace)
    await grace.fill("Person", bob.id)

    assert grace.modal
    assert grace.modal.values["Role"] == "Moderator"
    assert grace.modal.values["Skills"] == ["vpn", "okta", "Cisco ISE"]


@HTTP_ONLY
async def test_trusted_moderator_is_offered_confidential_tickets(
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
    audit = await world.find_documents("audit")
    [entry] = [entry for entry in audit if entry["after"].get("trusted")]
    assert (entry["who"], entry["to"]) == (grace.id, mo.id)


@HTTP_ONLY
async def test_new_skill_is_found_in_tickets(world: World) -> None:
    grace, bob = world.personas.grace, world.personas.bob
    await open_member_form(world.slack, grace)
    await grace.fill("Person", bob.id)
    await grace.fill("Role", "Moderator")
    await grace.fill("New skills", "Cisco ISE")
    await grace.submit_modal()

    await open_ticket(world.personas.ada, "cisco ise refuses my laptop")

    assert "knows Cisco ISE" in (await bob.wait_for_message("Offered to you")).visible_text


@HTTP_ONLY
async def test_admin_of_the_environment_stays_admin(world: World) -> None:
    grace = world.personas.grace
    await open_member_form(world.slack, grace)
    await grace.fill("Person", grace.id)
    await grace.fill("Role", "User")

    await grace.submit_modal()

    assert grace.modal
    assert "always an admin" in grace.modal.errors["Person"]


@pytest.mark.fault("F55")
async def test_workspace_owner_is_admin_and_the_last_admin_stays(
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
async def test_tickets_of_a_demoted_moderator_are_reassigned(
    world: World, personas: Personas
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    offered = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(offered, "Claim")
    claimed = await personas.bob.wait_for_message("You have it")

    await set_role_and_skills(world.slack, personas.grace, personas.bob, role="User", skills=[])

    assert await personas.eve.wait_for_message("Offered to you")
    await personas.bob.click(claimed, "Resolve")
    assert await personas.bob.wait_for_ephemeral("you cannot see it")
    [ticket] = await world.find_documents("tickets")
    assert (ticket["status"], ticket["assignee"]) == ("offered", personas.eve.id)
    assert await personas.bob.wait_for_message("You don't have T-1 any more")


@pytest.mark.fault("F52")
@HTTP_ONLY
async def test_moderator_demoted_before_the_card_gets_none(
    world: World, personas: Personas
) -> None:
    fault = world.slack.faults.add("chat.postMessage", Fault(status=503))
    await open_ticket(personas.ada, "VPN is down")
    async with await world.database.tickets.watch(full_document="updateLookup") as changes:
        async for change in changes:
            # Slack has refused the card once, and the worker will retry it.
            pending = change["fullDocument"]["pending"]
            if any(step["error"] for step in pending if step["step"] == "dm_assignee"):
                break
    # Written directly, as if the offer and the demotion had happened at the same moment.
    await world.database.members.update_one(
        {"slack_id": personas.bob.id}, {"$set": {"role": "user"}}
    )
    world.slack.faults.remove(fault)
    await expire_leases(world)

    assert await personas.eve.wait_for_message("Offered to you", timeout_seconds=20)
    assert personas.bob.messages == []


@pytest.mark.fault("F48", "F52")
@HTTP_ONLY
async def test_deactivated_moderator_is_skipped(world: World, personas: Personas) -> None:
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
async def test_deleted_direct_message_is_opened_again(world: World, personas: Personas) -> None:
    await world.database.members.update_one(
        {"slack_id": personas.bob.id}, {"$set": {"dm_channel": "D0GONE0001"}}
    )

    await open_ticket(personas.ada, "VPN is down")

    assert await personas.bob.wait_for_message("Offered to you")
    bob = await stored_member(world, personas.bob)
    assert bob["dm_channel"] == personas.bob.direct_channel.id


@pytest.mark.fault("F53")
@HTTP_ONLY
async def test_ticket_waits_for_the_first_available_member(world: World) -> None:
    grace, mo = world.personas.grace, world.personas.mo
    await open_ticket(grace, "VPN is down")
    card = await grace.wait_for_message("finding the right person")

    await set_role_and_skills(world.slack, grace, mo, role="Admin", skills=[])
    await expire_leases(world)
    assert await mo.wait_for_message("Offered to you")
    assert (await grace.wait_for_message("Waiting for @Mo Tanaka")).ts == card.ts
