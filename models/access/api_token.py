"""An API token's record, and the scopes that it grants at this moment."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from models.people.member import Member


class Scope(StrEnum):
    """A permission of a token."""

    READ = "tickets:read"
    WRITE = "tickets:write"
    ADMIN = "admin"


def effective_scopes(scopes: Iterable[Scope], member: Member) -> frozenset[Scope]:
    """The scopes that this member's role allows now; none if the member is deactivated."""
    if not member.active:
        return frozenset()
    return frozenset(scope for scope in scopes if scope is not Scope.ADMIN or member.can_administer)


class ApiToken(BaseModel):
    """The record of an issued token; only the owner has the token itself.

    Attributes:
        id: the token's `jti`.
        name: the label its owner gave it.
        used_at: time of a recent use, exact to a minute.
        revoked_at: when it was revoked.
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
        """The fields that the audit log may store."""
        return self.model_dump(mode="json", include={"name", "scopes"})
