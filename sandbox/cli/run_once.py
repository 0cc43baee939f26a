"""Runs one ticket through the real bot and worker, and prints a transcript for newcomers.

`python -m sandbox --once "Outlook keeps asking for my password"` exits with 0 only if every step
happened: form, receipt, triage, assignment, direct message, e-mail, claim, resolution.
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

# A failed step is retried after some seconds; a step of a killed worker, after 35 seconds.
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
    """A step did not happen; the message says which one, and what happened instead."""


class TextRejected(StepFailed):
    """The form refused this text, so there is no ticket; Frontdesk works as intended."""


async def run_once(text: str) -> int:
    """Start Frontdesk, run one ticket with a transcript on stdout, and return the exit code."""
    print("Starting Frontdesk …", file=sys.stderr, flush=True)
    try:
        async with DatabaseServers() as servers, World(servers=servers) as world:
            return await run_story(world, text)
    except ProcessFailed as error:
        print(f"Frontdesk did not start: {error}", file=sys.stderr)
        return 1


async def run_story(world: World, text: str) -> int:
    """Run one ticket in a running world; failures and the ends of the logs go to stderr."""
    try:
        await promote_moderators(world.slack, world.personas)
        # A command line may contain bytes that are not text. Slack's clients never send them.
        await TicketStory(world, text.encode(errors="replace").decode()).run()
    except TextRejected as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except (StepFailed, *_FAILURES) as error:
        print(f"\nNot every step happened: {error}", file=sys.stderr)
        for process in (world.bot, world.worker):
            print(f"\nThe end of {process.name}'s log:\n{_log_tail(process)}", file=sys.stderr)
        return 1
    return 0


class TicketStory:
    """One ticket from the command to its resolution, step by step."""

    def __init__(self, world: World, text: str) -> None:
        self._world = world
        self._text = text
        self._ada = world.personas.ada
        self._transcript = Transcript()

    async def run(self) -> None:
        """Run and print every step.

        Raises:
            StepFailed: a step did not happen.
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
            "moment when Ada typed the command.\n\n"
            "Ada Lovelace needs help. Grace Hopper, the admin, added these moderators:"
        )
        for person, skills in moderator_skills(self._world.personas).items():
            self._transcript.print_line(f"  {person.real_name:<10} skills: {', '.join(skills)}")

    async def _submit_ticket(self) -> str:
        """Ada types the command and submits the form; returns the ticket number on her receipt."""
        self._transcript.start_clock()
        self._transcript.print_step("Ada types into Slack:", [f"/ticket {self._text}".rstrip()])
        await self._ada.type_text(f"/ticket {self._text}")
        form = await self._wait_for_form()
        self._transcript.print_step("Ada sees a form:", self._render(form))
        for message in self._ada.ephemeral_messages:
            self._transcript.print_step("Only Ada sees this message:", self._render(message))
        await self._ada.submit_modal()
        receipt = self._get_receipt()
        self._transcript.print_step(
            f"Ada presses {form.submit}. The form becomes a receipt:", self._render(receipt)
        )
        await self._ada.close_modal()
        return receipt.title.split()[-1]

    async def _wait_for_form(self) -> Modal:
        """The new-ticket form; some words are subcommands, which open another form or none."""
        self._check_no_alerts()
        modal = self._ada.modal
        if modal and modal.submit:
            return modal
        if modal:
            await self._wait_until(self._has_form_loaded, "Frontdesk's answer")
        answers = [self._ada.modal] if self._ada.modal else self._ada.ephemeral_messages[-1:]
        for answer in answers:
            self._transcript.print_step("Only Ada sees the answer:", self._render(answer))
        raise TextRejected("No new-ticket form opened: this text is a subcommand of /ticket.")

    def _has_form_loaded(self) -> bool:
        return self._ada.modal is None or MemberForm.LOADING not in self._ada.modal.visible_text

    def _get_receipt(self) -> Modal:
        self._check_no_alerts()
        modal = self._ada.modal
        if modal is None:
            raise StepFailed("the form closed without a receipt")
        if modal.errors:
            self._transcript.print_step(
                "Ada presses Submit. The form stays open:", self._render(modal)
            )
            errors = "; ".join(f"{label}: {error}" for label, error in modal.errors.items())
            error_type = StepFailed if " ERROR " in self._world.bot.log else TextRejected
            raise error_type(f"The form refused this text, so there is no ticket. {errors}")
        return modal

    async def _wait_for_notifications(self, number: str) -> tuple[Person, Message]:
        """Wait for all messages about the offer; returns the moderator and their card."""
        offer, email = await asyncio.gather(
            self._with_elapsed_seconds(self._wait_for_offer(number)),
            self._with_elapsed_seconds(self._wait_for_email(number)),
        )
        assignee, card = offer[0]
        name = assignee.real_name
        own_card = self._ada.wait_for_message(
            _message_filter(number, text=name), timeout_seconds=MAX_WAIT_SECONDS
        )
        _, own_card_at = await self._with_elapsed_seconds(own_card)
        self._print_decisions(await self._get_ticket(number), name)
        for at, title, lines in sorted(
            [
                (offer[1], f"{name} gets a direct message from Frontdesk:", self._render(card)),
                (email[1], f"{name} gets an e-mail:", render_email(email[0])),
                (
                    own_card_at,
                    "Ada has her own card, which shows the ticket's state:",
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
            "Triage is done. Gemini is simulated here and only looks for words:",
            render_fields({name: triage[name] for name in _TRIAGE_FIELDS}),
            at_seconds=at.get("triaged"),
        )
        self._transcript.print_step(
            f"Frontdesk offers the ticket to {name}:",
            [f"Why: {ticket['reason']}"],
            at_seconds=at.get("offered"),
        )

    async def _claim(self, number: str, assignee: Person, offered: Message) -> Message:
        before = self._ada_card_lines()
        await assignee.click(offered, CardButton.CLAIM)
        claimed = await assignee.wait_for_message(
            _message_filter(number, button=CardButton.RESOLVE), timeout_seconds=MAX_WAIT_SECONDS
        )
        title = f"{assignee.real_name} presses {CardButton.CLAIM}. New lines on the card:"
        self._transcript.print_step(title, new_lines(self._render(offered), self._render(claimed)))
        await self._print_ada_card_changes("New lines on Ada's card:", before=before)
        return claimed

    async def _resolve(self, number: str, assignee: Person, claimed: Message) -> None:
        before = self._ada_card_lines()
        await assignee.click(claimed, CardButton.RESOLVE)
        self._transcript.print_step(f"{assignee.real_name} presses {CardButton.RESOLVE}.", [])
        question = await self._ada.wait_for_message(
            _message_filter(number, button=CardButton.REOPEN), timeout_seconds=MAX_WAIT_SECONDS
        )
        self._transcript.print_step(
            "Frontdesk asks Ada whether this helped:", self._render(question)
        )
        await self._print_ada_card_changes("New lines on Ada's card:", before=before)

    async def _print_ada_card_changes(self, title: str, *, before: list[str]) -> None:
        await self._wait_until(lambda: self._ada_card_lines() != before, "Ada's card to change")
        self._transcript.print_step(title, new_lines(before, self._ada_card_lines()))

    async def _wait_for_pending_steps(self, number: str) -> None:
        """Poll until no step is pending, because MongoDB does not report changes here."""
        polls = int(MAX_WAIT_SECONDS / _POLL_SECONDS)
        for _ in range(polls):
            ticket = await self._get_ticket(number)
            if not ticket["pending"]:
                break
            await asyncio.sleep(_POLL_SECONDS)
        else:
            raise StepFailed(f"these steps are still pending: {_pending_steps_text(ticket)}")
        self._transcript.print_step(
            "No steps are pending. The ticket's history:", self._history_lines(ticket)
        )
        self._transcript.print_line("\nEvery step happened.")

    async def _get_ticket(self, number: str) -> Document:
        ticket = await self._world.database["tickets"].find_one({"_id": number})
        if ticket is None:
            raise StepFailed(f"{number} is on the receipt, but not in the database")
        return ticket

    async def _wait_for_offer(self, number: str) -> tuple[Person, Message]:
        """The first card with the button *Claim*, and the moderator who got it."""
        matches = _message_filter(number, button=CardButton.CLAIM)

        def offers() -> list[tuple[Person, Message]]:
            people = self._world.slack.people
            return [(person, one) for person in people for one in person.messages if matches(one)]

        return (await self._wait_until(offers, f"an offer of {number}"))[0]

    async def _wait_for_email(self, number: str) -> ReceivedEmail:
        mail = self._world.mail
        emails = await mail.wait_until(
            lambda: [email for email in mail.inbox if number in email.subject],
            timeout_seconds=MAX_WAIT_SECONDS,
            waiting_for=f"an e-mail about {number}",
        )
        return emails[0]

    async def _wait_until(self, condition: Callable[[], T], waiting_for: str) -> T:
        return await self._world.slack.wait_until(
            condition, timeout_seconds=MAX_WAIT_SECONDS, waiting_for=waiting_for
        )

    async def _with_elapsed_seconds(self, awaited: Awaitable[T]) -> tuple[T, float]:
        return await awaited, self._transcript.elapsed_seconds()

    def _ada_card_lines(self) -> list[str]:
        """The current lines of Ada's card, which is her first message."""
        return self._render(self._ada.messages[0])

    def _render(self, surface: Message | Modal) -> list[str]:
        return render_lines(surface, self._world.slack.state.display_name)

    def _check_no_alerts(self) -> None:
        if self._ada.alerts:
            raise StepFailed(f"Slack showed an alert: {'; '.join(self._ada.alerts)}")

    def _history_lines(self, ticket: Document) -> Iterator[str]:
        for event in ticket["history"]:
            person = self._world.slack.get_person(event["who"]) if event["who"] else None
            actor = person.real_name if person else "Frontdesk"
            at = format_duration(self._transcript.seconds_until(event["at"]))
            yield f"{at:>8}  {event['what']} by {actor}"


def _message_filter(number: str, *, text: str = "", button: str = "") -> Callable[[Message], bool]:
    return lambda message: (
        number in message.visible_text
        and text in message.visible_text
        and (not button or button in message.buttons)
    )


def _ticket_lines(ticket: Document) -> list[str]:
    fields = {name: ticket[name] for name in _STORED_FIELDS}
    return render_fields(fields | {"pending": _pending_steps_text(ticket)})


def _pending_steps_text(ticket: Document) -> str:
    return ", ".join(f"{step['step']} {step['error']}".strip() for step in ticket["pending"])


def _log_tail(process: Process, lines: int = 15) -> str:
    return "\n".join(process.log.splitlines()[-lines:])
