"""Accounts: a token is issued, seen once, revoked; what was done can be read; people leave."""

import re

import pytest

from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Modal
from sandbox.slack.workspace import Workspace
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_member_form, open_ticket, set_role_and_skills

pytestmark = HTTP_ONLY


async def open_token_form(slack: Workspace, person: Person) -> Modal:
    """Type `/ticket token`, and wait for the form."""
    await person.type_text("/ticket token")
    return await wait_for_text(slack, person, "", title="Tokens")


async def wait_for_text(slack: Workspace, person: Person, text: str, *, title: str) -> Modal:
    def page() -> Modal | None:
        modal = person.modal
        ready = modal and "One moment" not in modal.visible_text and text in modal.visible_text
        return modal if ready and modal and modal.title == title else None

    found = await slack.wait_until(page, waiting_for=f"{title} to say {text!r}")
    assert found
    return found


@pytest.mark.fault("F81")
async def test_a_token_is_shown_once_listed_and_revoked(world: World) -> None:
    slack, ada = world.slack, world.personas.ada
    assert "There are no tokens" in (await open_token_form(slack, ada)).visible_text
    await ada.fill("Name", "nightly *report*")
    await ada.fill("What it opens", ["tickets:read", "tickets:write"])
    await ada.fill("How long it counts", "7 days")

    await ada.submit_modal()

    page = await wait_for_text(slack, ada, "shown this once", title="Your token")
    [token] = re.findall(r"eyJ[\w.-]+", page.visible_text)
    assert f"{world.environment['PUBLIC_URL']}/api/docs" in page.visible_text
    again = await slack.resend(slack.traffic_log.deliveries("view_submission")[-1])
    assert token in str(again.body)
    [record] = await world.find_documents("tokens")
    assert (record["slack_id"], record["scopes"]) == (ada.id, ["tickets:read", "tickets:write"])
    assert await issued_and_revoked(world) == ["issued token"]
    assert token not in str(await world.find_documents("audit")) + world.bot.current_run_log

    await ada.close_modal()
    listed = await open_token_form(slack, ada)
    assert "nightly *report*" in listed.visible_text
    assert token not in listed.visible_text
    await ada.click(listed, "Revoke")
    await wait_for_text(slack, ada, "There are no tokens", title="Tokens")
    assert (await world.find_documents("tokens"))[0]["revoked_by"] == ada.id
    assert await issued_and_revoked(world) == ["issued token", "revoked token"]


async def issued_and_revoked(world: World) -> list[str]:
    """What was done, the oldest first."""
    return [
        act["what"] for act in sorted(await world.find_documents("audit"), key=lambda a: a["at"])
    ]


async def test_an_admin_revokes_anybodys_token_and_reads_what_was_done(world: World) -> None:
    slack, ada, grace = world.slack, world.personas.ada, world.personas.grace
    await open_token_form(slack, ada)
    await ada.fill("Name", "nightly")
    await ada.submit_modal()
    await set_role_and_skills(slack, grace, ada, role="Moderator", skills=["vpn"])
    await open_member_form(slack, grace)
    await grace.fill("Person", ada.id)
    form = grace.modal
    assert form

    await grace.click(form, "Their tokens")
    page = await wait_for_text(slack, grace, "nightly", title="Tokens")
    await grace.click(page, "Revoke")
    await wait_for_text(slack, grace, "There are no tokens", title="Tokens")
    await grace.close_modal()
    await grace.click(form, "What was done")

    log = (await wait_for_text(slack, grace, "", title="What was done")).visible_text
    first, *_, last = (line for line in log.splitlines() if "@" in line)
    assert "@Grace Hopper revoked token, @Ada Lovelace" in first
    assert "@Ada Lovelace issued token, @Ada Lovelace" in last
    assert "role: user → moderator; skills: none → vpn" in log


async def test_who_leaves_slack_hands_back_their_tickets_at_once(world: World) -> None:
    slack, cast = world.slack, world.personas
    zoe = slack.add_person("zoe", real_name="Zoe Ash", email="zoe@acme.example")
    await set_role_and_skills(slack, cast.grace, zoe, role="Moderator", skills=["vpn"])
    await open_ticket(cast.ada, "VPN is down")
    offered = await zoe.wait_for_message("Offered to you")
    await zoe.click(offered, "Claim")
    claimed = await zoe.wait_for_message("You have it")

    slack.deactivate(zoe)

    assert await cast.grace.wait_for_message("Offered to you")
    await zoe.click(claimed, "Resolve")
    await zoe.wait_for_ephemeral("T-1")
    [ticket] = await world.find_documents("tickets")
    assert (ticket["status"], ticket["assignee"]) == ("offered", cast.grace.id)
    told = slack.traffic_log.deliveries("user_change")[-1]
    assert (await slack.resend(told)).ok
    acts = [act for act in await world.find_documents("audit") if act["to"] == zoe.id]
    assert [act["what"] for act in acts].count("changed account") == 1


async def test_the_bot_can_be_entered_as_the_request_url_of_events(world: World) -> None:
    assert await world.slack.verify_url()


async def test_a_guest_opens_tickets_and_gets_no_role(world: World) -> None:
    slack, grace = world.slack, world.personas.grace
    guest = slack.add_person("vic", real_name="Vic Guest", email="vic@else.example", guest=True)
    await open_ticket(guest, "VPN is down")
    await open_member_form(slack, grace)
    await grace.fill("Person", guest.id)
    await grace.fill("Role", "Moderator")

    await grace.submit_modal()

    assert grace.modal
    assert "can only be users" in grace.modal.errors["Role"]
