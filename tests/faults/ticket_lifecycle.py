"""One ticket's way through the whole desk, walked by people who try again, and its outcome."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from sandbox.services.mongodb_proxy import MongoProxy
from sandbox.services.processes import Process
from sandbox.slack.actors.rendered import Message
from sandbox.world.world import World
from tests.stories.user_actions import receipt_ticket_id, wait_until_no_pending_steps

# Bob knows most of it, whatever he is still thought to have from the test before.
TITLE = "VPN drops and Okta asks again"
DESCRIPTION = "since this morning, in every meeting"
# What differs from one undisturbed run to the next.
_VOLATILE_FIELDS = {"rev", "number", "opened_at", "at", "ts", "key", "digest", "ms"}
_VOLATILE_PATTERNS = {
    re.compile(r"\bT-\d+\b"): "T-n",
    re.compile(r"(?m)^(Opened:? ).*$"): r"\1…",
    re.compile(r"\.\d+@"): ".…@",
    re.compile(r"/link/\S+"): "/link/…",
    re.compile(r"\b\d+ ms\b"): "… ms",
}
# Longer than a lease and a sweep.
_MAX_WAIT_SECONDS = 45
_MAX_TRIES = 8


@dataclass(slots=True)
class ProxiedWorld:
    """The running desk, the wires between its processes and MongoDB, and who works there.

    Attributes:
        letters_unsure: whether a worker has died between sending a letter and noting it.
    """

    world: World
    proxies: dict[str, MongoProxy]
    members: list[dict[str, Any]]
    may_email_repeat: bool = False

    def process(self, name: str) -> Process:
        """The bot or the worker."""
        return self.world.bot if name == "bot" else self.world.worker

    async def reset(self) -> None:
        """Everything runs, nothing has happened yet, the moderators are there."""
        for name, wire in self.proxies.items():
            await wire.clear_fault()
            if not self.process(name).is_alive:
                await self.process(name).start()
        await self.world.reset()
        # Something may still be at work, and have met one of them meanwhile.
        for member in self.members:
            known = {"_id": member["_id"]}
            await self.world.database.members.replace_one(known, member, upsert=True)

    async def ensure_bot_runs(self) -> None:
        """Somebody looks after the bot."""
        await self.proxies["bot"].wait_for_fault()
        if not self.world.bot.is_alive:
            await self.world.bot.start()

    async def wait_until_no_pending_steps(self) -> None:
        """Wait until nothing is left to do."""
        async with asyncio.timeout(_MAX_WAIT_SECONDS):
            await wait_until_no_pending_steps(self.world)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is in the end, but for times, attempts and the ticket's number."""

    tickets: object
    messages: dict[str, list[tuple[str, str, list[str]]]]
    emails: set[tuple[str, str, str]]


async def run_ticket_lifecycle(proxied_world: ProxiedWorld) -> None:
    """Submitted, triaged, offered, claimed, resolved; everybody is told at each turn."""
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await resolve_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()


async def submit_ticket(proxied_world: ProxiedWorld) -> None:
    """Ada opens the form and sends it, as often as it takes to get a receipt."""
    ada = proxied_world.world.personas.ada
    for _ in range(_MAX_TRIES):
        await proxied_world.ensure_bot_runs()
        if ada.modal is None:
            await ada.type_text(f"/ticket {TITLE}")
        elif ada.modal.title == "New ticket":
            await ada.fill("Description", DESCRIPTION)
            await ada.submit_modal()
        else:
            break
    receipt_ticket_id(ada)
    await ada.close_modal()


async def claim_ticket(proxied_world: ProxiedWorld) -> None:
    """Bob presses "Claim", and again when Slack says that the app did not answer."""
    bob = proxied_world.world.personas.bob
    card = await bob.wait_for_message("Offered to you", timeout_seconds=_MAX_WAIT_SECONDS)
    for _ in range(_MAX_TRIES):
        await proxied_world.ensure_bot_runs()
        heard = len(bob.alerts)
        if "Claim" in card.buttons:
            await bob.click(card, "Claim")
        if len(bob.alerts) == heard:
            break
        card = await bob.wait_for_message(TITLE)


async def resolve_ticket(proxied_world: ProxiedWorld) -> None:
    """Bob presses "Resolve"."""
    bob = proxied_world.world.personas.bob
    await bob.click(
        await bob.wait_for_message("You have it", timeout_seconds=_MAX_WAIT_SECONDS), "Resolve"
    )


async def collect_outcome(world: World) -> Outcome:
    """What there is now."""
    tickets = [_without_volatile_fields(ticket) for ticket in await world.find_documents("tickets")]
    told = {
        person.handle: sorted(
            (
                stable_notice_id(message),
                _without_volatile_text(message.visible_text),
                message.buttons,
            )
            for message in person.messages
            if message.user == world.slack.bot_user_id
        )
        for person in world.slack.people
    }
    letters = {
        (
            _without_volatile_text(letter.message_id),
            letter.recipients[0],
            _without_volatile_text(f"{letter.subject}\n{letter.text}"),
        )
        for letter in world.mail.inbox
    }
    return Outcome(tickets=tickets, messages=told, emails=letters)


def stable_notice_id(message: Message) -> str:
    """The id of what a person was told by a message, the number of the ticket left out."""
    payload = (message.metadata or {}).get("event_payload", {})
    return _without_volatile_text(str(payload.get("notice", "")))


def _without_volatile_fields(value: Any) -> Any:
    """The same without what differs from run to run; cards in one order, whoever came first."""
    match value:
        case dict():
            kept = {
                k: _without_volatile_fields(v)
                for k, v in value.items()
                if k not in _VOLATILE_FIELDS
            }
            if "cards" in kept:
                kept["cards"] = sorted(kept["cards"], key=lambda card: str(card["notice"]))
            return kept
        case list():
            return [_without_volatile_fields(one) for one in value]
        case str():
            return _without_volatile_text(value)
        case _:
            return value


def _without_volatile_text(text: str) -> str:
    for pattern, instead in _VOLATILE_PATTERNS.items():
        text = pattern.sub(instead, text)
    return text
