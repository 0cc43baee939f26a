"""Two hundred people who ask, and some who help, each at their own pace; they press again."""

import asyncio
import random
from dataclasses import dataclass, field

from sandbox.slack.person import Person
from sandbox.world import World

_TRIES = 60
_PAUSE_SECONDS = 1.0
_LOOKS_EVERY_SECONDS = 0.3
_WORDS = ("VPN drops", "Outlook is slow", "printer jams", "password expired", "laptop is hot")
# How often somebody does what the button says; the rest leave the card for later.
_LIKELY = {"Claim": 0.8, "Decline": 0.1, "Resolve": 0.6, "Release": 0.05}


@dataclass(slots=True)
class Tally:
    """What people have seen.

    Attributes:
        submitted: how many tickets they wanted to open.
        receipts: the numbers they were given.
        pressed_again: how often they had to press once more.
    """

    submitted: int = 0
    receipts: list[str] = field(default_factory=list)
    pressed_again: int = 0


async def asks(person: Person, tally: Tally, dice: random.Random, *, at: list[float]) -> None:
    """Open a ticket at each of these moments (seconds from now), or as soon as one can."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number, moment in enumerate(sorted(at)):
        await asyncio.sleep(max(0.0, began + moment - loop.time()))
        tally.submitted += 1
        title = f"{dice.choice(_WORDS)} for {person.handle}, {number}"
        if receipt := await _opens(person, title, tally):
            tally.receipts.append(receipt)


async def _opens(person: Person, title: str, tally: Tally) -> str:
    """The number on the receipt; "" when they have given up."""
    for attempt in range(_TRIES):
        if attempt:
            tally.pressed_again += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        if person.modal is None:
            await person.types(f"/ticket {title}")
        if person.modal and person.modal.title == "New ticket":
            await person.fills("Description", f"It began this morning; {title}.")
            await person.submits()
        if person.modal and person.modal.title.startswith("Ticket T-"):
            receipt = person.modal.title.removeprefix("Ticket ")
            await person.closes()
            return receipt
    return ""


async def helps(person: Person, dice: random.Random) -> None:
    """Press what is on the cards, in no particular order, for ever."""
    while True:
        cards = [(card, button) for card in person.messages for button in card.buttons]
        dice.shuffle(cards)
        for card, button in cards[:5]:
            if dice.random() < _LIKELY.get(button, 0):
                await _presses(person, card.ts, button)
        await asyncio.sleep(_LOOKS_EVERY_SECONDS)


async def _presses(person: Person, ts: str, button: str) -> None:
    """Press it, if it is still there: cards change under one's finger."""
    card = next((one for one in person.messages if one.ts == ts), None)
    if card and button in card.buttons:
        await person.clicks(card, button)


def joins(world: World, count: int) -> list[Person]:
    """So many people who ask."""
    return [
        world.slack.add_person(f"p{n}", real_name=f"Person {n}", email=f"p{n}@acme.example")
        for n in range(count)
    ]
