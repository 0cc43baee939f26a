"""Admins are alerted once to failed steps and retry them; the doctor and metrics say the same."""

import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from aiohttp import ClientSession

from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.services.mail_server import MailFault
from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Modal
from sandbox.slack.workspace import Workspace
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import (
    open_settings,
    open_ticket,
    set_role_and_skills,
    wait_for_tickets_with_field,
    wait_until_no_pending_steps,
)

HEALTH = "System health"


async def open_health_page(slack: Workspace, admin: Person) -> Modal:
    """Open the page, and wait for the results of all checks."""
    await open_settings(slack, admin)
    assert admin.modal
    await admin.click(admin.modal, HEALTH)
    return await wait_for_health_page(slack, admin, "MongoDB")


async def wait_for_health_page(slack: Workspace, admin: Person, text: str) -> Modal:
    def page() -> Modal | None:
        modal = admin.modal
        fits = modal and modal.title == HEALTH and text in modal.visible_text
        return modal if fits else None

    modal = await slack.wait_until(
        page, timeout_seconds=20, waiting_for=f"the page to say {text!r}"
    )
    assert modal
    return modal


@pytest.mark.fault("F72")
async def test_failed_steps_alert_once_and_are_retried(world: World, personas: Personas) -> None:
    world.mail.add_fault(MailFault.NO_SUCH_MAILBOX)
    numbers = [await open_ticket(personas.ada, f"VPN is down for the {n}th time") for n in range(3)]
    alarm = await personas.grace.wait_for_message("the e-mail to the moderator failed")
    assert "the mail server answered 550" in alarm.visible_text
    await wait_for_tickets_with_field(world, "dead", 3)

    page = await open_health_page(world.slack, personas.grace)
    assert "Failed: the e-mail to the moderator for 3 tickets" in page.visible_text
    assert all(number in page.visible_text for number in numbers)
    assert [
        card for card in personas.grace.messages if "will not be retried" in card.visible_text
    ] == [alarm]
    assert not any("will not be retried" in m.visible_text for m in personas.bob.messages)

    world.mail.clear_faults()
    await personas.grace.click(page, "Retry one ticket", value=numbers[1])
    [first] = await world.mail.wait_until(lambda: world.mail.inbox, timeout_seconds=30)
    assert numbers[1] in first.subject
    page = await wait_for_health_page(world.slack, personas.grace, f"for {numbers[1]}")
    assert "Failed: the e-mail to the moderator for 2 tickets" in page.visible_text
    assert await world.find_documents("alarms")

    await personas.grace.click(page, "Try again")
    await world.mail.wait_until(lambda: len(world.mail.inbox) == len(numbers), timeout_seconds=30)
    after = await wait_for_health_page(world.slack, personas.grace, "for 2 tickets")
    assert "Trying again" in after.visible_text
    assert not await world.find_documents("alarms")
    audit = await world.find_documents("audit")
    retries = [entry for entry in audit if entry["what"] == "tried again"]
    assert sorted(n for entry in retries for n in entry["after"]["tickets"]) == sorted(numbers)


@pytest.mark.fault("F27")
@HTTP_ONLY
async def test_quarantined_ticket_continues_after_its_repair(
    world: World, personas: Personas
) -> None:
    await world.worker.kill()
    number = await open_ticket(personas.ada, "VPN is down")
    await world.redis.flushdb()
    await world.database.tickets.update_one({"_id": number}, {"$rename": {"title": "tittle"}})
    await world.worker.start()
    await wait_for_tickets_with_field(world, "set_aside", 1)

    page = await open_health_page(world.slack, personas.grace)
    assert f"Quarantined tickets: {number}" in page.visible_text

    await world.database.tickets.update_one({"_id": number}, {"$rename": {"tittle": "title"}})
    await personas.grace.click(page, "Try again")
    assert await personas.bob.wait_for_message("VPN is down", timeout_seconds=20)
    page = await wait_for_health_page(world.slack, personas.grace, "1 ticket")
    assert "Failed steps: none." in page.visible_text


