"""Sample tickets and members for tests without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.engine.ticket_reading import TicketReading, read_text
from models.people.member import Member, Role
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.ticket import Status, Ticket
from models.triage.result import Engine, Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEAM = "T1"


def make_member(slack_id: str, role: Role = Role.USER, **fields: Any) -> Member:
    """A member of the workspace T1."""
    return Member(team_id=TEAM, slack_id=slack_id, role=role, **fields)


ADA = make_member("UADA")
BOB = make_member("UBOB", Role.MODERATOR, skills=("vpn", "okta"))
EVE = make_member("UEVE", Role.MODERATOR, skills=("vpn",))
GRACE = make_member("UGRACE", Role.ADMIN)


def make_triage(*skills: str, **fields: Any) -> Triage:
    """A triage with these skills, and with defaults for all other fields."""
    return Triage(
        **{
            "category": "Network",
            "priority": Priority.NORMAL,
            "skills": skills,
            "summary": "VPN drops",
            "engine": Engine.BUILTIN,
            "confidence": 0.5,
            **fields,
        }
    )


def new_ticket(**fields: Any) -> Ticket:
    """A ticket that Ada has just opened."""
    defaults = {
        "id": "T-1",
        "team_id": TEAM,
        "key": "view:V1",
        "requester": ADA.slack_id,
        "title": "VPN is down",
        "description": "since this morning",
        "urgency": None,
        "confidential": False,
        "opened_at": NOON,
    }
    return workflow.transition(Ticket(**{**defaults, **fields}), Verb.OPEN, actor=ADA, now=NOON)


def read_sample(
    ticket: Ticket | None = None, taxonomy: Taxonomy = DEFAULT_TAXONOMY
) -> TicketReading:
    """The reading of a ticket, in a workspace without rules for priorities."""
    return read_text(ticket or new_ticket(), taxonomy, floor=Priority.LOW)


def ticket_in_status(status: Status, **fields: Any) -> Ticket:
    """Ada's ticket after legal moves to this status, with Bob as its assignee."""
    ticket = new_ticket(**fields)
    for minutes, (move, actor, changes) in enumerate(_TRANSITIONS_TO_RESOLVED, start=1):
        if ticket.status is status:
            break
        now = NOON + timedelta(minutes=minutes)
        ticket = workflow.transition(ticket, move, actor=actor, now=now, **changes)
    assert ticket.status is status
    return ticket


_TRANSITIONS_TO_RESOLVED: list[tuple[Verb, Member | None, dict[str, Any]]] = [
    (Verb.TRIAGE, None, {"triage": make_triage("vpn")}),
    (Verb.OFFER, None, {"assignee": BOB.slack_id, "reason": "knows vpn", "offers": 1}),
    (Verb.CLAIM, BOB, {}),
    (Verb.RESOLVE, BOB, {}),
]
