"""One ticket all the way through the real bot and worker, told so that a newcomer understands.

`python -m sandbox --once "Outlook keeps asking for my password"` ends with 0 only if every step
happened: form, receipt, triage, assignment, direct message, letter, claim, resolution.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar

from pymongo.errors import PyMongoError

from sandbox.drawing import drawn, drawn_fields, drawn_letter, news
from sandbox.hiring import NotHired, hire, skills_of
from sandbox.labels import Button, TeamForm
from sandbox.mail import Letter
from sandbox.processes import Ended, Process
from sandbox.servers import Servers
from sandbox.slack.person import Person
from sandbox.slack.seen import Message, Modal
from sandbox.transcript import Transcript, duration
from sandbox.world import World

T = TypeVar("T")
Document = Mapping[str, Any]

# A step that fails is tried again after some seconds; one whose worker has died, after 35.
PATIENCE_SECONDS = 45
_LOOK_AGAIN_SECONDS = 0.05
_STORED = (
    "_id",
    "status",
    "title",
    "description",
    "urgency",
    "confidential",
    "requester",
    "opened_at",
)
_TRIAGED = ("engine", "category", "priority", "skills", "summary", "notes", "confidence")
_FAULTS = (TimeoutError, LookupError, PyMongoError, NotHired, Ended)


class NotHappened(RuntimeError):
    """A step of the ticket's way did not happen; says which, and what was there instead."""


class NotTaken(NotHappened):
    """The desk did not want this text; that is no failure of the desk."""


async def once(text: str) -> int:
    """Take one ticket through, with a transcript on stdout; returns the exit code."""
    print("Starting the desk …", file=sys.stderr, flush=True)
    try:
        async with Servers() as servers, World(servers=servers) as world:
            return await told(world, text)
    except Ended as ended:
        print(f"The desk could not be started: {ended}", file=sys.stderr)
        return 1


async def told(world: World, text: str) -> int:
    """Tell it in a world that runs already; says on stderr what was missing, and the logs' ends."""
    try:
        await hire(world.slack, world.cast)
        # A command line may hold bytes that are no text; Slack's clients would not send them.
        await Story(world, text.encode(errors="replace").decode()).tell()
    except NotTaken as refused:
        print(f"\n{refused}", file=sys.stderr)
        return 1
    except (NotHappened, *_FAULTS) as fault:
        print(f"\nNot every step happened: {fault}", file=sys.stderr)
        for process in (world.bot, world.worker):
            print(f"\nThe end of {process.name}'s log:\n{_end_of_log(process)}", file=sys.stderr)
        return 1
    return 0


