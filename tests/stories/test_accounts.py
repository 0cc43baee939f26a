"""Accounts: a token is issued, seen once, revoked; what was done can be read; people leave."""

import re

import pytest

from sandbox.slack.person import Person
from sandbox.slack.seen import Modal
from sandbox.slack.workspace import Workspace
from sandbox.world import World
from tests.stories.acts import gives, opens_team, opens_ticket
from tests.stories.conftest import HTTP_ONLY

pytestmark = HTTP_ONLY


async def opens_tokens(slack: Workspace, person: Person) -> Modal:
    """Type `/ticket token`, and wait for the form."""
    await person.types("/ticket token")
    return await sees(slack, person, "", title="Tokens")


async def sees(slack: Workspace, person: Person, text: str, *, title: str) -> Modal:
    def page() -> Modal | None:
        modal = person.modal
        ready = modal and "One moment" not in modal.says and text in modal.says
        return modal if ready and modal and modal.title == title else None

    found = await slack.until(page, waiting_for=f"{title} to say {text!r}")
    assert found
    return found


@pytest.mark.fault("F81")
async def test_a_token_is_shown_once_listed_and_revoked(world: World) -> None:
    slack, ada = world.slack, world.cast.ada
    assert "There are no tokens" in (await opens_tokens(slack, ada)).says
    await ada.fills("Name", "nightly *report*")
    await ada.fills("What it opens", ["tickets:read", "tickets:write"])
    await ada.fills("How long it counts", "7 days")

    await ada.submits()

    page = await sees(slack, ada, "shown this once", title="Your token")
    [token] = re.findall(r"eyJ[\w.-]+", page.says)
    assert f"{world.environment['PUBLIC_URL']}/api/docs" in page.says
    again = await slack.redeliver(slack.journal.deliveries("view_submission")[-1])
    assert token in str(again.body)
    [record] = await world.documents("tokens")
    assert (record["slack_id"], record["scopes"]) == (ada.id, ["tickets:read", "tickets:write"])
    assert await issued_and_revoked(world) == ["issued token"]
    assert token not in str(await world.documents("audit")) + world.bot.log_of_this_run

    await ada.closes()
    listed = await opens_tokens(slack, ada)
    assert "nightly *report*" in listed.says
    assert token not in listed.says
    await ada.clicks(listed, "Revoke")
    await sees(slack, ada, "There are no tokens", title="Tokens")
    assert (await world.documents("tokens"))[0]["revoked_by"] == ada.id
    assert await issued_and_revoked(world) == ["issued token", "revoked token"]


async def issued_and_revoked(world: World) -> list[str]:
    """What was done, the oldest first."""
    return [act["what"] for act in sorted(await world.documents("audit"), key=lambda a: a["at"])]


async def test_an_admin_revokes_anybodys_token_and_reads_what_was_done(world: World) -> None:
    slack, ada, grace = world.slack, world.cast.ada, world.cast.grace
    await opens_tokens(slack, ada)
    await ada.fills("Name", "nightly")
    await ada.submits()
    await gives(slack, grace, ada, role="Moderator", skills=["vpn"])
    await opens_team(slack, grace)
    await grace.fills("Person", ada.id)
    form = grace.modal
    assert form

    await grace.clicks(form, "Their tokens")
    page = await sees(slack, grace, "nightly", title="Tokens")
    await grace.clicks(page, "Revoke")
    await sees(slack, grace, "There are no tokens", title="Tokens")
    await grace.closes()
    await grace.clicks(form, "What was done")

    log = (await sees(slack, grace, "", title="What was done")).says
    first, *_, last = (line for line in log.splitlines() if "@" in line)
    assert "@Grace Hopper revoked token, @Ada Lovelace" in first
    assert "@Ada Lovelace issued token, @Ada Lovelace" in last
    assert "role: user → moderator; skills: none → vpn" in log


async def test_who_leaves_slack_hands_back_their_tickets_at_once(world: World) -> None:
    slack, cast = world.slack, world.cast
    zoe = slack.add_person("zoe", real_name="Zoe Ash", email="zoe@acme.example")
    await gives(slack, cast.grace, zoe, role="Moderator", skills=["vpn"])
    await opens_ticket(cast.ada, "VPN is down")
    offered = await zoe.gets_message("Offered to you")
    await zoe.clicks(offered, "Claim")
    claimed = await zoe.gets_message("You have it")

    slack.deactivate(zoe)

    assert await cast.grace.gets_message("Offered to you")
    await zoe.clicks(claimed, "Resolve")
    await zoe.gets_whisper("T-1")
    [ticket] = await world.documents("tickets")
    assert (ticket["status"], ticket["assignee"]) == ("offered", cast.grace.id)
    told = slack.journal.deliveries("user_change")[-1]
    assert (await slack.redeliver(told)).ok
    acts = [act for act in await world.documents("audit") if act["to"] == zoe.id]
    assert [act["what"] for act in acts].count("changed account") == 1


async def test_the_bot_can_be_entered_as_the_request_url_of_events(world: World) -> None:
    assert await world.slack.verify_url()


async def test_a_guest_opens_tickets_and_gets_no_role(world: World) -> None:
    slack, grace = world.slack, world.cast.grace
    guest = slack.add_person("vic", real_name="Vic Guest", email="vic@else.example", guest=True)
    await opens_ticket(guest, "VPN is down")
    await opens_team(slack, grace)
    await grace.fills("Person", guest.id)
    await grace.fills("Role", "Moderator")

    await grace.submits()

    assert grace.modal
    assert "never more than users" in grace.modal.errors["Role"]
