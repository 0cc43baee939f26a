"""What goes in and comes out of the API."""

from datetime import datetime
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from models.access.api_token import ApiToken, Scope
from models.access.audit_entry import AuditEntry
from models.errors import InvalidInput
from models.people.member import Member, Role
from models.tickets.correction import Correction
from models.tickets.ticket import Draft, Event, Status, Ticket, Urgency
from models.tickets.workflow import Move
from models.triage.result import Priority
from models.triage.similarity import MAX_SOLUTION_LENGTH
from models.webhooks.webhook import MAX_URL_LENGTH, Delivery, Webhook

SlackId = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}$", examples=["U0GRACE"])]
ETag = Annotated[str, Header(max_length=100, description="the ETag of a state", examples=['"3"'])]


class ResponseModel(BaseModel):
    """Something that comes out."""

    model_config = ConfigDict(frozen=True)


class RequestModel(BaseModel):
    """Something that goes in; what is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EventOut(ResponseModel):
    """One line of a ticket's history."""

    at: datetime
    what: str
    who: str = Field(description="Slack id; empty for the desk itself")
    why: str

    @classmethod
    def from_event(cls, event: Event) -> "EventOut":
        """As it is shown."""
        return cls(at=event.at, what=event.what, who=event.who, why=event.why)


class TicketOut(ResponseModel):
    """A ticket as its caller may see it."""

    id: str = Field(examples=["T-42"])
    version: int = Field(description="counts the moves; what If-Match is compared with")
    status: Status
    title: str
    description: str
    urgency: Urgency | None
    confidential: bool
    requester: str = Field(description="Slack id")
    assignee: str | None = Field(description="Slack id")
    watchers: tuple[str, ...] = Field(description="Slack ids")
    reason: str = Field(description="why the assignee was chosen")
    category: str | None
    priority: Priority | None
    skills: tuple[str, ...]
    summary: str
    solution: str = Field(description="how it was solved, if somebody said so")
    opened_at: datetime
    history: tuple[EventOut, ...]

    @classmethod
    def from_ticket(cls, ticket: Ticket) -> "TicketOut":
        """As it is shown; notes are for the moderator's eyes in Slack."""
        triage = ticket.triage
        same = ("id", "version", "status", "title", "description", "urgency", "confidential")
        more = ("requester", "assignee", "watchers", "reason", "opened_at", "solution")
        return cls(
            **ticket.model_dump(include={*same, *more}),
            category=triage.category if triage else None,
            priority=triage.priority if triage else None,
            skills=triage.skills if triage else (),
            summary=triage.summary if triage else "",
            history=tuple(map(EventOut.from_event, ticket.history)),
        )


class TicketsPage(ResponseModel):
    """Some tickets, the newest first, and where the next ones begin."""

    tickets: tuple[TicketOut, ...]
    next: str | None = Field(description="the `cursor` of the next page, if there is one")


class CorrectionIn(RequestModel):
    """What a ticket is, where triage had it wrong; what is left out is right as it is."""

    category: str | None = Field(default=None, min_length=1, max_length=100)
    priority: Priority | None = None
    skills: tuple[Annotated[str, Field(max_length=100)], ...] | None = Field(
        default=None, max_length=100
    )

    def to_correction(self) -> Correction:
        """The same in the desk's language."""
        return Correction(category=self.category, priority=self.priority, skills=self.skills)


class MoveIn(RequestModel):
    """What may be said with a verb."""

    solution: str = Field(
        default="",
        max_length=MAX_SOLUTION_LENGTH,
        description="with `resolve`: how it was solved; shown where something alike is asked",
    )

    def to_changes(self, move: Move) -> dict[str, str]:
        """What it changes of the ticket."""
        if self.solution and move is not Move.RESOLVE:
            raise InvalidInput({"solution": "It is said with `resolve` alone."})
        return {"solution": self.solution} if self.solution else {}


class TicketIn(RequestModel):
    """A ticket to be opened for the caller."""

    title: str = Field(min_length=1, max_length=150, pattern=r"\w", examples=["VPN is down"])
    description: str = Field(default="", max_length=3000)
    urgency: Urgency | None = None
    confidential: StrictBool = False

    def to_draft(self, *, idempotency_key: str, requester: Member) -> Draft:
        """The ticket as its requester wrote it."""
        return Draft(
            key=idempotency_key,
            team_id=requester.team_id,
            requester=requester.slack_id,
            **self.model_dump(),
        )


class PersonOut(ResponseModel):
    """A member of the desk."""

    slack_id: str
    name: str
    role: Role
    skills: tuple[str, ...]
    active: bool

    @classmethod
    def from_member(cls, member: Member) -> "PersonOut":
        """As others see them."""
        return cls(**member.model_dump(include=set(cls.model_fields)))


class TokenOut(ResponseModel):
    """A token that counts; the token itself is shown once, where it was issued."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None

    @classmethod
    def from_api_token(cls, api_token: ApiToken) -> "TokenOut":
        """As its owner sees it."""
        return cls(**api_token.model_dump(include=set(cls.model_fields)))


class MeOut(ResponseModel):
    """Who calls."""

    person: PersonOut
    scopes: tuple[Scope, ...] = Field(description="what this token opens now")
    tokens: tuple[TokenOut, ...]


class AuditEntryOut(ResponseModel):
    """One line of the audit log."""

    at: datetime
    who: str
    what: str
    to: str
    before: dict[str, object]
    after: dict[str, object]
    via: str

    @classmethod
    def from_audit_entry(cls, entry: AuditEntry) -> "AuditEntryOut":
        """As admins see it."""
        return cls(**entry.model_dump(include=set(cls.model_fields)))


class AuditEntriesPage(ResponseModel):
    """Some of the audit log, the newest first, and where the older ones begin."""

    acts: tuple[AuditEntryOut, ...]
    next: str | None = Field(description="the `cursor` of the next page, if there is one")


# Plain http only to this machine; no user name, no fragment.
_URL_PATTERN = (
    r"^(https://[A-Za-z0-9][A-Za-z0-9.-]*|http://(localhost|127\.0\.0\.1))"
    r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}))?([/?][!\"$-~]*)?$"
)


class WebhookIn(RequestModel):
    """An address that is to be told what happens."""

    url: str = Field(
        max_length=MAX_URL_LENGTH,
        # Only described: the desk says in a sentence what is wrong with an address.
        json_schema_extra={"pattern": _URL_PATTERN},
        examples=["https://example.com/frontdesk"],
    )
    events: tuple[Annotated[str, Field(max_length=50)], ...] = Field(
        default=(), max_length=20, description="like `claimed`; none: all of them"
    )


class WebhookOut(ResponseModel):
    """An address that is told what happens."""

    id: str
    url: str
    events: tuple[str, ...]
    created_at: datetime
    created_by: str = Field(description="Slack id")

    @classmethod
    def from_webhook(cls, webhook: Webhook) -> "WebhookOut":
        """As admins see it."""
        return cls(**webhook.model_dump(include=set(cls.model_fields)))


class NewWebhookOut(WebhookOut):
    """The same with its secret, which is shown this once."""

    secret: str = Field(description="the key of each Frontdesk-Signature")


class DeliveryOut(ResponseModel):
    """How it went to tell a webhook of one event."""

    id: str
    ticket_id: str
    type: str
    attempts: int
    outcome: str
    tried_at: datetime
    delivered: bool

    @classmethod
    def from_delivery(cls, delivery: Delivery) -> "DeliveryOut":
        """As admins see it."""
        return cls(**delivery.model_dump(include=set(cls.model_fields)))