class Story:
    """The ticket's way, step by step."""

    def __init__(self, world: World, text: str) -> None:
        self._world = world
        self._text = text
        self._ada = world.cast.ada
        self._tell = Transcript()

    async def tell(self) -> None:
        """Tell it to the end.

        Raises:
            NotHappened: a step did not happen.
        """
        self._introduce()
        number = await self._asked()
        stored = await self._stored(number)
        self._tell.step(f"{number} is stored in MongoDB. The document's main fields:", _raw(stored))
        assignee, offered = await self._announced(number)
        claimed = await self._claimed(number, assignee, offered)
        await self._resolved(number, assignee, claimed)
        await self._ended(number)

    def _introduce(self) -> None:
        names = " and ".join(self._world.servers.names)
        self._tell.say(
            "One ticket through Frontdesk. Slack, mail and Gemini are simulated on this machine;\n"
            f"the bot, the worker, {names} are real processes. Times count from the\n"
            "moment the command was typed.\n\n"
            "Ada Lovelace asks. Grace Hopper, the admin, has just hired with `/ticket admin`:"
        )
        for person, skills in skills_of(self._world.cast).items():
            self._tell.say(f"  {person.real_name:<10} knows {', '.join(skills)}")

    async def _asked(self) -> str:
        """Ada types, sees the form, sends it; returns the number on her receipt."""
        self._tell.begin()
        self._tell.step("Ada types into Slack:", [f"/ticket {self._text}".rstrip()])
        await self._ada.types(f"/ticket {self._text}")
        form = await self._form()
        self._tell.step("A form opens before her:", self._drawn(form))
        for whisper in self._ada.whispers:
            self._tell.step("Frontdesk says to her alone:", self._drawn(whisper))
        await self._ada.submits()
        answer = self._answer()
        self._tell.step(f"She presses {form.submit}. It turns into a receipt:", self._drawn(answer))
        await self._ada.closes()
        return answer.title.split()[-1]

    async def _form(self) -> Modal:
        """The form for a ticket; some words are commands of their own, and open another or none."""
        self._no_alerts()
        there = self._ada.modal
        if there and there.submit:
            return there
        if there:
            await self._until(self._is_filled_in, "Frontdesk's answer")
        answers = [self._ada.modal] if self._ada.modal else self._ada.whispers[-1:]
        for seen in answers:
            self._tell.step("Frontdesk answers her alone:", self._drawn(seen))
        raise NotTaken("No form for a ticket opened: this text is a command of its own.")

    def _is_filled_in(self) -> bool:
        return self._ada.modal is None or TeamForm.WAITING not in self._ada.modal.says

    def _answer(self) -> Modal:
        """What stands where the form was, when it was taken."""
        self._no_alerts()
        answer = self._ada.modal
        if answer is None:
            raise NotHappened("the form closed without a receipt")
        if answer.errors:
            self._tell.step("She presses Submit. The form stays open:", self._drawn(answer))
            said = "; ".join(f"{label}: {error}" for label, error in answer.errors.items())
            kind = NotHappened if " ERROR " in self._world.bot.log else NotTaken
            raise kind(f"The form did not take this text, so there is no ticket. {said}")
        return answer

    async def _announced(self, number: str) -> tuple[Person, Message]:
        """Everybody is told; returns who got the ticket, and their card."""
        offer, letter = await asyncio.gather(
            self._timed(self._offer(number)), self._timed(self._letter(number))
        )
        assignee, card = offer[0]
        name = assignee.real_name
        following = self._ada.gets_message(_about(number, says=name), timeout=PATIENCE_SECONDS)
        _, followed = await self._timed(following)
        self._tell_decisions(await self._stored(number), name)
        for at, title, lines in sorted(
            [
                (offer[1], f"{name} gets a direct message from Frontdesk:", self._drawn(card)),
                (letter[1], f"{name} gets a letter:", drawn_letter(letter[0])),
                (followed, "Ada has a card of her own, which follows the ticket:", self._mine()),
            ]
        ):
            self._tell.step(title, lines, at=at)
        return assignee, card

    def _tell_decisions(self, ticket: Document, name: str) -> None:
        triage = ticket["triage"]
        at = {event["what"]: self._tell.since(event["at"]) for event in ticket["history"]}
        self._tell.step(
            "Triage has read it; Gemini is a stand-in here, and only looks for words:",
            drawn_fields({name: triage[name] for name in _TRIAGED}),
            at=at.get("triaged"),
        )
        self._tell.step(
            f"It is offered to {name}:", [f"Why: {ticket['reason']}"], at=at.get("offered")
        )

    async def _claimed(self, number: str, assignee: Person, offered: Message) -> Message:
        mine = self._mine()
        await assignee.clicks(offered, Button.CLAIM)
        claimed = await assignee.gets_message(
            _about(number, button=Button.RESOLVE), timeout=PATIENCE_SECONDS
        )
        title = f"{assignee.real_name} presses {Button.CLAIM}. What is new on the card:"
        self._tell.step(title, news(self._drawn(offered), self._drawn(claimed)))
        await self._ada_sees("What is new on Ada's card:", before=mine)
        return claimed

    async def _resolved(self, number: str, assignee: Person, claimed: Message) -> None:
        mine = self._mine()
        await assignee.clicks(claimed, Button.RESOLVE)
        self._tell.step(f"{assignee.real_name} presses {Button.RESOLVE}.", [])
        asked = await self._ada.gets_message(
            _about(number, button=Button.REOPEN), timeout=PATIENCE_SECONDS
        )
        self._tell.step("Ada is asked whether it helped:", self._drawn(asked))
        await self._ada_sees("What is new on her card:", before=mine)

    async def _ada_sees(self, title: str, *, before: list[str]) -> None:
        await self._until(lambda: self._mine() != before, "Ada's card to change")
        self._tell.step(title, news(before, self._mine()))

    async def _ended(self, number: str) -> None:
        """Wait until no step is pending; the database does not call us, so look again."""
        tries = int(PATIENCE_SECONDS / _LOOK_AGAIN_SECONDS)
        for _ in range(tries):
            ticket = await self._stored(number)
            if not ticket["pending"]:
                break
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        else:
            raise NotHappened(f"steps are left to do: {_steps(ticket)}")
        self._tell.step("Nothing is left to do. The ticket's history:", self._history(ticket))
        self._tell.say("\nEvery step happened.")

    async def _stored(self, number: str) -> Document:
        ticket = await self._world.database["tickets"].find_one({"_id": number})
        if ticket is None:
            raise NotHappened(f"{number} is on the receipt, but not in the database")
        return ticket

    async def _offer(self, number: str) -> tuple[Person, Message]:
        """The first card with the button, and who has it before them."""
        fits = _about(number, button=Button.CLAIM)

        def offers() -> list[tuple[Person, Message]]:
            people = self._world.slack.people
            return [(person, one) for person in people for one in person.messages if fits(one)]

        return (await self._until(offers, f"somebody to be offered {number}"))[0]

    async def _letter(self, number: str) -> Letter:
        mail = self._world.mail
        letters = await mail.until(
            lambda: [one for one in mail.inbox if number in one.subject],
            timeout=PATIENCE_SECONDS,
            waiting_for=f"a letter about {number}",
        )
        return letters[0]

    async def _until(self, condition: Callable[[], T], waiting_for: str) -> T:
        return await self._world.slack.until(
            condition, timeout=PATIENCE_SECONDS, waiting_for=waiting_for
        )

    async def _timed(self, awaited: Awaitable[T]) -> tuple[T, float]:
        return await awaited, self._tell.now()

    def _mine(self) -> list[str]:
        """Ada's card as it is now: the first message she got."""
        return self._drawn(self._ada.messages[0])

    def _drawn(self, seen: Message | Modal) -> list[str]:
        return drawn(seen, self._world.slack.state.name_of)

    def _no_alerts(self) -> None:
        if self._ada.alerts:
            raise NotHappened(f"Slack said: {'; '.join(self._ada.alerts)}")

    def _history(self, ticket: Document) -> Iterator[str]:
        for event in ticket["history"]:
            who = self._world.slack.person(event["who"]).real_name if event["who"] else "the desk"
            at = duration(self._tell.since(event["at"]))
            yield f"{at:>8}  {event['what']} by {who}"


def _about(number: str, *, says: str = "", button: str = "") -> Callable[[Message], bool]:
    return lambda seen: (
        number in seen.says and says in seen.says and (not button or button in seen.buttons)
    )


def _raw(ticket: Document) -> list[str]:
    fields = {name: ticket[name] for name in _STORED}
    return drawn_fields(fields | {"pending": _steps(ticket)})


def _steps(ticket: Document) -> str:
    return ", ".join(f"{step['step']} {step['error']}".strip() for step in ticket["pending"])


def _end_of_log(process: Process, lines: int = 15) -> str:
    return "\n".join(process.log.splitlines()[-lines:])
