"""An admin says whom the desk serves from outside, and who moderates by a user group, in Slack."""

import re

from aiohttp import ClientSession

from sandbox.slack.actors.person import Person
from sandbox.slack.state.faults import Fault
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.test_api_tokens import open_token_form, wait_for_text
from tests.stories.user_actions import (
    open_admin_form,
    open_ticket,
    save_and_close_form,
    set_guest_policy,
    set_role_and_skills,
    wait_for_role,
)

TITLE = "Guests and groups"
pytestmark = HTTP_ONLY


async def gets_token(world: World, person: Person) -> str:
    """A token of theirs."""
    await open_token_form(world.slack, person)
    await person.fill("Name", "nightly")
    await person.submit_modal()
    page = await wait_for_text(world.slack, person, "shown this once", title="Your token")
    [token] = re.findall(r"eyJ[\w.-]+", page.visible_text)
    while person.modal:
        await person.close_modal()
    return str(token)


async def answered(world: World, token: str) -> int:
    """What the API answers to the token."""
    url = f"{world.environment['PUBLIC_URL']}/api/v1/me"
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status


async def test_guests_are_refused_from_the_moment_an_admin_says_so(world: World) -> None:
    slack, grace = world.slack, world.personas.grace
    guest = slack.add_person("gus", real_name="Gus Guest", email="gus@else.example", guest=True)
    await open_ticket(guest, "VPN is down")
    await open_ticket(world.personas.ada, "VPN is down for me, too")
    token = await gets_token(world, guest)
    assert await answered(world, token) == 200

    await guest.type_text("/ticket VPN is down again")
    assert "Guests are refused" in await set_guest_policy(world, grace, guests="Are refused")

    await guest.submit_modal()
    assert guest.modal
    assert "you are a guest" in str(guest.modal.errors)
    await guest.close_modal()
    await guest.type_text("/ticket and again")
    await wait_for_text(slack, guest, "you are a guest", title="Frontdesk")
    await guest.close_modal()
    assert await answered(world, token) == 401
    await open_ticket(world.personas.ada, "VPN is still down for me")
    assert [ticket["requester"] for ticket in await world.find_documents("tickets")] == [
        guest.id,
        world.personas.ada.id,
        world.personas.ada.id,
    ]
    [act] = [a for a in await world.find_documents("audit") if a["what"] == "changed who is let in"]
    assert (act["who"], act["before"]["guests"], act["after"]["guests"]) == (grace.id, True, False)

    await set_guest_policy(world, grace, guests="May open tickets")
    await open_ticket(guest, "VPN is still down")
    assert await answered(world, token) == 200


async def test_people_of_other_workspaces_are_let_in_and_turned_away(world: World) -> None:
    slack, grace = world.slack, world.personas.grace
    zia = slack.add_person("zia", real_name="Zia", email="zia@x.example", team_id="T0OTHER01")
    await set_guest_policy(world, grace, guests="Are refused", strangers="May open tickets")
    await open_ticket(zia, "the shared channel is empty")
    token = await gets_token(world, zia)
    assert await answered(world, token) == 200

    await set_guest_policy(world, grace, strangers="Are refused")

    await zia.type_text("/ticket let me in")
    assert await zia.wait_for_ephemeral("only open to people of Acme")
    assert await answered(world, token) == 401


async def test_who_is_in_the_group_that_an_admin_chose_moderates(
    world: World, personas: Personas
) -> None:
    slack, grace = world.slack, personas.grace
    ivy = slack.add_person("ivy", real_name="Ivy Ash", email="ivy@acme.example")
    group = slack.add_usergroup("helpdesk", name="Help", users=[ivy])
    slack.add_usergroup("cooks", name="Cooks", users=[personas.ada])

    told = await set_guest_policy(world, grace, moderators="@helpdesk")

    assert "is a moderator" in told
    await wait_for_role(world, ivy, "moderator")
    await set_role_and_skills(slack, grace, ivy, role="Moderator", skills=["python"])
    number = await open_ticket(personas.ada, "python does not start")
    await ivy.click(await ivy.wait_for_message(number), "Claim")
    assert "No user group" in await set_guest_policy(world, grace, moderators="None")
    await wait_for_role(world, ivy, "user")
    assert number in (await grace.wait_for_message("python does not start")).visible_text
    assert {act["via"] for act in await world.find_documents("audit") if act["to"] == ivy.id} >= {
        f"user group {group.id}",
        "no user group",
    }


async def test_a_workspace_without_user_groups_can_still_say_who_is_let_in(world: World) -> None:
    slack, grace = world.slack, world.personas.grace
    slack.faults.add("usergroups.list", Fault(error="plan_upgrade_required"))

    await open_admin_form(world, grace, TITLE)

    await wait_for_text(slack, grace, "plan_upgrade_required", title=TITLE)
    await grace.fill("Guests of this workspace", "Are refused")
    assert "Guests are refused" in await save_and_close_form(grace)
