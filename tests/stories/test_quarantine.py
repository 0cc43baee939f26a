"""A ticket that can't be worked on is set aside with its reason; the others go on."""

import json
from typing import Any

import pytest

from sandbox.services.mail_server import MailFault
from sandbox.slack.state.faults import Fault
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import expire_leases, open_ticket, wait_until_no_pending_steps

SECRET = "swordfish in the text"


@pytest.mark.fault("F27", "F92")
@HTTP_ONLY
async def test_a_poisoned_ticket_does_not_stop_the_others(world: World, personas: Personas) -> None:
    await world.worker.kill()
    await open_ticket(personas.ada, "VPN is down", description=SECRET)
    await open_ticket(personas.ada, "Okta is down too")
    await world.redis.flushdb()  # so that the sweep has to find both
    await world.database.tickets.update_one({"_id": "T-1"}, {"$unset": {"title": 1}})
    await world.worker.start()

    assert await personas.bob.wait_for_message("Okta is down too", timeout_seconds=20)
    said = [one for one in lines(world.worker.current_run_log) if "set aside" in one["message"]]
    assert {one["ticket"] for one in said} == {"T-1"}
    assert world.worker.is_alive
    assert SECRET not in world.worker.log + world.bot.log


def lines(log: str) -> list[dict[str, Any]]:
    """What a process has logged: lines of JSON, but for what arq says before the desk is open."""
    said = log.splitlines()
    first = next(at for at, line in enumerate(said) if line.startswith("{"))
    return [json.loads(line) for line in said[first:]]


@HTTP_ONLY
async def test_one_id_is_on_every_line_about_a_ticket_in_bot_jobs_and_mail(
    world: World, personas: Personas
) -> None:
    began = len(world.bot.current_run_log), len(world.worker.current_run_log)
    world.slack.faults.add("chat.postMessage", Fault(status=500), times=1)
    world.mail.add_fault(MailFault.GREYLIST, times=1)
    number = await open_ticket(personas.ada, "VPN is down")
    await personas.bob.click(await personas.bob.wait_for_message("Offered to you"), "Claim")
    await wait_until_no_pending_steps(world)

    logs = world.bot.current_run_log[began[0] :], world.worker.current_run_log[began[1] :]
    bot, worker = map(lines, logs)
    about = [line for line in bot + worker if line.get("ticket") == number]
    assert [line for line in bot + worker if number in line["message"] and line not in about] == []
    assert any(line["message"] == f"{number}: opened" for line in about if line in bot)
    assert any(line["message"] == f"{number}: email_assignee is done" for line in about)
    assert any("email_assignee will be retried" in line["message"] for line in about)


@pytest.mark.fault("F92")
@HTTP_ONLY
async def test_nothing_that_people_wrote_is_logged(world: World, personas: Personas) -> None:
    world.gemini.respond_with_text(SECRET)
    number = await open_ticket(personas.ada, SECRET, description=SECRET)
    card = await personas.grace.wait_for_message(number)
    await personas.grace.click(card, "Decline")
    await expire_leases(world)
    await personas.grace.wait_for_message("Offered to you")

    logs = world.worker.log + world.bot.log
    assert SECRET not in logs
    for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "JWT_SECRET", "GEMINI_API_KEY"):
        assert world.environment[name] not in logs