@HTTP_ONLY
async def test_page_names_each_failure_and_its_remedy(world: World, personas: Personas) -> None:
    healthy = (await open_health_page(world.slack, personas.grace)).visible_text
    assert "workspace Acme" in healthy
    assert "all granted" in healthy
    assert "gemini-2.5-flash-lite" in healthy
    assert "accepts e-mail" in healthy
    assert "Slack's requests: arrive, by HTTP" in healthy
    await personas.grace.close_modal()
    await personas.grace.close_modal()

    world.gemini.respond_with_error(403)
    world.mail.stop_listening()
    await world.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        broken = (await open_health_page(world.slack, personas.grace)).visible_text
    finally:
        await world.redis.config_set("maxmemory-policy", "noeviction")
        await world.mail.start_listening()

    assert "check key and model" in broken
    assert "the mail server could not be reached → Check the SMTP_… settings." in broken
    assert "Set maxmemory-policy to noeviction" in broken


@HTTP_ONLY
async def test_page_says_when_no_worker_runs(world: World, personas: Personas) -> None:
    await world.worker.stop()
    await world.redis.flushdb()

    page = await open_health_page(world.slack, personas.grace)

    assert "no worker answered" in page.visible_text
    assert "Start one: arq jobs.worker.WorkerSettings" in page.visible_text


@pytest.mark.fault("F83")
@HTTP_ONLY
async def test_moderator_cannot_retry_steps(world: World, personas: Personas) -> None:
    world.mail.add_fault(MailFault.NO_SUCH_MAILBOX)
    await open_ticket(personas.ada, "VPN is down")
    await wait_for_tickets_with_field(world, "dead", 1)
    await open_health_page(world.slack, personas.grace)
    [*_, click] = world.slack.traffic_log.deliveries("block_actions")
    retry = {"type": "button", "action_id": "replay_steps", "value": "email_assignee"}
    bob = {"id": personas.bob.id, "team_id": personas.bob.member.team_id}
    forged = world.slack.entry_payload(click) | {"user": bob, "actions": [retry]}

    assert (await personas.bob.actor.send_interaction(forged)).ok

    assert await world.database.tickets.count_documents({"dead": {"$exists": True}}) == 1
    assert "replay_steps" not in world.bot.log


@HTTP_ONLY
async def test_doctor_prints_the_same_checks(world: World, personas: Personas) -> None:
    # The fixture emptied Redis, and with it the heartbeat of the worker.
    await world.worker.stop()
    await world.worker.start()
    code, output = await run_doctor(world)
    assert (code, "BROKEN" in output) == (0, False), output
    for line in (
        "Slack: workspace Acme",
        "Slack scopes: all granted",
        "clock: ",
        "MongoDB indexes: all present",
        "Redis: ",
        "worker: at least one worker is running",
        "circuit breakers: all closed",
        "Gemini: gemini-2.5-flash-lite",
        "e-mail: 127.0.0.1 accepts e-mail",
        "bot: ready",
        "bot at PUBLIC_URL: ready",
        "Slack's requests: reach the bot",
    ):
        assert f"ok      {line}" in output, line

    world.mail.stop_listening()
    try:
        code, output = await run_doctor(world)
    finally:
        await world.mail.start_listening()
    assert code == 1
    assert "BROKEN  e-mail: the mail server could not be reached\n        → Check" in output


@pytest.mark.parametrize("running_world", ["socket"], indirect=True)
async def test_doctor_checks_the_socket_mode_token(world: World) -> None:
    code, output = await run_doctor(world)
    assert "ok      Socket Mode: connected" in output

    broken = world.environment | {"SLACK_APP_TOKEN": "xapp-1-wrong"}
    code, output = await run_doctor(world, broken)
    assert code == 1
    assert "BROKEN  Socket Mode: apps.connections.open: invalid_auth" in output
    assert "→ Check SLACK_APP_TOKEN" in output

    await world.bot.stop()
    _, output = await run_doctor(world)
    assert "BROKEN  Socket Mode: the token is valid, but no bot is connected" in output


