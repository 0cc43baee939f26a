"""An admin sees what was given up, is told once, and has it tried again."""

import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE, STDOUT

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
    open_member_form,
    open_ticket,
    set_role_and_skills,
    wait_for_tickets_with_field,
    wait_until_no_pending_steps,
)

HEALTH = "Is the desk well?"


async def looks(slack: Workspace, admin: Person) -> Modal:
    """Open the page, and wait until everything was looked at."""
    await open_member_form(slack, admin)
    assert admin.modal
    await admin.click(admin.modal, HEALTH)
    return await examined(slack, admin, "MongoDB")


async def examined(slack: Workspace, admin: Person, wanted: str) -> Modal:
    def page() -> Modal | None:
        modal = admin.modal
        fits = modal and modal.title == HEALTH and wanted in modal.visible_text
        return modal if fits else None

    found = await slack.wait_until(
        page, timeout_seconds=20, waiting_for=f"the page to say {wanted!r}"
    )
    assert found
    return found


@pytest.mark.fault("F72")
async def test_what_is_given_up_is_told_once_and_tried_again(
    world: World, personas: Personas
) -> None:
    world.mail.add_fault(MailFault.NO_SUCH_MAILBOX)
    numbers = [await open_ticket(personas.ada, f"VPN is down for the {n}th time") for n in range(3)]
    alarm = await personas.grace.wait_for_message("the e-mail to the moderator failed")
    assert "the mail server answered 550" in alarm.visible_text
    await wait_for_tickets_with_field(world, "dead", 3)

    page = await looks(world.slack, personas.grace)
    assert "Given up: the e-mail to the moderator for 3 tickets" in page.visible_text
    assert all(number in page.visible_text for number in numbers)
    assert [m for m in personas.grace.messages if "will not be retried" in m.visible_text] == [alarm]
    assert not any("will not be retried" in m.visible_text for m in personas.bob.messages)

    world.mail.clear_faults()
    await personas.grace.click(page, "Try one of them", value=numbers[1])
    [first] = await world.mail.wait_until(lambda: world.mail.inbox, timeout_seconds=30)
    assert numbers[1] in first.subject
    page = await examined(world.slack, personas.grace, f"for {numbers[1]}")
    assert "Given up: the e-mail to the moderator for 2 tickets" in page.visible_text
    assert await world.find_documents("alarms")

    await personas.grace.click(page, "Try again")
    await world.mail.wait_until(lambda: len(world.mail.inbox) == len(numbers), timeout_seconds=30)
    after = await examined(world.slack, personas.grace, "for 2 tickets")
    assert "Trying again" in after.visible_text
    assert not await world.find_documents("alarms")
    acts = [act for act in await world.find_documents("audit") if act["what"] == "tried again"]
    assert sorted(n for act in acts for n in act["after"]["tickets"]) == sorted(numbers)


@pytest.mark.fault("F27")
@HTTP_ONLY
async def test_a_damaged_ticket_goes_on_once_it_is_repaired(
    world: World, personas: Personas
) -> None:
    await world.worker.kill()
    number = await open_ticket(personas.ada, "VPN is down")
    await world.redis.flushdb()
    await world.database.tickets.update_one({"_id": number}, {"$rename": {"title": "tittle"}})
    await world.worker.start()
    await wait_for_tickets_with_field(world, "set_aside", 1)

    page = await looks(world.slack, personas.grace)
    assert f"Damaged, and set aside: {number}" in page.visible_text

    await world.database.tickets.update_one({"_id": number}, {"$rename": {"tittle": "title"}})
    await personas.grace.click(page, "Try again")
    assert await personas.bob.wait_for_message("VPN is down", timeout_seconds=20)
    assert (
        "Nothing has been given up"
        in (await examined(world.slack, personas.grace, "1 ticket")).visible_text
    )


@HTTP_ONLY
async def test_the_page_names_what_is_broken_and_what_to_do(
    world: World, personas: Personas
) -> None:
    well = (await looks(world.slack, personas.grace)).visible_text
    assert "workspace Acme" in well
    assert "all granted" in well
    assert "gemini-2.5-flash-lite" in well
    assert "accepts e-mail" in well
    assert "Slack's requests: arrive, by HTTP" in well
    await personas.grace.close_modal()
    await personas.grace.close_modal()

    world.gemini.respond_with_error(403)
    world.mail.stop_listening()
    await world.redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        ill = (await looks(world.slack, personas.grace)).visible_text
    finally:
        await world.redis.config_set("maxmemory-policy", "noeviction")
        await world.mail.start_listening()

    assert "check key and model" in ill
    assert "the mail server could not be reached → Check the SMTP_… settings." in ill
    assert "Set maxmemory-policy to noeviction" in ill


