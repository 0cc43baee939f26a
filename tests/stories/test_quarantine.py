"""A ticket with a corrupt document is quarantined, and logs hold ids but no texts."""

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
async def test_corrupt_ticket_does_not_stop_the_others(world: World, personas: Personas) -> None:
    await world.worker.kill()
    await open_ticket(personas.ada, "VPN is down", description=SECRET)
    await open_ticket(personas.ada, "Okta is down too")
    await world.redis.flushdb()  # now only the sweep can find both
    await world.database.tickets.update_one({"_id": "T-1"}, {"$unset": {"title": 1}})
    await world.worker.start()

    assert await personas.bob.wait_for_message("Okta is down too", timeout_seconds=20)
    entries = [e for e in lines(world.worker.current_run_log) if "quarantined" in e["message"]]
    assert {entry["ticket"] for entry in entries} == {"T-1"}
    assert world.worker.is_alive
    assert SECRET not in world.worker.log + world.bot.log


def lines(log: str) -> list[dict[str, Any]]:
    """The JSON lines of a log; arq writes other lines before the worker sets up its log."""
    all_lines = log.splitlines()
    first = next(n for n, line in enumerate(all_lines) if line.startswith("{"))
    return [json.loads(line) for line in all_lines[first:]]


@HTTP_ONLY
async def test_every_log_line_about_a_ticket_has_its_id(world: World, personas: Personas) -> None:
    starts = len(world.bot.current_run_log), len(world.worker.current_run_log)
    world.slack.faults.add("chat.postMessage", Fault(status=500), times=1)
    world.mail.add_fault(MailFault.GREYLIST, times=1)
    number = await open_ticket(personas.ada, "VPN is down")
    await personas.bob.click(await personas.bob.wait_for_message("Offered to you"), "Claim")
    await wait_until_no_pending_steps(world)

    logs = world.bot.current_run_log[starts[0] :], world.worker.current_run_log[starts[1] :]
    bot, worker = map(lines, logs)
    about = [line for line in bot + worker if line.get("ticket") == number]
    assert [line for line in bot + worker if number in line["message"] and line not in about] == []
    assert any(line["message"] == f"{number}: opened" for line in about if line in bot)
    assert any(line["message"] == f"{number}: email_assignee is done" for line in about)
    assert any("email_assignee will be retried" in line["message"] for line in about)


@pytest.mark.fault("F92")
@HTTP_ONLY
async def test_logs_hold_no_texts_and_no_secrets(world: World, personas: Personas) -> None:
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
