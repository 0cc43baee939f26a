"""The fields table: the facts of a ticket, their surfaces, and those that confidential hides.

Cards, details, e-mails, link pages, webhooks, the API and the audit log are made from these rows,
and `models.tickets.visible_ticket` decides who may see them. `docs/permissions.md` shows the table.
A new fact needs one row: cards, details, e-mails and pages list fields without a place of their own
by their labels, and programs get every field by its name. Notifications and forms list nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from models.tickets.actions import ACTIONS, Verb
from models.tickets.field import Kind, Surface, TicketField
from models.tickets.ticket import Event, IncidentReport, Status, Ticket, Urgency
from models.triage.result import Engine, Priority, Triage
from models.triage.similarity import SolvedTicket

T = TypeVar("T")
_CARDS = frozenset({Surface.REQUESTER_CARD, Surface.MODERATOR_CARD, Surface.WATCHER_CARD})
_MAIL = frozenset({Surface.EMAIL, Surface.LINK_PAGE})
_PROGRAMS = frozenset({Surface.API, Surface.WEBHOOK})
_DETAILS = frozenset({Surface.DETAILS})
_STATUS_LINE = _CARDS | {Surface.NOTIFICATION, Surface.FORM, Surface.LINK_PAGE}


def _from_triage(read: Callable[[Triage], T], default: T) -> Callable[[Ticket], T]:
    """Reads a value from the triage; the default before there is one."""
    return lambda ticket: read(ticket.triage) if ticket.triage else default


def _last_reopener(ticket: Ticket) -> str | None:
    """The person who reopened it last; None if that is long ago."""
    reopened = ACTIONS[Verb.REOPEN].event
    return next((event.who for event in reversed(ticket.history) if event.what == reopened), None)


def _confidence_text(ticket: Ticket) -> str:
    triage = ticket.original_triage or ticket.triage
    if triage is None or ticket.triage is None:
        return ""
    # The confidence belongs to the engine's own category, also after a person has edited it.
    return f"{ticket.triage.confidence:.0%} sure of {triage.category}"


def _triage_line(ticket: Ticket) -> str:
    """The engine, its confidence, and why it was not Gemini."""
    triage = ticket.triage
    if triage is None:
        return "not triaged yet"
    name = "Gemini" if triage.engine is Engine.GEMINI else "the built-in engine"
    because = f"; {triage.why_builtin}" if triage.why_builtin else ""
    original = ticket.original_triage.category if ticket.original_triage else triage.category
    category = "the category" if original == triage.category else original
    return f"{name} ({triage.confidence:.0%} sure of {category}{because})"


def _engine_name(ticket: Ticket) -> str:
    if ticket.triage is None:
        return "not triaged yet"
    return "Gemini" if ticket.triage.engine is Engine.GEMINI else "Built-in engine"


ID = TicketField(
    name="id",
    label="Number",
    value=lambda ticket: ticket.id,
    surfaces=frozenset(Surface) - {Surface.AUDIT_LOG},
    kind=Kind.OWN_PLACE,
    is_private=False,
)
STATUS = TicketField[Status](
    name="status",
    label="Status",
    value=lambda ticket: ticket.status,
    surfaces=_STATUS_LINE | _PROGRAMS | {Surface.AUDIT_LOG},
    kind=Kind.OWN_PLACE,
    is_private=False,
    json_type=Status,
)
CONFIDENTIAL = TicketField[bool](
    name="confidential",
    label="Confidential",
    value=lambda ticket: ticket.confidential,
    surfaces=frozenset(Surface) - {Surface.AUDIT_LOG, Surface.DETAILS, Surface.FORM},
    kind=Kind.OWN_PLACE,
    is_private=False,
    json_type=bool,
)
TITLE = TicketField[str](
    name="title",
    label="Title",
    value=lambda ticket: ticket.title,
    surfaces=_CARDS | _MAIL | _PROGRAMS | {Surface.NOTIFICATION},
    kind=Kind.OWN_PLACE,
)
ASSIGNEE = TicketField[str | None](
    name="assignee",
    label="Assignee",
    value=lambda ticket: ticket.assignee,
    surfaces=_STATUS_LINE | _PROGRAMS | {Surface.AUDIT_LOG},
    kind=Kind.OWN_PLACE,
    json_type=str | None,
    description="Slack id",
)
RESOLVER = TicketField[str | None](
    name="resolver",
    label="Resolver",
    value=lambda ticket: ticket.resolver,
    surfaces=_STATUS_LINE,
    kind=Kind.OWN_PLACE,
    json_type=str | None,
)
REOPENER = TicketField[str | None](
    name="reopener",
    label="Reopener",
    value=_last_reopener,
    surfaces=frozenset({Surface.REQUESTER_CARD, Surface.NOTIFICATION}),
    kind=Kind.OWN_PLACE,
)
REQUESTER = TicketField[str](
    name="requester",
    label="Requester",
    value=lambda ticket: ticket.requester,
    surfaces=_MAIL | _PROGRAMS | {Surface.MODERATOR_CARD, Surface.NOTIFICATION},
    kind=Kind.PERSON,
    description="Slack id",
)
CATEGORY = TicketField[str | None](
    name="category",
    label="Category",
    value=_from_triage(lambda triage: triage.category, None),
    surfaces=_MAIL | _PROGRAMS | {Surface.MODERATOR_CARD, Surface.FORM, Surface.AUDIT_LOG},
    json_type=str | None,
)
SECOND_CATEGORY = TicketField[str](
    name="second",
    label="Second category",
    value=_from_triage(lambda triage: triage.second, ""),
    surfaces=frozenset({Surface.MODERATOR_CARD}),
    kind=Kind.OWN_PLACE,
)
PRIORITY = TicketField[Priority | None](
    name="priority",
    label="Priority",
    value=_from_triage(lambda triage: triage.priority, None),
    surfaces=_MAIL | _PROGRAMS | {Surface.MODERATOR_CARD, Surface.FORM, Surface.AUDIT_LOG},
    json_type=Priority | None,
)
ENGINE = TicketField(name="engine", label="Engine", value=_engine_name, surfaces=_DETAILS)
WHY_BUILTIN = TicketField(
    name="why_builtin",
    label="Why not Gemini",
    value=_from_triage(lambda triage: triage.why_builtin, ""),
    surfaces=_DETAILS,
)
CONFIDENCE = TicketField(
    name="confidence", label="Confidence", value=_confidence_text, surfaces=_DETAILS
)
MODEL = TicketField(
    name="model",
    label="Model",
    value=_from_triage(lambda triage: triage.model, ""),
    surfaces=_DETAILS,
)
PROMPT = TicketField(
    name="prompt",
    label="Prompt version",
    value=_from_triage(lambda triage: triage.prompt, ""),
    surfaces=_DETAILS,
)
RESPONSE_TIME = TicketField(
    name="response_time",
    label="Response time",
    value=_from_triage(lambda triage: f"{triage.ms} ms" if triage.ms else "", ""),
    surfaces=_DETAILS,
)
TOKENS = TicketField(
    name="tokens",
    label="Tokens",
    value=_from_triage(lambda triage: str(triage.tokens or ""), ""),
    surfaces=_DETAILS,
)
SKILLS = TicketField[tuple[str, ...]](
    name="skills",
    label="Skills",
    value=_from_triage(lambda triage: triage.skills, ()),
    surfaces=_MAIL | _PROGRAMS | _DETAILS | {Surface.FORM, Surface.AUDIT_LOG},
    json_type=tuple[str, ...],
)
TRIAGE = TicketField[str](
    name="triage",
    label="Triage",
    value=_triage_line,
    surfaces=_MAIL | {Surface.FORM},
)
OPENED_AT = TicketField[datetime](
    name="opened_at",
    label="Opened",
    value=lambda ticket: ticket.opened_at,
    surfaces=_CARDS | _MAIL | _PROGRAMS,
    json_type=datetime,
)
REASON = TicketField[str](
    name="reason",
    label="Sent to you",
    value=lambda ticket: ticket.reason,
    surfaces=_MAIL | {Surface.MODERATOR_CARD, Surface.API},
    description="why the assignee was chosen",
)
URGENCY = TicketField[Urgency | None](
    name="urgency",
    label="Urgency",
    value=lambda ticket: ticket.urgency,
    surfaces=frozenset({Surface.API}),
    json_type=Urgency | None,
)
WATCHERS = TicketField[tuple[str, ...]](
    name="watchers",
    label="Watchers",
    value=lambda ticket: ticket.watchers,
    surfaces=frozenset({Surface.API, Surface.AUDIT_LOG}),
    kind=Kind.PERSON,
    json_type=tuple[str, ...],
    description="Slack ids",
)
INCIDENT = TicketField[str](
    name="incident",
    label="Incident",
    value=lambda ticket: ticket.incident,
    surfaces=frozenset({Surface.MODERATOR_CARD}),
    kind=Kind.OWN_PLACE,
)
REPORTS = TicketField[tuple[IncidentReport, ...]](
    name="reports",
    label="Reports of the incident",
    value=lambda ticket: ticket.reports,
    surfaces=frozenset({Surface.MODERATOR_CARD}),
    kind=Kind.OWN_PLACE,
)
SIMILAR = TicketField[tuple[SolvedTicket, ...]](
    name="similar",
    label="Solved before",
    value=lambda ticket: ticket.similar,
    surfaces=frozenset({Surface.MODERATOR_CARD}),
    kind=Kind.OWN_PLACE,
)
SUMMARY = TicketField[str](
    name="summary",
    label="Summary",
    value=_from_triage(lambda triage: triage.summary, ""),
    surfaces=_MAIL | {Surface.MODERATOR_CARD, Surface.API},
    kind=Kind.TEXT,
)
DESCRIPTION = TicketField[str](
    name="description",
    label="Description",
    value=lambda ticket: ticket.description,
    surfaces=frozenset({Surface.MODERATOR_CARD, Surface.API}),
    kind=Kind.TEXT,
)
FULL_TEXT = TicketField[str](
    name="text",
    label="Description",
    value=lambda ticket: ticket.text,
    surfaces=_MAIL,
    kind=Kind.TEXT,
)
# Moderators alone read the notes, so the API, which requesters use, leaves them out.
NOTES = TicketField[str](
    name="notes",
    label="Notes",
    value=_from_triage(lambda triage: triage.notes, ""),
    surfaces=_MAIL | {Surface.MODERATOR_CARD},
    kind=Kind.TEXT,
)
SOLUTION = TicketField[str](
    name="solution",
    label="Solution",
    value=lambda ticket: ticket.solution,
    surfaces=frozenset({Surface.REQUESTER_CARD, Surface.API}),
    kind=Kind.TEXT,
    description="how it was solved, if the assignee wrote it",
)
HISTORY = TicketField[tuple[Event, ...]](
    name="history",
    label="History",
    value=lambda ticket: ticket.history,
    surfaces=frozenset({Surface.API}),
    kind=Kind.OWN_PLACE,
    json_type=tuple[Event, ...],
)
VERSION = TicketField[int](
    name="version",
    label="Ticket version",
    value=lambda ticket: ticket.state_version,
    surfaces=_PROGRAMS | _DETAILS,
    is_private=False,
    json_type=int,
    description="counts the transitions; If-Match is compared with it",
)

FIELDS: tuple[TicketField[Any], ...] = (
    *(ID, STATUS, CONFIDENTIAL, TITLE, ASSIGNEE, RESOLVER, REOPENER, REQUESTER),
    *(CATEGORY, SECOND_CATEGORY, PRIORITY),
    *(ENGINE, WHY_BUILTIN, CONFIDENCE, MODEL, PROMPT, RESPONSE_TIME, TOKENS),
    *(SKILLS, TRIAGE, OPENED_AT, REASON, URGENCY, WATCHERS, INCIDENT, REPORTS, SIMILAR),
    *(SUMMARY, DESCRIPTION, FULL_TEXT, NOTES, SOLUTION, HISTORY, VERSION),
)
"""All rows, in the order in which people read them."""
