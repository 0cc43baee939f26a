"""One ticket all the way through the real bot and worker, told so that a newcomer understands.

`python -m sandbox --once "Outlook keeps asking for my password"` ends with 0 only if every step
happened: form, receipt, triage, assignment, direct message, letter, claim, resolution.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar

from pymongo.errors import PyMongoError

from sandbox.cli.render_text import new_lines, render_email, render_fields, render_lines
from sandbox.cli.transcript import Transcript, format_duration
from sandbox.services.database_servers import DatabaseServers
from sandbox.services.mail_server import ReceivedEmail
from sandbox.services.processes import Process, ProcessFailed
from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Message, Modal
from sandbox.world.frontdesk_labels import CardButton, MemberForm
from sandbox.world.seed_moderators import ModeratorNotSaved, moderator_skills, promote_moderators
from sandbox.world.world import World

T = TypeVar("T")
Document = Mapping[str, Any]

# A step that fails is tried again after some seconds; one whose worker has died, after 35.
MAX_WAIT_SECONDS = 45
_POLL_SECONDS = 0.05
_STORED_FIELDS = (
    "_id",
    "status",
    "title",
    "description",
    "urgency",
    "confidential",
    "requester",
    "opened_at",
)
_TRIAGE_FIELDS = ("engine", "category", "priority", "skills", "summary", "notes", "confidence")
_FAILURES = (TimeoutError, LookupError, PyMongoError, ModeratorNotSaved, ProcessFailed)


class StepFailed(RuntimeError):
    """A step of the ticket's way did not happen; says which, and what was there instead."""


class TextRejected(StepFailed):
    """The desk did not want this text; that is no failure of the desk."""


async def run_once(text: str) -> int:
    """Take one ticket through, with a transcript on stdout; returns the exit code."""
    print("Starting the desk …", file=sys.stderr, flush=True)
    try:
        async with DatabaseServers() as servers, World(servers=servers) as world:
            return await run_story(world, text)
    except ProcessFailed as ended:
        print(f"The desk could not be started: {ended}", file=sys.stderr)
        return 1


async def run_story(world: World, text: str) -> int:
    """Tell it in a world that runs already; says on stderr what was missing, and the logs' ends."""
    try:
        await promote_moderators(world.slack, world.personas)
        # A command line may hold bytes that are no text; Slack's clients would not send them.
        await TicketStory(world, text.encode(errors="replace").decode()).run()
    except TextRejected as refused:
        print(f"\n{refused}", file=sys.stderr)
        return 1
    except (StepFailed, *_FAILURES) as fault:
        print(f"\nNot every step happened: {fault}", file=sys.stderr)
        for process in (world.bot, world.worker):
            print(f"\nThe end of {process.name}'s log:\n{_log_tail(process)}", file=sys.stderr)
        return 1
    return 0


