"""An admin edits the workspace settings: guests, other workspaces, the group of moderators."""

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

TITLE = "Workspace settings"
pytestmark = HTTP_ONLY


async def create_token(world: World, person: Person) -> str:
    await open_token_form(world.slack, person)
    await person.fill("Name", "nightly")
    await person.submit_modal()
    page = await wait_for_text(world.slack, person, "shown only once", title="Your API token")
    [token] = re.findall(r"eyJ[\w.-]+", page.visible_text)
    while person.modal:
        await person.close_modal()
    return str(token)


async def api_status(world: World, token: str) -> int:
    """The status of the API's answer to a request with this token."""
    url = f"{world.environment['PUBLIC_URL']}/api/v1/me"
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession() as http, http.get(url, headers=headers) as response:
        return response.status


async def test_guests_are_refused_as_soon_as_the_policy_says_so(world: World) -> None:
    slack, grace = world.slack, world.personas.grace
    guest = slack.add_person("gus", real_name="Gus Guest", email="gus@else.example", guest=True)
    await open_ticket(guest, "VPN is down")
    await open_ticket(world.personas.ada, "VPN is down for me, too")
    token = await create_token(world, guest)
    assert await api_status(world, token) == 200

    await guest.type_text("/ticket VPN is down again")
    assert "Guests of this workspace: not allowed" in await set_guest_policy(
        world, grace, guests="Not allowed"
    )

    await guest.submit_modal()
    assert guest.modal
    assert "you are a guest" in str(guest.modal.errors)
    await guest.close_modal()
    await guest.type_text("/ticket and again")
    await wait_for_text(slack, guest, "you are a guest", title="Frontdesk")
    await guest.close_modal()
    assert await api_status(world, token) == 401
    await open_ticket(world.personas.ada, "VPN is still down for me")
    assert [ticket["requester"] for ticket in await world.find_documents("tickets")] == [
        guest.id,
        world.personas.ada.id,
        world.personas.ada.id,
    ]
    audit = await world.find_documents("audit")
    [entry] = [entry for entry in audit if entry["what"] == "changed settings"]
    assert entry["who"] == grace.id
    assert (entry["before"], entry["after"]) == ({"guests": True}, {"guests": False})

    await guest.type_text("/ticket help")
    assert "/ticket token" in (await guest.wait_for_ephemeral("What you can do")).visible_text

    await set_guest_policy(world, grace, guests="May open tickets")
    await open_ticket(guest, "VPN is still down")
    assert await api_status(world, token) == 200


async def test_people_of_other_workspaces_follow_the_policy(world: World) -> None:
    slack, grace = world.slack, world.personas.grace
    zia = slack.add_person("zia", real_name="Zia", email="zia@x.example", team_id="T0OTHER01")
    await set_guest_policy(world, grace, guests="Not allowed", strangers="May open tickets")
    await open_ticket(zia, "the shared channel is empty")
    token = await create_token(world, zia)
    assert await api_status(world, token) == 200

    await set_guest_policy(world, grace, strangers="Not allowed")

    await zia.type_text("/ticket let me in")
    assert await zia.wait_for_ephemeral("only open to people of Acme")
    assert await api_status(world, token) == 401


async def test_members_of_the_chosen_user_group_are_moderators(
    world: World, personas: Personas
) -> None:
    slack, grace = world.slack, personas.grace
    ivy = slack.add_person("ivy", real_name="Ivy Ash", email="ivy@acme.example")
    group = slack.add_usergroup("helpdesk", name="Help", users=[ivy])
    slack.add_usergroup("cooks", name="Cooks", users=[personas.ada])

    confirmation = await set_guest_policy(world, grace, moderators="@helpdesk")

    assert "Frontdesk is reading the group" in confirmation
    await wait_for_role(world, ivy, "moderator")
    await set_role_and_skills(slack, grace, ivy, role="Moderator", skills=["python"])
    number = await open_ticket(personas.ada, "python does not start")
    await ivy.click(await ivy.wait_for_message(number), "Claim")
    assert "User group of moderators: none" in await set_guest_policy(
        world, grace, moderators="None"
    )
    await wait_for_role(world, ivy, "user")
    assert number in (await grace.wait_for_message("python does not start")).visible_text
    audit = await world.find_documents("audit")
    assert {entry["via"] for entry in audit if entry["to"] == ivy.id} >= {
        f"user group {group.id}",
        "no user group",
    }


async def test_policy_is_saved_in_a_workspace_without_user_groups(world: World) -> None:
    slack, grace = world.slack, world.personas.grace
    slack.faults.add("usergroups.list", Fault(error="plan_upgrade_required"))

    await open_admin_form(world, grace, TITLE)

    await wait_for_text(slack, grace, "plan_upgrade_required", title=TITLE)
    await grace.fill("Guests of this workspace", "Not allowed")
    assert "Guests of this workspace: not allowed" in await save_and_close_form(grace)


async def test_a_wrong_setting_is_named_under_its_field_and_what_was_typed_stays(
    world: World,
) -> None:
    slack, grace = world.slack, world.personas.grace
    await open_admin_form(world, grace, TITLE)
    await wait_for_text(slack, grace, "Guests of this workspace", title=TITLE)
    await grace.fill("Minimum priorities by words", "payroll")
    await grace.fill("Hosts that notes may link to", "wiki.acme.example")

    await grace.submit_modal()

    assert grace.modal
    assert grace.modal.title == TITLE
    [(label, error)] = grace.modal.errors.items()
    assert label == "Minimum priorities by words"
    assert "write 'payroll' as words=priority" in error
    assert grace.modal.values["Minimum priorities by words"] == "payroll"
    assert grace.modal.values["Hosts that notes may link to"] == "wiki.acme.example"
    audit = await world.find_documents("audit")
    assert "changed settings" not in {entry["what"] for entry in audit}
    await grace.fill("Minimum priorities by words", "payroll=high")
    confirmation = await save_and_close_form(grace)
    assert "Hosts that notes may link to: wiki.acme.example" in confirmation
    assert "Minimum priorities by words: payroll=high" in confirmation