@HTTP_ONLY
async def test_without_a_worker_the_page_says_so(world: World, personas: Personas) -> None:
    await world.worker.stop()
    await world.redis.flushdb()

    page = await looks(world.slack, personas.grace)

    assert "no worker answered" in page.visible_text
    assert "Start one: arq jobs.worker.WorkerSettings" in page.visible_text


@pytest.mark.fault("F83")
@HTTP_ONLY
async def test_who_is_no_admin_replays_nothing(world: World, personas: Personas) -> None:
    world.mail.add_fault(MailFault.NO_SUCH_MAILBOX)
    await open_ticket(personas.ada, "VPN is down")
    await wait_for_tickets_with_field(world, "dead", 1)
    await looks(world.slack, personas.grace)
    [*_, pressed] = world.slack.traffic_log.deliveries("block_actions")
    again = {"type": "button", "action_id": "replay_steps", "value": "email_assignee"}
    bob = {"id": personas.bob.id, "team_id": personas.bob.member.team_id}
    forged = world.slack.entry_payload(pressed) | {"user": bob, "actions": [again]}

    assert (await personas.bob.actor.send_interaction(forged)).ok

    assert await world.database.tickets.count_documents({"dead": {"$exists": True}}) == 1
    assert "replay_steps" not in world.bot.log


@HTTP_ONLY
async def test_the_doctor_says_the_same_in_a_terminal(world: World, personas: Personas) -> None:
    # Its sign of life went with all else in Redis when this story began.
    await world.worker.stop()
    await world.worker.start()
    code, said = await run_doctor(world)
    assert (code, "BROKEN" in said) == (0, False), said
    for line in (
        "Slack: workspace Acme",
        "Slack's scopes: all granted",
        "clock: ",
        "MongoDB's indexes: all there",
        "Redis: ",
        "worker: seen in the last seconds",
        "circuit breakers: all closed",
        "Gemini: gemini-2.5-flash-lite",
        "e-mail: 127.0.0.1 accepts e-mail",
        "bot: ready",
        "bot at PUBLIC_URL: ready",
        "Slack's requests: reach the bot",
    ):
        assert f"ok      {line}" in said, line

    world.mail.stop_listening()
    try:
        code, said = await run_doctor(world)
    finally:
        await world.mail.start_listening()
    assert code == 1
    assert "BROKEN  e-mail: the mail server could not be reached\n        → Check" in said


@pytest.mark.parametrize("running_world", ["socket"], indirect=True)
async def test_the_doctor_tries_the_token_of_socket_mode(world: World) -> None:
    code, said = await run_doctor(world)
    assert "ok      Socket Mode: connected" in said

    broken = world.environment | {"SLACK_APP_TOKEN": "xapp-1-wrong"}
    code, said = await run_doctor(world, broken)
    assert code == 1
    assert "BROKEN  Socket Mode: apps.connections.open: invalid_auth" in said
    assert "→ Check SLACK_APP_TOKEN" in said

    await world.bot.stop()
    _, said = await run_doctor(world)
    assert "BROKEN  Socket Mode: the token is valid, but no bot is connected" in said


@HTTP_ONLY
async def test_what_stands_before_the_bot_is_noticed(world: World, personas: Personas) -> None:
    elsewhere = world.environment | {"PUBLIC_URL": world.slack.api_url}

    code, said = await run_doctor(world, elsewhere)

    assert code == 1
    assert "BROKEN  Slack's requests: reach another server, which answers " in said
    assert "→ Check PUBLIC_URL" in said


@HTTP_ONLY
async def test_prometheus_hears_of_tickets_and_steps(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    await personas.bob.wait_for_message("Offered to you")
    await wait_until_no_pending_steps(world)

    told = await measured(world.bot_url)

    assert 'frontdesk_tickets{status="offered"} 1.0' in told
    assert 'frontdesk_tickets{status="resolved"} 0.0' in told
    assert 'frontdesk_dead_steps{step="dm_assignee"} 0.0' in told
    assert 'frontdesk_breaker_open{service="slack"} 0.0' in told
    assert 'frontdesk_outside_seconds_count{call="views.open",outcome="ok",service="slack"}' in told
    assert "VPN" not in told


async def test_prometheus_hears_how_steps_and_calls_have_ended_and_how_long_people_waited(
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

        worker, bot = await measured(f"http://127.0.0.1:{port}"), await measured(world.bot_url)

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


async def measured(url: str) -> str:
    """What Prometheus is told there."""
    async with ClientSession() as http, http.get(f"{url}/metrics") as answer:
        return await answer.text()


async def run_doctor(world: World, told: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code, and what is printed; `told` is what it finds there instead of the usual."""
    ran = await create_subprocess_exec(
        *(sys.executable, "-m", "jobs.doctor", "doctor"),
        cwd=world.folder,
        env=told or world.environment,
        stdout=PIPE,
        stderr=STDOUT,
    )
    said, _ = await ran.communicate()
    return ran.returncode or 0, said.decode()
