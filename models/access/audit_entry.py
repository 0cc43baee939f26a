"""An audit log entry, and the ticket differences that it may hold."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.tickets.field import Surface
from models.tickets.ticket import Ticket
from models.tickets.visible_ticket import visible_ticket


class AuditEntry(BaseModel):
    """One recorded action: a change of a member, a setting or a ticket, or a read of the AI log.

    Attributes:
        who: Slack id of the person; "" for Frontdesk itself.
        what: verb and kind of target, like "set role".
        to: the target: a Slack id, a ticket id, a skill.
        before, after: the changed values; never the texts of a ticket.
        via: the source: "slack", "link" (in an e-mail), "token" and its id, or for an automatic
            change its cause.
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
    """The changed fields of a ticket, before and after, as far as the audit log may store them."""
    old, new = _audit_snapshot(before) if before else {}, _audit_snapshot(after)
    changed = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    return (
        {name: value for name, value in old.items() if name in changed},
        {name: value for name, value in new.items() if name in changed},
    )


def _audit_snapshot(ticket: Ticket) -> dict[str, Any]:
    """The fields that the audit log may store; only the status of a confidential ticket."""
    return visible_ticket(ticket, Surface.AUDIT_LOG).json_values()
