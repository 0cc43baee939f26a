"""The life of one ticket in a running world, with people who try again, and its outcome."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from sandbox.services.mongodb_proxy import MongoProxy
from sandbox.services.processes import Process
from sandbox.slack.actors.rendered import Message
from sandbox.world.world import World
from tests.stories.user_actions import receipt_ticket_id, wait_until_no_pending_steps

# Bob matches best, even if his workload still counts tickets of an earlier test.
TITLE = "VPN drops and Okta asks again"
DESCRIPTION = "since this morning, in every meeting"
# These fields differ between undisturbed runs.
_VOLATILE_FIELDS = {"rev", "number", "opened_at", "at", "ts", "key", "digest", "ms"}
_VOLATILE_PATTERNS = {
    re.compile(r"\bT-\d+\b"): "T-n",
    re.compile(r"(?m)^(Opened:? ).*$"): r"\1…",
    re.compile(r"· opened [^·\n]* ·"): "· opened … ·",
    re.compile(r"\.\d+@"): ".…@",
    re.compile(r"/link/\S+"): "/link/…",
    re.compile(r"\b\d+ ms\b"): "… ms",
}
# Longer than a lease and a sweep.
_MAX_WAIT_SECONDS = 45
_MAX_TRIES = 8


@dataclass(slots=True)
class ProxiedWorld:
    """A running world, the proxies between its processes and MongoDB, and its members.

    Attributes:
        world: the running world.
        proxies: the MongoDB proxy of each process.
        members: the stored members, restored by `reset`.
        may_email_repeat: whether a worker died after sending an e-mail, before storing that.
    """

    world: World
    proxies: dict[str, MongoProxy]
    members: list[dict[str, Any]]
    may_email_repeat: bool = False

    def process(self, name: str) -> Process:
        """The bot or the worker."""
        return self.world.bot if name == "bot" else self.world.worker

    async def reset(self) -> None:
        """Start all processes, delete all tickets, and restore the moderators."""
        for name, proxy in self.proxies.items():
            await proxy.clear_fault()
            if not self.process(name).is_alive:
                await self.process(name).start()
        await self.world.reset()
        # A step that still runs may have stored a member meanwhile, so this is an upsert.
        for member in self.members:
            query = {"_id": member["_id"]}
            await self.world.database.members.replace_one(query, member, upsert=True)

    async def ensure_bot_runs(self) -> None:
        """Restart the bot if it has ended, as a supervisor would."""
        await self.proxies["bot"].wait_for_fault()
        if not self.world.bot.is_alive:
            await self.world.bot.start()

    async def wait_until_no_pending_steps(self) -> None:
        """Wait until no step is pending."""
        async with asyncio.timeout(_MAX_WAIT_SECONDS):
            await wait_until_no_pending_steps(self.world)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final state, without times, attempts and the ticket's number."""

    tickets: object
    messages: dict[str, list[tuple[str, str, list[str]]]]
    emails: set[tuple[str, str, str]]


async def run_ticket_lifecycle(proxied_world: ProxiedWorld) -> None:
    """Submit, claim and resolve a ticket, and wait for all steps in between."""
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await resolve_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()


async def submit_ticket(proxied_world: ProxiedWorld) -> None:
    """Ada opens the form and submits it until she gets a receipt."""
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
    """Bob presses Claim, and again if Slack reports that the app did not answer."""
    bob = proxied_world.world.personas.bob
    card = await bob.wait_for_message("Offered to you", timeout_seconds=_MAX_WAIT_SECONDS)
    for _ in range(_MAX_TRIES):
        await proxied_world.ensure_bot_runs()
        alert_count = len(bob.alerts)
        if "Claim" in card.buttons:
            await bob.click(card, "Claim")
        if len(bob.alerts) == alert_count:
            break
        card = await bob.wait_for_message(TITLE)


async def resolve_ticket(proxied_world: ProxiedWorld) -> None:
    bob = proxied_world.world.personas.bob
    await bob.click(
        await bob.wait_for_message("You have it", timeout_seconds=_MAX_WAIT_SECONDS), "Resolve"
    )


async def collect_outcome(world: World) -> Outcome:
    """The current outcome."""
    tickets = [_without_volatile_fields(ticket) for ticket in await world.find_documents("tickets")]
    messages = {
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
    emails = {
        (
            _without_volatile_text(email.message_id),
            email.recipients[0],
            _without_volatile_text(f"{email.subject}\n{email.text}"),
        )
        for email in world.mail.inbox
    }
    return Outcome(tickets=tickets, messages=messages, emails=emails)


def stable_notice_id(message: Message) -> str:
    """The notice id of a message, without the ticket's number."""
    payload = (message.metadata or {}).get("event_payload", {})
    return _without_volatile_text(str(payload.get("notice", "")))


def _without_volatile_fields(value: Any) -> Any:
    """The value without volatile fields, and with its cards in a fixed order."""
    match value:
        case dict():
            stable = {
                k: _without_volatile_fields(v)
                for k, v in value.items()
                if k not in _VOLATILE_FIELDS
            }
            if "cards" in stable:
                stable["cards"] = sorted(stable["cards"], key=lambda card: str(card["notice"]))
            return stable
        case list():
            return [_without_volatile_fields(item) for item in value]
        case str():
            return _without_volatile_text(value)
        case _:
            return value


def _without_volatile_text(text: str) -> str:
    for pattern, replacement in _VOLATILE_PATTERNS.items():
        text = pattern.sub(replacement, text)
    return text
