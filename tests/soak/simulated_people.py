"""Simulated requesters and moderators, who retry after errors."""

import asyncio
import random
from dataclasses import dataclass, field

from sandbox.slack.actors.person import Person
from sandbox.world.world import World

_MAX_TRIES = 60
_PAUSE_SECONDS = 1.0
_POLL_SECONDS = 0.3
_TITLES = ("VPN drops", "Outlook is slow", "printer jams", "password expired", "laptop is hot")
# The probability that a moderator presses a button now and does not leave it for later.
_PRESS_PROBABILITY = {"Claim": 0.8, "Decline": 0.1, "Resolve": 0.6, "Release": 0.05}


@dataclass(slots=True)
class RequesterTally:
    """The results that all requesters have seen.

    Attributes:
        submitted: the number of tickets they wanted to open.
        ticket_ids: the ids on their receipts.
        retries: the number of times they had to press Submit again.
    """

    submitted: int = 0
    ticket_ids: list[str] = field(default_factory=list)
    retries: int = 0


async def open_tickets_at(
    person: Person, tally: RequesterTally, dice: random.Random, *, times_seconds: list[float]
) -> None:
    """Open a ticket at each of these times (seconds from now), or as soon as possible."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number, moment in enumerate(sorted(times_seconds)):
        await asyncio.sleep(max(0.0, start + moment - loop.time()))
        tally.submitted += 1
        title = f"{dice.choice(_TITLES)} for {person.handle}, {number}"
        if receipt := await _open_ticket(person, title, tally):
            tally.ticket_ids.append(receipt)


async def _open_ticket(person: Person, title: str, tally: RequesterTally) -> str:
    """The ticket id on the receipt, or an empty string after too many attempts."""
    for attempt in range(_MAX_TRIES):
        if attempt:
            tally.retries += 1
            await asyncio.sleep(_PAUSE_SECONDS)
        if person.modal is None:
            await person.type_text(f"/ticket {title}")
        if person.modal and person.modal.title == "New ticket":
            await person.fill("Description", f"It began this morning; {title}.")
            await person.submit_modal()
        if person.modal and person.modal.title.startswith("Ticket T-"):
            receipt = person.modal.title.removeprefix("Ticket ")
            await person.close_modal()
            return receipt
    return ""


async def press_random_buttons(person: Person, dice: random.Random) -> None:
    """Press random buttons on the person's cards until cancelled."""
    while True:
        cards = [(card, button) for card in person.messages for button in card.buttons]
        dice.shuffle(cards)
        for card, button in cards[:5]:
            if dice.random() < _PRESS_PROBABILITY.get(button, 0):
                await _press_if_shown(person, card.ts, button)
        await asyncio.sleep(_POLL_SECONDS)


async def _press_if_shown(person: Person, ts: str, button: str) -> None:
    """Press the button if the card still has it, because cards change meanwhile."""
    card = next((message for message in person.messages if message.ts == ts), None)
    if card and button in card.buttons:
        await person.click(card, button)


def add_people(world: World, count: int) -> list[Person]:
    """Add this number of requesters to Slack."""
    return [
        world.slack.add_person(f"p{n}", real_name=f"Person {n}", email=f"p{n}@acme.example")
        for n in range(count)
    ]
