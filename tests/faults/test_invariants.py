"""Each invariant can fail: a test damages one thing, and the check names the invariant."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.services.mail_server import ReceivedEmail
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import ProxiedWorld, claim_ticket, submit_ticket

Damage = Callable[[ProxiedWorld, dict[str, Any]], Awaitable[object]]


@pytest.fixture
async def claimed_ticket(proxied_world: ProxiedWorld) -> AsyncIterator[dict[str, Any]]:
    """The document of a ticket that Bob has claimed, with all invariants intact."""
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(proxied_world.world)
    [ticket] = await proxied_world.world.find_documents("tickets")
    log = proxied_world.world.worker.log
    yield ticket
    proxied_world.world.worker.log_path.write_text(log, "utf-8")


async def _update_ticket(proxied_world: ProxiedWorld, **fields: Any) -> None:
    changes = {name.replace("__", "."): value for name, value in fields.items()}
    await proxied_world.world.database.tickets.update_one({}, {"$set": changes})


async def delete_ticket(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await proxied_world.world.database.tickets.delete_many({})


async def change_form_key(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _update_ticket(proxied_world, key="view:V123")


async def remove_history_event(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    await _update_ticket(
        proxied_world, history=[event for event in ticket["history"] if event["what"] != "triaged"]
    )


async def reorder_history(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    await _update_ticket(proxied_world, history__0__at=ticket["opened_at"] + timedelta(hours=1))


async def change_status_without_event(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _update_ticket(proxied_world, status="resolved")


async def add_dead_step_without_reason(
    proxied_world: ProxiedWorld, _ticket: dict[str, Any]
) -> None:
    step = {"step": "triage_ticket", "asked": 1, "due": None, "lease": 0, "error": ""}
    await _update_ticket(proxied_world, pending=[step])


async def add_step_without_due_index(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    due = ticket["opened_at"] + timedelta(days=300)
    step = {"step": "triage_ticket", "asked": 1, "due": due, "lease": 0}
    await _update_ticket(proxied_world, pending=[step])


async def send_message_twice(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    [card] = proxied_world.world.personas.bob.messages
    slack = AsyncWebClient(
        token=proxied_world.world.slack.bot_token, base_url=proxied_world.world.slack.api_url
    )
    await slack.chat_postMessage(channel=card.channel, text=card.text, metadata=card.metadata)


async def remove_stored_card(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    await _update_ticket(proxied_world, cards=ticket["cards"][:1])


async def forget_assignees_card(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    kept = [card for card in ticket["cards"] if card["kind"] != "moderator"]
    former = [card for card in ticket["cards"] if card not in kept]
    await _update_ticket(proxied_world, cards=kept, former_cards=former)


async def change_title_without_redraw(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _update_ticket(proxied_world, title="Another title")


async def lose_email(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    bob, mail = proxied_world.world.personas.bob, proxied_world.world.mail
    await bob.click(await bob.wait_for_message("You have it"), "Release")
    await mail.wait_until(lambda: len(mail.inbox) > 1)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(proxied_world.world)
    mail.inbox.clear()


async def send_email_to_second_person(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    [email] = proxied_world.world.mail.inbox
    second_email = ReceivedEmail(
        email.sender, [proxied_world.world.personas.eve.email], email.message
    )
    proxied_world.world.mail.inbox.append(second_email)


async def remove_offer_of_email(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _update_ticket(proxied_world, offers=0)


async def demote_assignee(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    query = {"slack_id": proxied_world.world.personas.bob.id}
    await proxied_world.world.database.members.update_one(query, {"$set": {"role": "user"}})


async def record_claim_by_requester(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await _update_ticket(proxied_world, history__3__who=proxied_world.world.personas.mo.id)


async def log_ticket_title(proxied_world: ProxiedWorld, ticket: dict[str, Any]) -> None:
    _append_to_log(proxied_world, f"about {ticket['title']}")


async def log_bot_token(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    _append_to_log(proxied_world, proxied_world.world.slack.bot_token)


async def kill_worker(proxied_world: ProxiedWorld, _ticket: dict[str, Any]) -> None:
    await proxied_world.world.worker.kill()


def _append_to_log(proxied_world: ProxiedWorld, text: str) -> None:
    with proxied_world.world.worker.log_path.open("a") as log:
        log.write(text)


@pytest.mark.parametrize(
    ("invariant", "damage"),
    [
        ("I1", delete_ticket),
        ("I2", change_form_key),
        ("I3", remove_history_event),
        ("I3", reorder_history),
        ("I3", change_status_without_event),
        ("I4", add_dead_step_without_reason),
        ("I4", add_step_without_due_index),
        ("I5", send_message_twice),
        ("I5", remove_stored_card),
        ("I5", change_title_without_redraw),
        ("I6", lose_email),
        ("I6", send_email_to_second_person),
        ("I6", remove_offer_of_email),
        ("I7", demote_assignee),
        ("I8", record_claim_by_requester),
        ("I9", log_ticket_title),
        ("I9", log_bot_token),
        ("I10", kill_worker),
        ("I11", forget_assignees_card),
    ],
)
async def test_damage_is_reported_by_its_invariant(
    proxied_world: ProxiedWorld, claimed_ticket: dict[str, Any], invariant: str, damage: Damage
) -> None:
    await damage(proxied_world, claimed_ticket)

    with pytest.raises(AssertionError, match=rf"(?m)^{invariant}: "):
        await check_invariants(proxied_world.world)
