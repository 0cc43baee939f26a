"""Slack, Gemini and the mail server fail, each in its own way."""

import asyncio

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.services.mail_server import MailFault
from sandbox.slack.state.faults import Fault
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.faults.probes import is_offer, posts_of_notice
from tests.faults.ticket_lifecycle import (
    TITLE,
    ProxiedWorld,
    claim_ticket,
    resolve_ticket,
    run_ticket_lifecycle,
    submit_ticket,
)
from tests.stories.user_actions import (
    open_ticket,
    wait_for_running_steps,
    wait_for_tickets_with_field,
    wait_until_no_pending_steps,
)

pytestmark = pytest.mark.long
OFFER = "T-1.offer.1"


async def failed_attempts(world: World) -> int:
    """The number of failed attempts of all pending steps."""
    tickets = await world.find_documents("tickets")
    return sum(step["attempts"] for ticket in tickets for step in ticket["pending"])


@pytest.mark.fault("F40")
async def test_rate_limit_delays_one_method_and_no_other(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    rate_limit = Fault(status=429, retry_after_seconds=5)
    world.slack.faults.add("chat.postMessage", rate_limit, times=1, request_filter=is_offer)

    await submit_ticket(proxied_world)
    await world.slack.wait_until(lambda: posts_of_notice(world, OFFER))
    await world.mail.wait_until(lambda: world.mail.inbox)
    assert len(posts_of_notice(world, OFFER)) == 1
    assert await failed_attempts(world) == 0
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()

    first, second = posts_of_notice(world, OFFER)
    assert second.at - first.at >= 5
    await check_invariants(world)


@pytest.mark.fault("F42")
async def test_message_posted_without_an_answer_is_not_sent_again(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    world.slack.faults.add(
        "chat.postMessage",
        Fault(hangs=True, fails_after_success=True),
        times=1,
        request_filter=is_offer,
    )

    await run_ticket_lifecycle(proxied_world)

    assert len(posts_of_notice(world, OFFER)) == 1
    await check_invariants(world)


@pytest.mark.fault("F43")
async def test_step_waits_while_the_search_for_its_message_fails(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    posted_with_error = Fault(error="internal_error", fails_after_success=True)
    world.slack.faults.add("chat.postMessage", posted_with_error, times=1, request_filter=is_offer)
    denied = Fault(status=429, retry_after_seconds=2)
    world.slack.faults.add("conversations.history", denied, times=2)

    await run_ticket_lifecycle(proxied_world)

    assert len(world.slack.traffic_log.api_calls("conversations.history")) == 3
    assert len(posts_of_notice(world, OFFER)) == 1
    await check_invariants(world)


@pytest.mark.fault("F44")
@pytest.mark.parametrize(
    "error", ["invalid_auth", "token_revoked", "account_inactive", "messages_tab_disabled"]
)
async def test_permanent_slack_error_is_dead_at_once_with_one_alert(
    proxied_world: ProxiedWorld, error: str
) -> None:
    world = proxied_world.world
    world.slack.faults.add("chat.postMessage", Fault(error=error), request_filter=is_offer)

    for number in range(2):
        await open_ticket(world.personas.ada, f"VPN is down, {number}")
    await wait_for_tickets_with_field(world, "dead", 2)
    alert = await world.personas.grace.wait_for_message("will not be retried")
    await world.mail.wait_until(lambda: len(world.mail.inbox) == 2)

    assert error in alert.visible_text
    assert [len(posts_of_notice(world, f"T-{n}.offer.1")) for n in (1, 2)] == [1, 1]
    alerts = [
        message
        for message in world.personas.grace.messages
        if "will not be retried" in message.visible_text
    ]
    assert alerts == [alert]
    # The second ticket's alert step must end before the next test starts.
    await wait_for_running_steps(world)
    await check_invariants(world)


@pytest.mark.fault("F45")
async def test_card_shows_newest_state_if_an_older_redraw_is_last(
    proxied_world: ProxiedWorld,
) -> None:
    world, bob = proxied_world.world, proxied_world.world.personas.bob
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    for _ in range(2):
        world.slack.faults.add("chat.update", Fault(delay_seconds=1.5), times=1)

    await claim_ticket(proxied_world)
    await resolve_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()

    assert "You resolved this ticket" in (await bob.wait_for_message(TITLE)).visible_text
    await check_invariants(world)


@pytest.mark.fault("F45")
async def test_late_redraw_with_unknown_outcome_is_redrawn(
    proxied_world: ProxiedWorld,
) -> None:
    world, bob = proxied_world.world, proxied_world.world.personas.bob
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    # The bot's own redraw comes first, right after the click. The worker's is not delayed.
    late_failure = Fault(delay_seconds=1.5, error="internal_error", fails_after_success=True)
    world.slack.faults.add("chat.update", late_failure, times=1)

    await claim_ticket(proxied_world)
    await resolve_ticket(proxied_world)
    await world.slack.wait_until(
        lambda: [
            call
            for call in world.slack.traffic_log.api_calls("chat.update")
            if "internal" in str(call)
        ]
    )
    await bob.wait_for_message("You resolved this ticket")
    await proxied_world.wait_until_no_pending_steps()

    await check_invariants(world)


@pytest.mark.fault("F48")
async def test_deleted_card_blocks_nothing(
    proxied_world: ProxiedWorld,
) -> None:
    world, ada = proxied_world.world, proxied_world.world.personas.ada
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    [card] = [message for message in ada.messages if TITLE in message.visible_text]
    slack = AsyncWebClient(token=world.slack.bot_token, base_url=world.slack.api_url)
    await slack.chat_delete(channel=card.channel, ts=card.ts)

    await claim_ticket(proxied_world)
    await resolve_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()

    assert await ada.wait_for_message("Did this solve it")
    await check_invariants(world)


@pytest.mark.fault("F49")
async def test_long_notes_fit_on_the_card(proxied_world: ProxiedWorld) -> None:
    world = proxied_world.world
    world.gemini.respond_with_json(
        {
            "category": "Network",
            "priority": "normal",
            "skills": ["vpn"],
            "summary": "long " * 2_000,
            "notes": "*`<!here> " * 2_000,
            "confidence": 1,
        }
    )

    await run_ticket_lifecycle(proxied_world)

    [ticket] = await world.find_documents("tickets")
    assert ticket["triage"]["engine"] == "gemini"
    await check_invariants(world)


@pytest.mark.fault("F31")
async def test_silent_gemini_delays_no_messages_or_emails(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    world.gemini.hang()
    for number in range(10):
        await open_ticket(world.personas.ada, f"VPN is down, {number}")

    await claim_ticket(proxied_world)
    await resolve_ticket(proxied_world)
    await world.personas.ada.wait_for_message("Did this solve it")
    assert not [t for t in await world.find_documents("tickets") if t["status"] == "offered"]
    async with asyncio.timeout(60):
        await wait_for_tickets_with_field(world, "triage.category", 11)
    world.gemini.recover()
    async with asyncio.timeout(120):
        await wait_until_no_pending_steps(world)

    tickets = await world.find_documents("tickets")
    assert [ticket["triage"]["engine"] for ticket in tickets] == ["gemini"] + ["builtin"] * 10
    await check_invariants(world)


@pytest.mark.fault("F70")
async def test_email_arrives_after_greylisting(proxied_world: ProxiedWorld) -> None:
    world = proxied_world.world
    world.mail.add_fault(MailFault.GREYLIST, times=2)

    await submit_ticket(proxied_world)
    assert await world.personas.bob.wait_for_message("Offered to you")
    assert world.mail.inbox == []
    await proxied_world.wait_until_no_pending_steps()

    assert len(world.mail.inbox) == 1
    await check_invariants(world)


@pytest.mark.fault("F71")
async def test_emails_over_the_rate_limit_arrive_later(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    world.mail.add_fault(MailFault.TOO_MANY_EMAILS, times=3)

    for number in range(6):
        await open_ticket(world.personas.ada, f"VPN is down, {number}")
    await world.mail.wait_until(lambda: len(world.mail.inbox) == 6, timeout_seconds=60)

    assert len({email.message_id for email in world.mail.inbox}) == 6
    await check_invariants(world)
