"""What an account holds besides its role: issued tokens; and what happens to accounts, in a log."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.people.member import Member
from models.tickets.ticket import Ticket


class Scope(StrEnum):
    """What a token opens."""

    READ = "tickets:read"
    WRITE = "tickets:write"
    ADMIN = "admin"


def effective_scopes(scopes: Iterable[Scope], member: Member) -> frozenset[Scope]:
    """What of these scopes counts for this person now: nothing for who is deactivated."""
    if not member.active:
        return frozenset()
    return frozenset(scope for scope in scopes if scope is not Scope.ADMIN or member.can_administer)


class ApiToken(BaseModel):
    """The record of an issued token; the token itself is kept by nobody but its owner.

    Attributes:
        id: the token's `jti`.
        name: what its owner calls it.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    team_id: str
    slack_id: str
    name: str
    scopes: tuple[Scope, ...]
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def audit_fields(self) -> dict[str, Any]:
        """What the log may say of it."""
        return self.model_dump(mode="json", include={"name", "scopes"})


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
