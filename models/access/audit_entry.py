"""An audit log entry, and the difference between two states of a ticket that it may hold."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.tickets.ticket import Ticket


class AuditEntry(BaseModel):
    """One line of the audit log: what somebody has done to accounts, settings or tickets.

    Attributes:
        who: Slack id; "" is the desk itself.
        what: a verb and what it was done to, like "set role".
        to: what it was done to: a Slack id, a ticket's id, a skill.
        before, after: how that was and is; never what is written in a ticket.
        via: where it came from: "slack", "link" (in a letter), or "token" and its id.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    team_id: str
    at: datetime
    who: str
    what: str
    to: str
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    via: str = "slack"


def audit_diff(before: Ticket | None, after: Ticket) -> tuple[dict[str, Any], dict[str, Any]]:
    """How a ticket stood and how it stands, where that differs, as far as the log may say."""
    was, is_ = _audit_snapshot(before) if before else {}, _audit_snapshot(after)
    changed = {name for name in {*was, *is_} if was.get(name) != is_.get(name)}
    then, now = ({name: one[name] for name in one if name in changed} for one in (was, is_))
    return then, now


def _audit_snapshot(ticket: Ticket) -> dict[str, Any]:
    """Of a confidential one its status alone."""
    if ticket.confidential:
        return {"status": ticket.status.value}
    known = ticket.model_dump(mode="json", include={"status", "assignee", "watchers"})
    if ticket.triage:
        said = {"category", "priority", "skills"}
        known |= ticket.triage.model_dump(mode="json", include=said)
    return known
