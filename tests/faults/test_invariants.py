"""Each invariant is seen to fail: one thing is spoilt by hand, and what broke is named."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.services.mail_server import ReceivedEmail
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import ProxiedWorld, claim_ticket, submit_ticket

Spoils = Callable[[ProxiedWorld, dict[str, Any]], Awaitable[object]]


@pytest.fixture
async def claimed_ticket(proxied_world: ProxiedWorld) -> AsyncIterator[dict[str, Any]]:
    """The stored ticket, claimed by Bob; all is well with it."""
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(proxied_world.world)
    [ticket] = await proxied_world.world.find_documents("tickets")
    log = proxied_world.world.worker.log
    yield ticket
    proxied_world.world.worker.log_path.write_text(log, "utf-8")


async def _sets(proxied_world: ProxiedWorld, **fields: Any) -> None:
    named = {name.replace("__", "."): value for name, value in fields.items()}
    await proxied_world.world.database.tickets.update_one({}, {"$set": named})


async def the_ticket_is_gone(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await proxied_world.world.database.tickets.delete_many({})


async def somebody_else_has_its_number(
    proxied_world: ProxiedWorld, _ticket: dict[str, Any]
) -> None:
    await _sets(proxied_world, key="view:V123")


async def the_history_lacks_an_event(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    await _sets(
        proxied_world, history=[one for one in ticket["history"] if one["what"] != "triaged"]
    )


async def the_history_goes_backwards(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    await _sets(proxied_world, history__0__at=ticket["opened_at"] + timedelta(hours=1))


async def the_status_has_no_history(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _sets(proxied_world, status="resolved")


async def a_step_is_dead_without_a_reason(
    proxied_world: ProxiedWorld, _ticket: dict[str, Any]
) -> None:
    step = {"step": "triage_ticket", "asked": 1, "due": None, "lease": 0, "error": ""}
    await _sets(proxied_world, pending=[step])


async def the_sweep_is_told_of_nothing(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    due = ticket["opened_at"] + timedelta(days=300)
    step = {"step": "triage_ticket", "asked": 1, "due": due, "lease": 0}
    await _sets(proxied_world, pending=[step])


async def a_message_is_sent_twice(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    [card] = proxied_world.world.personas.bob.messages
    slack = AsyncWebClient(
        token=proxied_world.world.slack.bot_token, base_url=proxied_world.world.slack.api_url
    )
    await slack.chat_postMessage(channel=card.channel, text=card.text, metadata=card.metadata)


async def a_message_is_forgotten(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    await _sets(proxied_world, cards=ticket["cards"][:1])


async def a_card_is_stale(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _sets(proxied_world, title="Another title")


async def a_letter_is_lost(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    bob, mail = proxied_world.world.personas.bob, proxied_world.world.mail
    await bob.click(await bob.wait_for_message("You have it"), "Release")
    await mail.wait_until(lambda: len(mail.inbox) > 1)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(proxied_world.world)
    mail.inbox.clear()


async def a_letter_goes_to_two(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    [letter] = proxied_world.world.mail.inbox
    other = ReceivedEmail(letter.sender, [proxied_world.world.personas.eve.email], letter.message)
    proxied_world.world.mail.inbox.append(other)


async def a_letter_is_about_nothing(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _sets(proxied_world, offers=0)


async def the_assignee_is_no_moderator(
    proxied_world: ProxiedWorld, _ticket: dict[str, Any]
) -> None:
    who = {"slack_id": proxied_world.world.personas.bob.id}
    await proxied_world.world.database.members.update_one(who, {"$set": {"role": "user"}})


async def a_stranger_has_claimed(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _sets(proxied_world, history__3__who=proxied_world.world.personas.mo.id)


async def a_log_repeats_what_people_wrote(
    proxied_world: ProxiedWorld, ticket: dict[str, Any]
) -> None:
    _says(proxied_world, f"about {ticket['title']}")


async def a_log_has_a_secret(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    _says(proxied_world, proxied_world.world.slack.bot_token)


async def the_worker_has_ended(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await proxied_world.world.worker.kill()


def _says(proxied_world: ProxiedWorld, words: str) -> None:
    with proxied_world.world.worker.log_path.open("a") as log:
        log.write(words)


@pytest.mark.parametrize(
    ("invariant", "spoils"),
    [
        ("I1", the_ticket_is_gone),
        ("I2", somebody_else_has_its_number),
        ("I3", the_history_lacks_an_event),
        ("I3", the_history_goes_backwards),
        ("I3", the_status_has_no_history),
        ("I4", a_step_is_dead_without_a_reason),
        ("I4", the_sweep_is_told_of_nothing),
        ("I5", a_message_is_sent_twice),
        ("I5", a_message_is_forgotten),
        ("I5", a_card_is_stale),
        ("I6", a_letter_is_lost),
        ("I6", a_letter_goes_to_two),
        ("I6", a_letter_is_about_nothing),
        ("I7", the_assignee_is_no_moderator),
        ("I8", a_stranger_has_claimed),
        ("I9", a_log_repeats_what_people_wrote),
        ("I9", a_log_has_a_secret),
        ("I10", the_worker_has_ended),
    ],
)
async def test_it_is_noticed_that(
    proxied_world: ProxiedWorld, claimed_ticket: dict[str, Any], invariant: str, spoils: Spoils
) -> None:
    await spoils(proxied_world, claimed_ticket)

    with pytest.raises(AssertionError, match=rf"(?m)^{invariant}: "):
        await check_invariants(proxied_world.world)
