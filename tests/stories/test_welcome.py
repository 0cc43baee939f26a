"""An admin says whom the desk serves from outside, and who moderates by a user group, in Slack."""

import re

from aiohttp import ClientSession

from sandbox.cast import Cast
from sandbox.slack.faults import Fault
from sandbox.slack.person import Person
from sandbox.world import World
from tests.stories.acts import becomes, gives, lets_in, opens_list, opens_ticket, saves
from tests.stories.conftest import HTTP_ONLY
from tests.stories.test_accounts import opens_tokens, sees

TITLE = "Guests and groups"
pytestmark = HTTP_ONLY


async def gets_token(world: World, person: Person) -> str:
    """A token of theirs."""
    await opens_tokens(world.slack, person)
    await person.fills("Name", "nightly")
    await person.submits()
    page = await sees(world.slack, person, "shown this once", title="Your token")
    [token] = re.findall(r"eyJ[\w.-]+", page.says)
    while person.modal:
        await person.closes()
    return str(token)


async def answered(world: World, token: str) -> int:
    """What the API answers to the token."""
    url = f"{world.environment['PUBLIC_URL']}/api/v1/me"
    headers = {"Authorization": f"Bearer {token}"}
    async with ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status


async def test_guests_are_refused_from_the_moment_an_admin_says_so(world: World) -> None:
    slack, grace = world.slack, world.cast.grace
    guest = slack.add_person("gus", real_name="Gus Guest", email="gus@else.example", guest=True)
    await opens_ticket(guest, "VPN is down")
    await opens_ticket(world.cast.ada, "VPN is down for me, too")
    token = await gets_token(world, guest)
    assert await answered(world, token) == 200

    await guest.types("/ticket VPN is down again")
    assert "Guests are refused" in await lets_in(world, grace, guests="Are refused")

    await guest.submits()
    assert guest.modal
    assert "you are a guest" in str(guest.modal.errors)
    await guest.closes()
    await guest.types("/ticket and again")
    await sees(slack, guest, "you are a guest", title="Frontdesk")
    await guest.closes()
    assert await answered(world, token) == 401
    await opens_ticket(world.cast.ada, "VPN is still down for me")
    assert [ticket["requester"] for ticket in await world.documents("tickets")] == [
        guest.id,
        world.cast.ada.id,
        world.cast.ada.id,
    ]
    [act] = [a for a in await world.documents("audit") if a["what"] == "changed who is let in"]
    assert (act["who"], act["before"]["guests"], act["after"]["guests"]) == (grace.id, True, False)

    await lets_in(world, grace, guests="May open tickets")
    await opens_ticket(guest, "VPN is still down")
    assert await answered(world, token) == 200


async def test_people_of_other_workspaces_are_let_in_and_turned_away(world: World) -> None:
    slack, grace = world.slack, world.cast.grace
    zia = slack.add_person("zia", real_name="Zia", email="zia@x.example", team_id="T0OTHER01")
    await lets_in(world, grace, guests="Are refused", strangers="May open tickets")
    await opens_ticket(zia, "the shared channel is empty")
    token = await gets_token(world, zia)
    assert await answered(world, token) == 200

    await lets_in(world, grace, strangers="Are refused")

    await zia.types("/ticket let me in")
    assert await zia.gets_whisper("serves the people of Acme only")
    assert await answered(world, token) == 401


async def test_who_is_in_the_group_that_an_admin_chose_moderates(world: World, cast: Cast) -> None:
    slack, grace = world.slack, cast.grace
    ivy = slack.add_person("ivy", real_name="Ivy Ash", email="ivy@acme.example")
    group = slack.add_usergroup("helpdesk", name="Help", users=[ivy])
    slack.add_usergroup("cooks", name="Cooks", users=[cast.ada])

    told = await lets_in(world, grace, moderators="@helpdesk")

    assert "is a moderator" in told
    await becomes(world, ivy, "moderator")
    await gives(slack, grace, ivy, role="Moderator", skills=["python"])
    number = await opens_ticket(cast.ada, "python does not start")
    await ivy.clicks(await ivy.gets_message(number), "Claim")
    assert "No user group" in await lets_in(world, grace, moderators="None")
    await becomes(world, ivy, "user")
    assert number in (await grace.gets_message("python does not start")).says
    assert {act["via"] for act in await world.documents("audit") if act["to"] == ivy.id} >= {
        f"user group {group.id}",
        "no user group",
    }


async def test_a_workspace_without_user_groups_can_still_say_who_is_let_in(world: World) -> None:
    slack, grace = world.slack, world.cast.grace
    slack.faults.add("usergroups.list", Fault(error="plan_upgrade_required"))

    await opens_list(world, grace, TITLE)

    await sees(slack, grace, "plan_upgrade_required", title=TITLE)
    await grace.fills("Guests of this workspace", "Are refused")
    assert "Guests are refused" in await saves(grace)
