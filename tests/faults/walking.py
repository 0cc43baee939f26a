"""One ticket's way through the whole desk, walked by people who try again, and its outcome."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from sandbox.processes import Process
from sandbox.slack.seen import Message
from sandbox.wire import Wire
from sandbox.world import World
from tests.stories.acts import nothing_pends, receipt_of

# Bob knows most of it, whatever he is still thought to have from the test before.
TITLE = "VPN drops and Okta asks again"
DESCRIPTION = "since this morning, in every meeting"
# What differs from one undisturbed run to the next.
_OF_ITS_TIME = {"rev", "number", "opened_at", "at", "ts", "key", "digest", "ms"}
_OF_ITS_RUN = {
    re.compile(r"\bT-\d+\b"): "T-n",
    re.compile(r"(?m)^(Opened:? ).*$"): r"\1…",
    re.compile(r"\.\d+@"): ".…@",
    re.compile(r"/link/\S+"): "/link/…",
    re.compile(r"\b\d+ ms\b"): "… ms",
}
# Longer than a lease and a sweep.
_PATIENCE = 45
_TRIES = 8


@dataclass(slots=True)
class Stage:
    """The running desk, the wires between its processes and MongoDB, and who works there.

    Attributes:
        letters_unsure: whether a worker has died between sending a letter and noting it.
    """

    world: World
    wires: dict[str, Wire]
    members: list[dict[str, Any]]
    letters_unsure: bool = False

    def process(self, name: str) -> Process:
        """The bot or the worker."""
        return self.world.bot if name == "bot" else self.world.worker

    async def begins_anew(self) -> None:
        """Everything runs, nothing has happened yet, the moderators are there."""
        for name, wire in self.wires.items():
            await wire.lets_be()
            if not self.process(name).alive:
                await self.process(name).start()
        await self.world.forget()
        # Something may still be at work, and have met one of them meanwhile.
        for member in self.members:
            known = {"_id": member["_id"]}
            await self.world.database.members.replace_one(known, member, upsert=True)

    async def has_a_bot(self) -> None:
        """Somebody looks after the bot."""
        await self.wires["bot"].acted()
        if not self.world.bot.alive:
            await self.world.bot.start()

    async def settles(self) -> None:
        """Wait until nothing is left to do."""
        async with asyncio.timeout(_PATIENCE):
            await nothing_pends(self.world)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is in the end, but for times, attempts and the ticket's number."""

    tickets: object
    told: dict[str, list[tuple[str, str, list[str]]]]
    letters: set[tuple[str, str, str]]


async def walks(stage: Stage) -> None:
    """Submitted, triaged, offered, claimed, resolved; everybody is told at each turn."""
    await submits(stage)
    await stage.settles()
    await claims(stage)
    await stage.settles()
    await resolves(stage)
    await stage.settles()


async def submits(stage: Stage) -> None:
    """Ada opens the form and sends it, as often as it takes to get a receipt."""
    ada = stage.world.cast.ada
    for _ in range(_TRIES):
        await stage.has_a_bot()
        if ada.modal is None:
            await ada.types(f"/ticket {TITLE}")
        elif ada.modal.title == "New ticket":
            await ada.fills("Description", DESCRIPTION)
            await ada.submits()
        else:
            break
    receipt_of(ada)
    await ada.closes()


async def claims(stage: Stage) -> None:
    """Bob presses "Claim", and again when Slack says that the app did not answer."""
    bob = stage.world.cast.bob
    card = await bob.gets_message("Offered to you", timeout=_PATIENCE)
    for _ in range(_TRIES):
        await stage.has_a_bot()
        heard = len(bob.alerts)
        if "Claim" in card.buttons:
            await bob.clicks(card, "Claim")
        if len(bob.alerts) == heard:
            break
        card = await bob.gets_message(TITLE)


async def resolves(stage: Stage) -> None:
    """Bob presses "Resolve"."""
    bob = stage.world.cast.bob
    await bob.clicks(await bob.gets_message("You have it", timeout=_PATIENCE), "Resolve")


async def outcome(world: World) -> Outcome:
    """What there is now."""
    tickets = [_timeless(ticket) for ticket in await world.documents("tickets")]
    told = {
        person.handle: sorted(
            (notice_of(message), _same(message.says), message.buttons)
            for message in person.messages
            if message.user == world.slack.bot_user_id
        )
        for person in world.slack.people
    }
    letters = {
        (_same(letter.message_id), letter.recipients[0], _same(f"{letter.subject}\n{letter.text}"))
        for letter in world.mail.inbox
    }
    return Outcome(tickets=tickets, told=told, letters=letters)


def notice_of(message: Message) -> str:
    """The id of what a person was told by a message, the number of the ticket left out."""
    payload = (message.metadata or {}).get("event_payload", {})
    return _same(str(payload.get("notice", "")))


def _timeless(value: Any) -> Any:
    """The same without what differs from run to run; cards in one order, whoever came first."""
    match value:
        case dict():
            kept = {k: _timeless(v) for k, v in value.items() if k not in _OF_ITS_TIME}
            if "cards" in kept:
                kept["cards"] = sorted(kept["cards"], key=lambda card: str(card["notice"]))
            return kept
        case list():
            return [_timeless(one) for one in value]
        case str():
            return _same(value)
        case _:
            return value


def _same(text: str) -> str:
    for pattern, instead in _OF_ITS_RUN.items():
        text = pattern.sub(instead, text)
    return text