class TicketStory:
    """The ticket's way, step by step."""

    def __init__(self, world: World, text: str) -> None:
        self._world = world
        self._text = text
        self._ada = world.personas.ada
        self._transcript = Transcript()

    async def run(self) -> None:
        """Tell it to the end.

        Raises:
            NotHappened: a step did not happen.
        """
        self._print_introduction()
        number = await self._submit_ticket()
        stored = await self._get_ticket(number)
        self._transcript.print_step(
            f"{number} is stored in MongoDB. The document's main fields:", _ticket_lines(stored)
        )
        assignee, offered = await self._wait_for_notifications(number)
        claimed = await self._claim(number, assignee, offered)
        await self._resolve(number, assignee, claimed)
        await self._wait_for_pending_steps(number)

    def _print_introduction(self) -> None:
        names = " and ".join(self._world.servers.program_names)
        self._transcript.print_line(
            "One ticket through Frontdesk. Slack, mail and Gemini are simulated on this machine;\n"
            f"the bot, the worker, {names} are real processes. Times count from the\n"
            "moment the command was typed.\n\n"
            "Ada Lovelace asks. Grace Hopper, the admin, has just hired with `/ticket admin`:"
        )
        for person, skills in moderator_skills(self._world.personas).items():
            self._transcript.print_line(f"  {person.real_name:<10} knows {', '.join(skills)}")

    async def _submit_ticket(self) -> str:
        """Ada types, sees the form, sends it; returns the number on her receipt."""
        self._transcript.start_clock()
        self._transcript.print_step("Ada types into Slack:", [f"/ticket {self._text}".rstrip()])
        await self._ada.type_text(f"/ticket {self._text}")
        form = await self._wait_for_form()
        self._transcript.print_step("A form opens before her:", self._render(form))
        for whisper in self._ada.ephemeral_messages:
            self._transcript.print_step("Frontdesk says to her alone:", self._render(whisper))
        await self._ada.submit_modal()
        answer = self._get_receipt()
        self._transcript.print_step(
            f"She presses {form.submit}. It turns into a receipt:", self._render(answer)
        )
        await self._ada.close_modal()
        return answer.title.split()[-1]

    async def _wait_for_form(self) -> Modal:
        """The form for a ticket; some words are commands of their own, and open another or none."""
        self._check_no_alerts()
        there = self._ada.modal
        if there and there.submit:
            return there
        if there:
            await self._wait_until(self._has_form_loaded, "Frontdesk's answer")
        answers = [self._ada.modal] if self._ada.modal else self._ada.ephemeral_messages[-1:]
        for seen in answers:
            self._transcript.print_step("Frontdesk answers her alone:", self._render(seen))
        raise TextRejected("No form for a ticket opened: this text is a command of its own.")

    def _has_form_loaded(self) -> bool:
        return self._ada.modal is None or MemberForm.LOADING not in self._ada.modal.visible_text

    def _get_receipt(self) -> Modal:
        """What stands where the form was, when it was taken."""
        self._check_no_alerts()
        answer = self._ada.modal
        if answer is None:
            raise StepFailed("the form closed without a receipt")
        if answer.errors:
            self._transcript.print_step(
                "She presses Submit. The form stays open:", self._render(answer)
            )
            said = "; ".join(f"{label}: {error}" for label, error in answer.errors.items())
            kind = StepFailed if " ERROR " in self._world.bot.log else TextRejected
            raise kind(f"The form did not take this text, so there is no ticket. {said}")
        return answer

    async def _wait_for_notifications(self, number: str) -> tuple[Person, Message]:
        """Everybody is told; returns who got the ticket, and their card."""
        offer, letter = await asyncio.gather(
            self._with_elapsed_seconds(self._wait_for_offer(number)),
            self._with_elapsed_seconds(self._wait_for_email(number)),
        )
        assignee, card = offer[0]
        name = assignee.real_name
        following = self._ada.wait_for_message(
            _message_filter(number, text=name), timeout_seconds=MAX_WAIT_SECONDS
        )
        _, followed = await self._with_elapsed_seconds(following)
        self._print_decisions(await self._get_ticket(number), name)
        for at, title, lines in sorted(
            [
                (offer[1], f"{name} gets a direct message from Frontdesk:", self._render(card)),
                (letter[1], f"{name} gets a letter:", render_email(letter[0])),
                (
                    followed,
                    "Ada has a card of her own, which follows the ticket:",
                    self._ada_card_lines(),
                ),
            ]
        ):
            self._transcript.print_step(title, lines, at_seconds=at)
        return assignee, card

    def _print_decisions(self, ticket: Document, name: str) -> None:
        triage = ticket["triage"]
        at = {
            event["what"]: self._transcript.seconds_until(event["at"])
            for event in ticket["history"]
        }
        self._transcript.print_step(
            "Triage has read it; Gemini is a stand-in here, and only looks for words:",
            render_fields({name: triage[name] for name in _TRIAGE_FIELDS}),
            at_seconds=at.get("triaged"),
        )
        self._transcript.print_step(
            f"It is offered to {name}:", [f"Why: {ticket['reason']}"], at_seconds=at.get("offered")
        )

    async def _claim(self, number: str, assignee: Person, offered: Message) -> Message:
        mine = self._ada_card_lines()
        await assignee.click(offered, CardButton.CLAIM)
        claimed = await assignee.wait_for_message(
            _message_filter(number, button=CardButton.RESOLVE), timeout_seconds=MAX_WAIT_SECONDS
        )
        title = f"{assignee.real_name} presses {CardButton.CLAIM}. What is new on the card:"
        self._transcript.print_step(title, new_lines(self._render(offered), self._render(claimed)))
        await self._print_ada_card_changes("What is new on Ada's card:", before=mine)
        return claimed

    async def _resolve(self, number: str, assignee: Person, claimed: Message) -> None:
        mine = self._ada_card_lines()
        await assignee.click(claimed, CardButton.RESOLVE)
        self._transcript.print_step(f"{assignee.real_name} presses {CardButton.RESOLVE}.", [])
        asked = await self._ada.wait_for_message(
            _message_filter(number, button=CardButton.REOPEN), timeout_seconds=MAX_WAIT_SECONDS
        )
        self._transcript.print_step("Ada is asked whether it helped:", self._render(asked))
        await self._print_ada_card_changes("What is new on her card:", before=mine)

    async def _print_ada_card_changes(self, title: str, *, before: list[str]) -> None:
        await self._wait_until(lambda: self._ada_card_lines() != before, "Ada's card to change")
        self._transcript.print_step(title, new_lines(before, self._ada_card_lines()))

    async def _wait_for_pending_steps(self, number: str) -> None:
        """Wait until no step is pending; the database does not call us, so look again."""
        tries = int(MAX_WAIT_SECONDS / _POLL_SECONDS)
        for _ in range(tries):
            ticket = await self._get_ticket(number)
            if not ticket["pending"]:
                break
            await asyncio.sleep(_POLL_SECONDS)
        else:
            raise StepFailed(f"steps are left to do: {_pending_steps_text(ticket)}")
        self._transcript.print_step(
            "Nothing is left to do. The ticket's history:", self._history_lines(ticket)
        )
        self._transcript.print_line("\nEvery step happened.")

    async def _get_ticket(self, number: str) -> Document:
        ticket = await self._world.database["tickets"].find_one({"_id": number})
        if ticket is None:
            raise StepFailed(f"{number} is on the receipt, but not in the database")
        return ticket

    async def _wait_for_offer(self, number: str) -> tuple[Person, Message]:
        """The first card with the button, and who has it before them."""
        fits = _message_filter(number, button=CardButton.CLAIM)

        def offers() -> list[tuple[Person, Message]]:
            people = self._world.slack.people
            return [(person, one) for person in people for one in person.messages if fits(one)]

        return (await self._wait_until(offers, f"somebody to be offered {number}"))[0]

    async def _wait_for_email(self, number: str) -> ReceivedEmail:
        mail = self._world.mail
        letters = await mail.wait_until(
            lambda: [one for one in mail.inbox if number in one.subject],
            timeout_seconds=MAX_WAIT_SECONDS,
            waiting_for=f"a letter about {number}",
        )
        return letters[0]

    async def _wait_until(self, condition: Callable[[], T], waiting_for: str) -> T:
        return await self._world.slack.wait_until(
            condition, timeout_seconds=MAX_WAIT_SECONDS, waiting_for=waiting_for
        )

    async def _with_elapsed_seconds(self, awaited: Awaitable[T]) -> tuple[T, float]:
        return await awaited, self._transcript.elapsed_seconds()

    def _ada_card_lines(self) -> list[str]:
        """Ada's card as it is now: the first message she got."""
        return self._render(self._ada.messages[0])

    def _render(self, seen: Message | Modal) -> list[str]:
        return render_lines(seen, self._world.slack.state.display_name)

    def _check_no_alerts(self) -> None:
        if self._ada.alerts:
            raise StepFailed(f"Slack said: {'; '.join(self._ada.alerts)}")

    def _history_lines(self, ticket: Document) -> Iterator[str]:
        for event in ticket["history"]:
            who = (
                self._world.slack.get_person(event["who"]).real_name if event["who"] else "the desk"
            )
            at = format_duration(self._transcript.seconds_until(event["at"]))
            yield f"{at:>8}  {event['what']} by {who}"


def _message_filter(number: str, *, text: str = "", button: str = "") -> Callable[[Message], bool]:
    return lambda seen: (
        number in seen.visible_text
        and text in seen.visible_text
        and (not button or button in seen.buttons)
    )


def _ticket_lines(ticket: Document) -> list[str]:
    fields = {name: ticket[name] for name in _STORED_FIELDS}
    return render_fields(fields | {"pending": _pending_steps_text(ticket)})


def _pending_steps_text(ticket: Document) -> str:
    return ", ".join(f"{step['step']} {step['error']}".strip() for step in ticket["pending"])


def _log_tail(process: Process, lines: int = 15) -> str:
    return "\n".join(process.log.splitlines()[-lines:])
