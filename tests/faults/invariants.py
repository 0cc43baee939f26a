"""What must be true whatever has failed: I1 to I10, from MongoDB and what the sandbox has seen."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiohttp import ClientError, ClientSession

from models.errors import NotAllowed, UserFacingError
from models.messages.cards import render_card
from models.people.member import Member, Role
from models.tickets import workflow
from models.tickets.pending_step import Step
from models.tickets.ticket import ASSIGNED_STATUSES, Draft, Status, Ticket
from models.tickets.workflow import Move
from sandbox.services.processes import Process
from sandbox.slack.actors.rendered import Message
from sandbox.slack.primitives.json_types import get_path
from sandbox.world.world import World

_FIELDS_SET_BY_TRANSITIONS = ("status", "version", "assignee", "offers", "declined_by", "resolver")
_CARD_STEPS = {Step.DM_REQUESTER, Step.DM_ASSIGNEE, Step.ASK_REQUESTER, Step.REFRESH_CARDS}
# Moves that say nothing of who had the ticket before.
_MOVES_WITHOUT_ASSIGNEE = {
    Move.CORRECT,
    Move.RETRIAGE,
    Move.SELF_RESOLVE,
    Move.RESOLVE_WITH_INCIDENT,
}
_MENTION = re.compile(r"<@(\w+)>")
_RECEIPT_PREFIX = "Ticket "
_SECRET_VARIABLES = (
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
    "GEMINI_API_KEY",
    "JWT_SECRET",
)
# Shorter words of people stand in logs by chance.
_MIN_LEAK_LENGTH = 8
_MAX_READY_SECONDS = 10
_POLL_SECONDS = 0.1


async def check_invariants(
    world: World,
    *,
    former_moderator_ids: Collection[str] = (),
    more_processes: Collection[Process] = (),
) -> None:
    """Fail with each invariant that does not hold; to be asked when nothing is at work any more.

    Args:
        moderated: ids of those who have moderated in this story, though they may not any more.
        more: workers and bots that run besides the world's own.
    """
    seen = Evidence(
        world=world,
        documents=await world.find_documents("tickets"),
        members=[Member.model_validate(each) for each in await world.find_documents("members")],
        former_moderator_ids=former_moderator_ids,
        processes=[world.bot, world.worker, *more_processes],
    )
    broken = [wrong for invariant in _INVARIANTS for wrong in invariant(seen)]
    broken += [wrong async for wrong in _i10_processes_recover_alone(seen)]
    assert not broken, "\n".join(broken)


@dataclass(frozen=True)
class Evidence:
    """What there is to judge by."""

    world: World
    documents: list[dict[str, Any]]
    members: list[Member]
    former_moderator_ids: Collection[str]
    processes: Collection[Process]

    @cached_property
    def tickets(self) -> list[Ticket]:
        """All tickets, but for damaged ones that were set aside."""
        sound = (each for each in self.documents if "set_aside" not in each)
        return [Ticket.model_validate({**each, "id": each["_id"]}) for each in sound]

    @cached_property
    def notices(self) -> list[tuple[str, str, Message]]:
        """Who was told what by which message that is still there."""
        return [
            (person.id, str(notice), message)
            for person in self.world.slack.people
            for message in person.messages
            if (notice := get_path(message.metadata or {}, "event_payload", "notice"))
        ]

    def member_at_move(self, slack_id: str) -> Member:
        """Somebody as they were when they made a move; who is unknown may do nothing."""
        found = next((each for each in self.members if each.slack_id == slack_id), None)
        member = found or Member(team_id="", slack_id=slack_id)
        if slack_id in self.former_moderator_ids:
            return member.model_copy(update={"role": Role.MODERATOR, "active": True})
        return member


def _i1_each_receipt_has_a_ticket(seen: Evidence) -> Iterator[str]:
    stored = {(each["_id"], each["key"]) for each in seen.documents}
    for entry in seen.world.slack.traffic_log.acks("view_submission"):
        title = get_path(entry.response, "body", "view", "title", "text") or ""
        receipt = (
            title.removeprefix(_RECEIPT_PREFIX),
            f"view:{get_path(entry.request, 'view', 'id')}",
        )
        if title.startswith(f"{_RECEIPT_PREFIX}T-") and receipt not in stored:
            yield f"I1: {receipt[0]} is on a receipt, but not stored for {receipt[1]}"


def _i2_one_ticket_for_one_view(seen: Evidence) -> Iterator[str]:
    sent = seen.world.slack.traffic_log.deliveries("view_submission")
    views = {f"view:{get_path(entry.request, 'view', 'id')}" for entry in sent}
    for key, times in Counter(ticket.key for ticket in seen.tickets).items():
        if times > 1:
            yield f"I2: {times} tickets for {key}"
        if key not in views:
            yield f"I2: a ticket for {key}, which nobody has sent"


def _i3_i8_history_is_legal_and_complete(seen: Evidence) -> Iterator[str]:
    for ticket in seen.tickets:
        times = [event.at for event in ticket.history]
        if times != sorted(times):
            yield f"I3: {ticket.id}: the times in its history go backwards"
        try:
            again = _replay_history(ticket, seen)
        except NotAllowed:
            yield f"I8: {ticket.id}: somebody made a move that was not theirs to make"
        except (UserFacingError, ValueError) as error:
            yield f"I3: {ticket.id}: its history is no legal way: {error}"
        else:
            for name in _FIELDS_SET_BY_TRANSITIONS:
                then, now = getattr(again, name), getattr(ticket, name)
                if then != now:
                    yield f"I3: {ticket.id}: by its history {name} is {then!r}, not {now!r}"


def _replay_history(ticket: Ticket, seen: Evidence) -> Ticket:
    """The ticket as its history makes it, from the beginning."""
    blank = Ticket(
        id=ticket.id,
        opened_at=ticket.opened_at,
        **ticket.model_dump(include=set(Draft.model_fields)),
    )
    again = blank
    for place, event in enumerate(ticket.history):
        move, by = Move(event.what), seen.member_at_move(event.who) if event.who else None
        changes: dict[str, Any] = {}
        if move is Move.OFFER:
            changes = {"assignee": _offer_recipient(ticket, place), "offers": again.offers + 1}
        if move is Move.RESOLVE_WITH_INCIDENT:
            changes = {"resolver": ticket.resolver}
        again = workflow.transition(
            again, move, actor=by, now=event.at, event_reason=event.why, **changes
        )
    return again


def _offer_recipient(ticket: Ticket, place: int) -> str | None:
    """Who got an offer is not in the history itself: what came next tells, or how it stands."""
    after = [
        each for each in ticket.history[place + 1 :] if each.what not in _MOVES_WITHOUT_ASSIGNEE
    ]
    if not after:
        return ticket.assignee
    named = _MENTION.match(after[0].why)
    return after[0].who or (named[1] if named else None)


def _i4_pending_steps_are_due_or_dead_with_error(seen: Evidence) -> Iterator[str]:
    documents = {each["_id"]: each for each in seen.documents}
    for ticket in seen.tickets:
        document = documents[ticket.id]
        for entry in ticket.pending:
            if entry.due is None and not entry.error:
                yield f"I4: {ticket.id}: {entry.step} is dead without a reason"
        for step, times in Counter(entry.step for entry in ticket.pending).items():
            if times > 1:
                yield f"I4: {ticket.id}: {step} is pending {times} times"
        looked_at, due = document.get("due"), ticket.due_at()
        if looked_at != due:
            yield f"I4: {ticket.id}: the sweep looks at {looked_at}, not {due}"


def _i5_one_message_for_one_notice(seen: Evidence) -> Iterator[str]:
    for (person, notice), times in Counter((who, what) for who, what, _ in seen.notices).items():
        if times > 1:
            yield f"I5: {person} has {times} messages {notice}"


def _i5_cards_show_current_ticket(seen: Evidence) -> Iterator[str]:
    for ticket in seen.tickets:
        if any(entry.step in _CARD_STEPS for entry in ticket.pending):
            continue
        cards = {(card.to, card.notice): card for card in ticket.cards}
        shown = {
            (person, notice): message
            for person, notice, message in seen.notices
            if notice.startswith(f"{ticket.id}.")
        }
        for person, notice in shown.keys() - cards.keys():
            yield f"I5: the desk has forgotten the message {notice} to {person}"
        for person, notice in cards.keys() - shown.keys():
            yield f"I5: the desk takes {notice} to {person} for a message that is there"
        for key in cards.keys() & shown.keys():
            drawn = render_card(ticket, cards[key].kind, viewer=key[0])
            if not _contains_blocks(shown[key].blocks, drawn.blocks):
                yield f"I5: {key[1]} does not show {key[0]} {ticket.id} as it is"


def _contains_blocks(actual: Any, expected: Any) -> bool:
    """Whether it is what was drawn; Slack adds ids and defaults of its own."""
    if isinstance(expected, dict):
        return all(
            key in actual and _contains_blocks(actual[key], expected[key]) for key in expected
        )
    if isinstance(expected, list):
        return len(actual) == len(expected) and all(map(_contains_blocks, actual, expected))
    return bool(actual == expected)


def _i6_emails_match_offers(seen: Evidence) -> Iterator[str]:
    sent: dict[str, set[str]] = {}
    for letter in seen.world.mail.inbox:
        notice = letter.message_id.removeprefix("<").rpartition("@")[0].rpartition(".")[0]
        sent.setdefault(notice, set()).update(letter.recipients)
    for notice, recipients in sent.items():
        if len(recipients) > 1:
            yield f"I6: the letter {notice} went to {sorted(recipients)}"
    offers = {f"{t.id}.offer.{number + 1}" for t in seen.tickets for number in range(t.offers)}
    for notice in sent.keys() - offers:
        yield f"I6: a letter {notice}, which nobody was to get"
    for notice in _required_emails(seen) - sent.keys():
        yield f"I6: nobody got the letter {notice}"


def _required_emails(seen: Evidence) -> set[str]:
    """The letters that must have been sent: about offers which stand, to who has an address.

    Who has claimed a ticket before its letter's turn came gets none.
    """
    return {
        f"{ticket.id}.offer.{ticket.offers}"
        for ticket in seen.tickets
        if ticket.status is Status.OFFERED
        and ticket.find_step(Step.EMAIL_ASSIGNEE) is None
        and seen.member_at_move(ticket.assignee or "").email
    }


def _i7_assignee_is_allowed(seen: Evidence) -> Iterator[str]:
    moderators = {member.slack_id for member in seen.members if member.can_moderate}
    for ticket in seen.tickets:
        if ticket.status in ASSIGNED_STATUSES:
            if ticket.assignee not in moderators:
                yield f"I7: {ticket.id} is with {ticket.assignee}, who is no moderator"
            if ticket.assignee == ticket.requester:
                yield f"I7: {ticket.id} is with its requester"
        elif ticket.status is not Status.RESOLVED and ticket.assignee:
            yield f"I7: {ticket.id} is {ticket.status}, and yet with {ticket.assignee}"


def _i9_logs_leak_nothing(seen: Evidence) -> Iterator[str]:
    world = seen.world
    secrets = [(name, world.environment.get(name, "")) for name in _SECRET_VARIABLES]
    texts = {line: f"what {t.id} says" for t in seen.tickets for line in t.text.splitlines()}
    telltales = [*secrets, *((name, line) for line, name in texts.items())]
    for process in seen.processes:
        log = process.log
        for name, words in telltales:
            if len(words) >= _MIN_LEAK_LENGTH and words in log:
                yield f"I9: {name} is in the log of the {process.name}"


async def _i10_processes_recover_alone(seen: Evidence) -> AsyncIterator[str]:
    for process in seen.processes:
        if not process.is_alive:
            yield f"I10: the {process.name} has ended ({process.exit_code})"
    said = ""
    try:
        async with asyncio.timeout(_MAX_READY_SECONDS), ClientSession() as http:
            while said != "200":
                said = await _readyz_status(http, seen.world.bot_url)
                # That it is ready can only be asked, and not too often.
                await asyncio.sleep(_POLL_SECONDS if said != "200" else 0)
    except TimeoutError:
        yield f"I10: /readyz says {said or 'nothing'}, {_MAX_READY_SECONDS} s after"


async def _readyz_status(http: ClientSession, url: str) -> str:
    try:
        async with http.get(f"{url}/readyz") as answer:
            return str(answer.status)
    except ClientError as error:
        return type(error).__name__


_INVARIANTS = (
    _i1_each_receipt_has_a_ticket,
    _i2_one_ticket_for_one_view,
    _i3_i8_history_is_legal_and_complete,
    _i4_pending_steps_are_due_or_dead_with_error,
    _i5_one_message_for_one_notice,
    _i5_cards_show_current_ticket,
    _i6_emails_match_offers,
    _i7_assignee_is_allowed,
    _i9_logs_leak_nothing,
)
