"""Members create and revoke API tokens, admins read the audit log, and a member leaves Slack."""

import re

import pytest

from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Modal
from sandbox.slack.workspace import Workspace
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import (
    open_admin_form,
    open_member_form,
    open_ticket,
    set_role_and_skills,
)

pytestmark = HTTP_ONLY


async def open_token_form(slack: Workspace, person: Person) -> Modal:
    """Type `/ticket token`, and wait for the form."""
    await person.type_text("/ticket token")
    return await wait_for_text(slack, person, "", title="API tokens")


async def wait_for_text(slack: Workspace, person: Person, text: str, *, title: str) -> Modal:
    def page() -> Modal | None:
        modal = person.modal
        ready = modal and "One moment" not in modal.visible_text and text in modal.visible_text
        return modal if ready and modal and modal.title == title else None

    modal = await slack.wait_until(page, waiting_for=f"{title} to say {text!r}")
    assert modal
    return modal


@pytest.mark.fault("F81")
async def test_token_is_shown_once_listed_and_revoked(world: World) -> None:
    slack, ada = world.slack, world.personas.ada
    assert "No active tokens" in (await open_token_form(slack, ada)).visible_text
    await ada.fill("Name", "nightly *report*")
    await ada.fill("Scopes", ["tickets:read", "tickets:write"])
    await ada.fill("Expires in", "7 days")

    await ada.submit_modal()

    page = await wait_for_text(slack, ada, "shown only once", title="Your API token")
    [token] = re.findall(r"eyJ[\w.-]+", page.visible_text)
    assert f"{world.environment['PUBLIC_URL']}/api/docs" in page.visible_text
    repeated = await slack.resend(slack.traffic_log.deliveries("view_submission")[-1])
    assert token in str(repeated.body)
    [record] = await world.find_documents("tokens")
    assert (record["slack_id"], record["scopes"]) == (ada.id, ["tickets:read", "tickets:write"])
    assert await audit_verbs(world) == ["issued token"]
    assert token not in str(await world.find_documents("audit")) + world.bot.current_run_log

    await ada.close_modal()
    form = await open_token_form(slack, ada)
    assert "nightly *report*" in form.visible_text
    assert token not in form.visible_text
    await ada.click(form, "Revoke")
    await wait_for_text(slack, ada, "No active tokens", title="API tokens")
    assert (await world.find_documents("tokens"))[0]["revoked_by"] == ada.id
    assert await audit_verbs(world) == ["issued token", "revoked token"]


async def audit_verbs(world: World) -> list[str]:
    """The verbs of the audit log, oldest first."""
    entries = await world.find_documents("audit")
    return [entry["what"] for entry in sorted(entries, key=lambda entry: entry["at"])]


async def test_admin_revokes_a_members_token_and_reads_the_audit_log(world: World) -> None:
    slack, ada, grace = world.slack, world.personas.ada, world.personas.grace
    await open_token_form(slack, ada)
    await ada.fill("Name", "nightly")
    await ada.submit_modal()
    await set_role_and_skills(slack, grace, ada, role="Moderator", skills=["vpn"])
    await open_member_form(slack, grace)
    await grace.fill("Person", ada.id)
    form = grace.modal
    assert form

    await grace.click(form, "API tokens")
    page = await wait_for_text(slack, grace, "nightly", title="API tokens")
    await grace.click(page, "Revoke")
    await wait_for_text(slack, grace, "No active tokens", title="API tokens")
    await grace.close_modal()
    assert grace.modal
    await grace.click(grace.modal, "All settings")
    await wait_for_text(slack, grace, "", title="Settings")
    await grace.close_modal()
    await open_admin_form(world, grace, "Audit log")

    log = (await wait_for_text(slack, grace, "", title="Audit log")).visible_text
    first, *_, last = (line for line in log.splitlines() if "@" in line)
    assert "@Grace Hopper revoked token, @Ada Lovelace" in first
    assert "@Ada Lovelace issued token, @Ada Lovelace" in last
    assert "role: user → moderator; skills: none → vpn" in log


async def test_tickets_of_a_deactivated_member_are_reassigned_at_once(world: World) -> None:
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
    await zoe.wait_for_ephemeral("you cannot see it")
    [ticket] = await world.find_documents("tickets")
    assert (ticket["status"], ticket["assignee"]) == ("offered", cast.grace.id)
    delivery = slack.traffic_log.deliveries("user_change")[-1]
    assert (await slack.resend(delivery)).ok
    entries = [entry for entry in await world.find_documents("audit") if entry["to"] == zoe.id]
    assert [entry["what"] for entry in entries].count("changed account") == 1


async def test_bot_answers_the_check_of_its_request_url(world: World) -> None:
    assert await world.slack.verify_url()


async def test_guest_opens_tickets_and_gets_no_role(world: World) -> None:
    slack, grace = world.slack, world.personas.grace
    guest = slack.add_person("vic", real_name="Vic Guest", email="vic@else.example", guest=True)
    await open_ticket(guest, "VPN is down")
    await open_member_form(slack, grace)
    await grace.fill("Person", guest.id)
    await grace.fill("Role", "Moderator")

    await grace.submit_modal()

    assert grace.modal
    assert "can only be users" in grace.modal.errors["Role"]
