"""What an account holds besides its role: issued tokens; and what happens to accounts, in a log."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.people.member import Member


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