@HTTP_ONLY
async def test_doctor_names_variables_that_count_no_longer(world: World, tmp_path: Path) -> None:
    variables = {
        "GEMINI_SHADOW_PROMPT": str(tmp_path / "removed.md"),
        "FLOOR_WORDS": "payroll=high",
    }

    _, output = await run_doctor(world, world.environment | variables)

    assert "ok      environment: FLOOR_WORDS, GEMINI_SHADOW_PROMPT count no longer" in output
    _, output = await run_doctor(world)
    assert "count no longer" not in output


@HTTP_ONLY
async def test_doctor_notices_a_wrong_public_url(world: World, personas: Personas) -> None:
    environment = world.environment | {"PUBLIC_URL": world.slack.api_url}

    code, output = await run_doctor(world, environment)

    assert code == 1
    assert "BROKEN  Slack's requests: reach another server, which answers " in output
    assert "→ Check PUBLIC_URL" in output


@HTTP_ONLY
async def test_bot_metrics_count_tickets_and_steps(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    await personas.bob.wait_for_message("Offered to you")
    await wait_until_no_pending_steps(world)

    metrics = await fetch_metrics(world.bot_url)

    assert 'frontdesk_tickets{status="offered"} 1.0' in metrics
    assert 'frontdesk_tickets{status="resolved"} 0.0' in metrics
    assert 'frontdesk_dead_steps{step="dm_assignee"} 0.0' in metrics
    assert 'frontdesk_breaker_open{service="slack"} 0.0' in metrics
    assert (
        'frontdesk_outside_seconds_count{call="views.open",outcome="ok",service="slack"}' in metrics
    )
    assert "VPN" not in metrics


async def test_metrics_count_outcomes_of_steps_and_calls_and_waiting_times(
    servers: DatabaseServers,
) -> None:
    port = str(find_free_port())
    async with World(servers=servers, env_by_process={"worker": {"METRICS_PORT": port}}) as world:
        bob = world.personas.bob
        await set_role_and_skills(
            world.slack, world.personas.grace, bob, role="Moderator", skills=["vpn"]
        )
        world.mail.add_fault(MailFault.GREYLIST, times=1)
        await open_ticket(world.personas.ada, "VPN is down")
        await world.mail.wait_until(lambda: world.mail.inbox)
        await bob.click(await bob.wait_for_message("Offered to you"), "Claim")
        await wait_until_no_pending_steps(world)

        worker = await fetch_metrics(f"http://127.0.0.1:{port}")
        bot = await fetch_metrics(world.bot_url)

    calls = "frontdesk_outside_seconds_count"
    for line in (
        'frontdesk_steps_total{outcome="done",step="triage_ticket"} 1.0',
        'frontdesk_steps_total{outcome="later",step="email_assignee"} 1.0',
        'frontdesk_steps_total{outcome="done",step="email_assignee"} 1.0',
        "frontdesk_offer_seconds_count 1.0",
        f'{calls}{{call="send",outcome="NotNow",service="smtp"}} 1.0',
        f'{calls}{{call="send",outcome="ok",service="smtp"}} 1.0',
        f'{calls}{{call="generateContent",outcome="ok",service="gemini"}} 1.0',
        f'{calls}{{call="chat.postMessage",outcome="ok",service="slack"}} ',
    ):
        assert line in worker, line
    assert "frontdesk_claim_seconds_count 1.0" in bot
    assert "frontdesk_queue_age_seconds 0.0" in bot


async def fetch_metrics(url: str) -> str:
    async with ClientSession() as http, http.get(f"{url}/metrics") as response:
        return await response.text()


async def run_doctor(world: World, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code and the output, in this environment or in the one of the world."""
    process = await create_subprocess_exec(
        *(sys.executable, "-m", "jobs.doctor", "doctor"),
        cwd=world.folder,
        env=environment or world.environment,
        stdout=PIPE,
        stderr=STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()
