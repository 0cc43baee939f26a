"""People: who becomes what, what an admin may change, and what happens to tickets then."""

import pytest

from sandbox.cast import Cast
from sandbox.servers import Servers
from sandbox.slack.faults import Fault
from sandbox.slack.person import Person
from sandbox.world import World
from tests.stories.acts import gives, leases_end, opens_team, opens_ticket
from tests.stories.conftest import HTTP_ONLY


async def role_of(world: World, person: Person) -> str | None:
    """The role that is stored of a person."""
    known = {member["slack_id"]: member for member in await world.documents("members")}
    member = known.get(person.id)
    return str(member["role"]) if member else None


@HTTP_ONLY
async def test_who_is_seen_for_the_first_time_becomes_a_member(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    await cast.ada.gets_message("Offered to")

    assert await role_of(world, cast.ada) == "user"
    [ada] = [m for m in await world.documents("members") if m["slack_id"] == cast.ada.id]
    assert (ada["name"], ada["email"], ada["tz"]) == (
        "Ada Lovelace",
        "ada@acme.example",
        "Europe/Berlin",
    )


@HTTP_ONLY
async def test_who_is_no_admin_reads_why_not(world: World) -> None:
    ada = world.cast.ada

    await opens_team(world.slack, ada)

    assert ada.modal
    assert "Only admins of the desk can open this" in ada.modal.says
    assert ada.modal.submit is None


@HTTP_ONLY
async def test_an_admin_gives_a_person_role_and_skills(world: World) -> None:
    grace, bob = world.cast.grace, world.cast.bob
    await opens_team(world.slack, grace)
    await grace.fills("Person", bob.id)
    await grace.fills("Role", "Moderator")
    await grace.fills("Skills", ["vpn", "okta"])
    await grace.fills("New skills", "Cisco ISE, WireGuard")

    await grace.submits()

    assert grace.modal
    assert "is now: moderator. Skills: vpn, okta, Cisco ISE." in grace.modal.says
    [stored] = [m for m in await world.documents("members") if m["slack_id"] == bob.id]
    assert (stored["role"], stored["skills"]) == ("moderator", ["vpn", "okta", "Cisco ISE"])
    await grace.closes()

    await opens_team(world.slack, grace)
    await grace.fills("Person", bob.id)

    assert grace.modal
    assert grace.modal.values["Role"] == "Moderator"
    assert grace.modal.values["Skills"] == ["vpn", "okta", "Cisco ISE"]


@HTTP_ONLY
async def test_an_admin_trusts_somebody_with_confidential_tickets(world: World, cast: Cast) -> None:
    grace, mo = cast.grace, cast.mo
    await opens_team(world.slack, grace)
    await grace.fills("Person", mo.id)
    await grace.fills("Confidential tickets", ["May see confidential tickets"])
    await grace.submits()
    await grace.closes()

    await cast.ada.types("/ticket VPN is down")
    await cast.ada.fills("Who may see it", ["Keep this confidential"])
    await cast.ada.submits()

    assert "VPN is down" in (await mo.gets_message("Offered to you")).says
    [act] = [one for one in await world.documents("audit") if one["after"].get("trusted")]
    assert (act["who"], act["to"]) == (grace.id, mo.id)


@HTTP_ONLY
async def test_a_new_skill_is_found_in_tickets(world: World) -> None:
    grace, bob = world.cast.grace, world.cast.bob
    await opens_team(world.slack, grace)
    await grace.fills("Person", bob.id)
    await grace.fills("Role", "Moderator")
    await grace.fills("New skills", "Cisco ISE")
    await grace.submits()

    await opens_ticket(world.cast.ada, "cisco ise refuses my laptop")

    assert "knows Cisco ISE" in (await bob.gets_message("Offered to you")).says


@HTTP_ONLY
async def test_the_admin_of_the_settings_stays_one(world: World) -> None:
    grace = world.cast.grace
    await opens_team(world.slack, grace)
    await grace.fills("Person", grace.id)
    await grace.fills("Role", "User")

    await grace.submits()

    assert grace.modal
    assert "always an admin" in grace.modal.errors["Person"]


@pytest.mark.fault("F55")
async def test_a_workspace_owner_is_an_admin_and_the_last_one_stays(servers: Servers) -> None:
    async with World(servers=servers, admin_named=False) as world:
        grace = world.cast.grace
        await opens_team(world.slack, grace)
        await grace.fills("Person", grace.id)
        await grace.fills("Role", "Moderator")

        await grace.submits()

        assert grace.modal
        assert "the last admin" in grace.modal.errors["Person"]


@pytest.mark.fault("F52", "F85")
@HTTP_ONLY
async def test_who_is_demoted_hands_back_their_tickets(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    offered = await cast.bob.gets_message("Offered to you")
    await cast.bob.clicks(offered, "Claim")
    claimed = await cast.bob.gets_message("You have it")

    await gives(world.slack, cast.grace, cast.bob, role="User", skills=[])

    assert await cast.eve.gets_message("Offered to you")
    await cast.bob.clicks(claimed, "Resolve")
    assert await cast.bob.gets_whisper("T-1")
    [ticket] = await world.documents("tickets")
    assert (ticket["status"], ticket["assignee"]) == ("offered", cast.eve.id)
    assert await cast.bob.gets_message("Offered to @Eve Holt")


@pytest.mark.fault("F52")
@HTTP_ONLY
async def test_who_is_demoted_between_the_choice_and_the_card_gets_none(
    world: World, cast: Cast
) -> None:
    held = world.slack.faults.add("chat.postMessage", Fault(status=503))
    await opens_ticket(cast.ada, "VPN is down")
    async with await world.database.tickets.watch(full_document="updateLookup") as changes:
        async for change in changes:
            # Slack has refused the card once; it is tried again.
            pending = change["fullDocument"]["pending"]
            if any(one["error"] for one in pending if one["step"] == "dm_assignee"):
                break
    # Written past the desk, as it looks when the offer and the demotion cross.
    await world.database.members.update_one({"slack_id": cast.bob.id}, {"$set": {"role": "user"}})
    world.slack.faults.remove(held)
    await leases_end(world)

    assert await cast.eve.gets_message("Offered to you", timeout=20)
    assert cast.bob.messages == []


@pytest.mark.fault("F48", "F52")
@HTTP_ONLY
async def test_who_left_is_passed_over(world: World, cast: Cast) -> None:
    world.slack.faults.add(
        "chat.postMessage",
        Fault(error="user_disabled"),
        when=lambda request: "Offered to you" in str(request.get("blocks")),
        times=1,
    )

    await opens_ticket(cast.ada, "VPN is down")

    assert await cast.eve.gets_message("Offered to you")
    [ticket] = await world.documents("tickets")
    assert ticket["tried"] == [cast.bob.id]


@HTTP_ONLY
async def test_a_conversation_that_is_no_more_is_opened_anew(world: World, cast: Cast) -> None:
    known = {"slack_id": cast.bob.id}
    await world.database.members.update_one(known, {"$set": {"dm_channel": "D0GONE0001"}})

    await opens_ticket(cast.ada, "VPN is down")

    assert await cast.bob.gets_message("Offered to you")
    [bob] = [m for m in await world.documents("members") if m["slack_id"] == cast.bob.id]
    assert bob["dm_channel"] == cast.bob.dm.id


@pytest.mark.fault("F53")
@HTTP_ONLY
async def test_a_ticket_waits_for_the_first_who_can_take_it(world: World) -> None:
    grace, mo = world.cast.grace, world.cast.mo
    await opens_ticket(grace, "VPN is down")
    waiting = await grace.gets_message("looking for the right person")

    await gives(world.slack, grace, mo, role="Admin", skills=[])
    await leases_end(world)
    assert await mo.gets_message("Offered to you")
    assert (await grace.gets_message("Offered to @Mo Tanaka")).ts == waiting.ts
