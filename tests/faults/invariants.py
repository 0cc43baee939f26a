"""The invariants I1 to I11, which hold after any fault, checked in MongoDB and the sandbox."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any

from aiohttp import ClientError, ClientSession

from models.errors import NoSuchTicket, NotAllowed, UserFacingError
from models.messages.buttons import card_buttons
from models.messages.cards import render_card
from models.people.member import Member, Role
from models.tickets import workflow
from models.tickets.actions import MOVE_BY_EVENT, Verb
from models.tickets.card_list import live_cards, missing_cards
from models.tickets.pending_step import Step
from models.tickets.ticket import ASSIGNED_STATUSES, Draft, Event, Status, Ticket
from sandbox.services.processes import Process
from sandbox.slack.actors.rendered import Message
from sandbox.slack.primitives.json_types import get_path
from sandbox.world.world import World

_FIELDS_SET_BY_TRANSITIONS = (
    "status",
    "state_version",
    "assignee",
    "offers",
    "declined_by",
    "resolver",
)
_CARD_STEPS = {Step.DM_REQUESTER, Step.DM_ASSIGNEE, Step.ASK_REQUESTER, Step.REFRESH_CARDS}
# Moves that do not show the assignee before them.
_MOVES_WITHOUT_ASSIGNEE = {
    Verb.CORRECT,
    Verb.RETRIAGE,
    Verb.SELF_RESOLVE,
    Verb.RESOLVE_WITH_INCIDENT,
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
# Shorter texts may be in logs by chance.
_MIN_LEAK_LENGTH = 8
_MAX_READY_SECONDS = 10
_POLL_SECONDS = 0.1


async def check_invariants(
    world: World,
    *,
    former_moderator_ids: Collection[str] = (),
    more_processes: Collection[Process] = (),
    ids_with_newer_moves: Collection[str] = (),
) -> None:
    """Fail with a list of all broken invariants. Call it when no step is running.

    Args:
        world: the world to check.
        former_moderator_ids: people who were moderators earlier in the test.
        more_processes: workers and bots that run besides the world's own.
        ids_with_newer_moves: tickets with moves of a newer release; they are not replayed.
    """
    evidence = Evidence(
        world=world,
        documents=await world.find_documents("tickets"),
        archived_events=await world.find_documents("ticket_events"),
        members=[Member.model_validate(doc) for doc in await world.find_documents("members")],
        former_moderator_ids=former_moderator_ids,
        processes=[world.bot, world.worker, *more_processes],
        ids_with_newer_moves=ids_with_newer_moves,
    )
    violations = [violation for invariant in _INVARIANTS for violation in invariant(evidence)]
    violations += [violation async for violation in _i10_processes_recover_alone(evidence)]
    assert not violations, "\n".join(violations)


@dataclass(frozen=True)
class Evidence:
    """The stored data and the processes that the invariants check."""

    world: World
    documents: list[dict[str, Any]]
    archived_events: list[dict[str, Any]]
    members: list[Member]
    former_moderator_ids: Collection[str]
    processes: Collection[Process]
    ids_with_newer_moves: Collection[str]

    @cached_property
    def tickets(self) -> list[Ticket]:
        """All tickets except the quarantined ones."""
        readable = (doc for doc in self.documents if "set_aside" not in doc)
        return [Ticket.model_validate({**doc, "id": doc["_id"]}) for doc in readable]

    def with_archived_events(self, ticket: Ticket) -> Ticket:
        """The ticket with all its events, also those that only the event log has."""
        archived = [
            {name: document[name] for name in Event.model_fields}
            for document in sorted(self.archived_events, key=itemgetter("number"))
            if document["ticket_id"] == ticket.id
            and document["number"] <= ticket.archived_event_count
        ]
        events = tuple(map(Event.model_validate, archived))
        return ticket.model_copy(update={"history": (*events, *ticket.history)})

    @cached_property
    def notices(self) -> list[tuple[str, str, Message]]:
        """The existing messages with a notice: person id, notice id and message."""
        return [
            (person.id, str(notice), message)
            for person in self.world.slack.people
            for message in person.messages
            if (notice := get_path(message.metadata or {}, "event_payload", "notice"))
        ]

    def member_at_move(self, slack_id: str) -> Member:
        """A member with the role of that time. An unknown person has no role."""
        stored = next((one for one in self.members if one.slack_id == slack_id), None)
        member = stored or Member(team_id="", slack_id=slack_id)
        if slack_id in self.former_moderator_ids:
            return member.model_copy(update={"role": Role.MODERATOR, "active": True})
        return member


def _i1_each_receipt_has_a_ticket(evidence: Evidence) -> Iterator[str]:
    stored = {(doc["_id"], doc["key"]) for doc in evidence.documents}
    for entry in evidence.world.slack.traffic_log.acks("view_submission"):
        title = get_path(entry.response, "body", "view", "title", "text") or ""
        receipt = (
            title.removeprefix(_RECEIPT_PREFIX),
            f"view:{get_path(entry.request, 'view', 'id')}",
        )
        if title.startswith(f"{_RECEIPT_PREFIX}T-") and receipt not in stored:
            yield f"I1: {receipt[0]} is on a receipt, but is not stored for {receipt[1]}"


def _i2_one_ticket_for_one_view(evidence: Evidence) -> Iterator[str]:
    submissions = evidence.world.slack.traffic_log.deliveries("view_submission")
    views = {f"view:{get_path(entry.request, 'view', 'id')}" for entry in submissions}
    for key, count in Counter(ticket.key for ticket in evidence.tickets).items():
        if count > 1:
            yield f"I2: {count} tickets for {key}"
        if key not in views:
            yield f"I2: a ticket for {key}, which nobody submitted"


def _i3_i8_history_is_legal_and_complete(evidence: Evidence) -> Iterator[str]:
    for stored_ticket in evidence.tickets:
        ticket = evidence.with_archived_events(stored_ticket)
        times = [event.at for event in ticket.history]
        if times != sorted(times):
            yield f"I3: {ticket.id}: the times in its history go backwards"
        if ticket.id in evidence.ids_with_newer_moves:
            continue
        try:
            replayed = _replay_history(ticket, evidence)
        except (NotAllowed, NoSuchTicket):
            yield f"I8: {ticket.id}: somebody made a move without permission"
        except (UserFacingError, ValueError) as error:
            yield f"I3: {ticket.id}: its history is not legal: {error}"
        else:
            for name in _FIELDS_SET_BY_TRANSITIONS:
                expected, actual = getattr(replayed, name), getattr(ticket, name)
                if expected != actual:
                    yield f"I3: {ticket.id}: by its history {name} is {expected!r}, not {actual!r}"


def _replay_history(ticket: Ticket, evidence: Evidence) -> Ticket:
    """The ticket that results from its history."""
    replayed = Ticket(
        id=ticket.id,
        opened_at=ticket.opened_at,
        **ticket.model_dump(include=set(Draft.model_fields)),
    )
    for position, event in enumerate(ticket.history):
        move = MOVE_BY_EVENT[event.what]
        actor = evidence.member_at_move(event.who) if event.who else None
        changes: dict[str, Any] = {}
        if move is Verb.OFFER:
            assignee = _offer_recipient(ticket, position)
            changes = {"assignee": assignee, "offers": replayed.offers + 1}
        if move is Verb.RESOLVE_WITH_INCIDENT:
            changes = {"resolver": ticket.resolver}
        replayed = workflow.transition(
            replayed, move, actor=actor, now=event.at, event_reason=event.why, **changes
        )
    return replayed


def _offer_recipient(ticket: Ticket, position: int) -> str | None:
    """The recipient of an offer. The history does not store it; the next move shows it."""
    later_events = ticket.history[position + 1 :]
    moves = [event for event in later_events if event.what not in _MOVES_WITHOUT_ASSIGNEE]
    if not moves:
        return ticket.assignee
    mentioned = _MENTION.match(moves[0].why)
    return moves[0].who or (mentioned[1] if mentioned else None)


def _i4_pending_steps_are_due_or_dead_with_error(evidence: Evidence) -> Iterator[str]:
    documents = {doc["_id"]: doc for doc in evidence.documents}
    for ticket in evidence.tickets:
        document = documents[ticket.id]
        for entry in ticket.pending:
            if entry.due is None and not entry.error:
                yield f"I4: {ticket.id}: {entry.step} is dead without a reason"
        for step, count in Counter(entry.step for entry in ticket.pending).items():
            if count > 1:
                yield f"I4: {ticket.id}: {step} is pending {count} times"
        indexed_due, due = document.get("due"), ticket.due_at()
        if indexed_due != due:
            yield f"I4: {ticket.id}: the sweep finds it at {indexed_due}, not {due}"


def _i5_one_message_for_one_notice(evidence: Evidence) -> Iterator[str]:
    notices = Counter((person, notice) for person, notice, _ in evidence.notices)
    for (person, notice), count in notices.items():
        if count > 1:
            yield f"I5: {person} has {count} messages {notice}"


def _i5_cards_show_current_ticket(evidence: Evidence) -> Iterator[str]:
    for ticket in evidence.tickets:
        if any(entry.step in _CARD_STEPS for entry in ticket.pending):
            continue
        cards = {(card.to, card.notice): card for card in ticket.cards}
        shown = {
            (person, notice): message
            for person, notice, message in evidence.notices
            if notice.startswith(f"{ticket.id}.")
        }
        for person, notice in shown.keys() - cards.keys():
            if notice not in {card.notice for card in ticket.former_cards}:
                yield f"I5: the message {notice} to {person} is not stored"
            elif shown[person, notice].buttons:
                yield f"I5: the retired card {notice} of {person} has buttons"
        for person, notice in cards.keys() - shown.keys():
            yield f"I5: the message {notice} to {person} is stored, but does not exist"
        for key in cards.keys() & shown.keys():
            current = render_card(ticket, cards[key].kind, viewer=key[0])
            if not _contains_blocks(shown[key].blocks, current.blocks):
                yield f"I5: {key[1]} does not show {key[0]} the current {ticket.id}"


def _i11_people_with_a_ticket_have_its_card(evidence: Evidence) -> Iterator[str]:
    for ticket in evidence.tickets:
        if any(entry.step in _CARD_STEPS for entry in ticket.pending):
            continue
        for kind, person in missing_cards(ticket):
            yield f"I11: {person} has {ticket.id}, but no {kind} card"
        for (kind, person), card in live_cards(ticket).items():
            shown = [
                m for to, notice, m in evidence.notices if (to, notice) == (person, card.notice)
            ]
            labels = [button["text"]["text"] for button in card_buttons(ticket, kind, person)]
            if not shown or not set(labels) <= set(shown[0].buttons):
                yield f"I11: {person} has {ticket.id}, but the {kind} card lacks {labels}"


def _contains_blocks(actual: Any, expected: Any) -> bool:
    """Whether all expected values are there. Slack adds ids and defaults."""
    if isinstance(expected, dict):
        return all(
            key in actual and _contains_blocks(actual[key], expected[key]) for key in expected
        )
    if isinstance(expected, list):
        return len(actual) == len(expected) and all(map(_contains_blocks, actual, expected))
    return bool(actual == expected)


def _i6_emails_match_offers(evidence: Evidence) -> Iterator[str]:
    recipients_by_notice: dict[str, set[str]] = {}
    for email in evidence.world.mail.inbox:
        notice = email.message_id.removeprefix("<").rpartition("@")[0].rpartition(".")[0]
        recipients_by_notice.setdefault(notice, set()).update(email.recipients)
    for notice, recipients in recipients_by_notice.items():
        if len(recipients) > 1:
            yield f"I6: the e-mail {notice} went to {sorted(recipients)}"
    offers = {f"{t.id}.offer.{number + 1}" for t in evidence.tickets for number in range(t.offers)}
    for notice in recipients_by_notice.keys() - offers:
        yield f"I6: an e-mail {notice} without an offer"
    for notice in _required_emails(evidence) - recipients_by_notice.keys():
        yield f"I6: nobody got the e-mail {notice}"


def _required_emails(evidence: Evidence) -> set[str]:
    """The e-mails that must exist: one for each open offer to a member with an address.

    A ticket that was claimed before its e-mail was sent needs none.
    """
    return {
        f"{ticket.id}.offer.{ticket.offers}"
        for ticket in evidence.tickets
        if ticket.status is Status.OFFERED
        and ticket.find_step(Step.EMAIL_ASSIGNEE) is None
        and evidence.member_at_move(ticket.assignee or "").email
    }


def _i7_assignee_is_allowed(evidence: Evidence) -> Iterator[str]:
    moderators = {member.slack_id for member in evidence.members if member.can_moderate}
    for ticket in evidence.tickets:
        if ticket.status in ASSIGNED_STATUSES:
            if ticket.assignee not in moderators:
                yield f"I7: {ticket.id} is with {ticket.assignee}, who is not a moderator"
            if ticket.assignee == ticket.requester:
                yield f"I7: {ticket.id} is with its requester"
        elif ticket.status is not Status.RESOLVED and ticket.assignee:
            yield f"I7: {ticket.id} is {ticket.status}, but {ticket.assignee} is its assignee"


def _i9_logs_leak_nothing(evidence: Evidence) -> Iterator[str]:
    world = evidence.world
    secrets = [(name, world.environment.get(name, "")) for name in _SECRET_VARIABLES]
    texts = {line: f"the text of {t.id}" for t in evidence.tickets for line in t.text.splitlines()}
    private_texts = [*secrets, *((name, line) for line, name in texts.items())]
    for process in evidence.processes:
        log = process.log
        for name, text in private_texts:
            if len(text) >= _MIN_LEAK_LENGTH and text in log:
                yield f"I9: {name} is in the log of the {process.name}"


async def _i10_processes_recover_alone(evidence: Evidence) -> AsyncIterator[str]:
    for process in evidence.processes:
        if not process.is_alive:
            yield f"I10: the {process.name} has ended ({process.exit_code})"
    status = ""
    try:
        async with asyncio.timeout(_MAX_READY_SECONDS), ClientSession() as http:
            while status != "200":
                status = await _readyz_status(http, evidence.world.bot_url)
                # The bot does not announce that it is ready, so this polls.
                await asyncio.sleep(_POLL_SECONDS if status != "200" else 0)
    except TimeoutError:
        yield f"I10: /readyz says {status or 'nothing'} after {_MAX_READY_SECONDS} s"


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
    _i11_people_with_a_ticket_have_its_card,
)
