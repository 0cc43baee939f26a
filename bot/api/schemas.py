"""Requests and responses of the API."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field, StrictBool, create_model

from models.access.api_token import ApiToken, Scope
from models.access.audit_entry import AuditEntry
from models.people.member import Member, Role
from models.tickets.correction import Correction
from models.tickets.field import Surface
from models.tickets.fields import FIELDS
from models.tickets.ticket import Draft, Event, Ticket, Urgency
from models.tickets.visible_ticket import visible_ticket
from models.triage.result import Priority
from models.webhooks.webhook import MAX_URL_LENGTH, Delivery, Webhook

SlackId = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,20}$", examples=["U0GRACE"])]
ETag = Annotated[
    str,
    Header(
        max_length=100,
        description="the ETag of the state that the caller has seen",
        examples=['"3"'],
    ),
]


class ResponseModel(BaseModel):
    """The base of all responses."""

    model_config = ConfigDict(frozen=True)


class RequestModel(BaseModel):
    """The base of all requests; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EventOut(ResponseModel):
    """One event of a ticket's history."""

    at: datetime
    what: str
    who: str = Field(description="Slack id; empty for Frontdesk itself")
    why: str

    @classmethod
    def from_event(cls, event: Event) -> "EventOut":
        return cls(at=event.at, what=event.what, who=event.who, why=event.why)


if TYPE_CHECKING:  # mypy does not follow create_model
    _TicketFields = ResponseModel
else:
    _TicketFields = create_model(
        "_TicketFields",
        __base__=ResponseModel,
        **{
            field.name: (field.json_type, Field(description=field.description or None))
            for field in FIELDS
            if Surface.API in field.surfaces
        },
    )


class TicketOut(_TicketFields):
    """A ticket as its caller may see it."""

    history: tuple[EventOut, ...]

    @classmethod
    def from_ticket(cls, ticket: Ticket) -> "TicketOut":
        values = visible_ticket(ticket, Surface.API).values()
        return cls(**values | {"history": tuple(map(EventOut.from_event, ticket.history))})


class TicketsPage(ResponseModel):
    """A page of tickets, newest first."""

    tickets: tuple[TicketOut, ...]
    next: str | None = Field(description="the `cursor` of the next page, if there is one")


class CorrectionIn(RequestModel):
    """The right values where triage was wrong; omitted fields were right."""

    category: str | None = Field(default=None, min_length=1, max_length=100)
    priority: Priority | None = None
    skills: tuple[Annotated[str, Field(max_length=100)], ...] | None = Field(
        default=None, max_length=100
    )

    def to_correction(self) -> Correction:
        return Correction(category=self.category, priority=self.priority, skills=self.skills)


class TicketIn(RequestModel):
    """A new ticket of the caller."""

    title: str = Field(min_length=1, max_length=150, pattern=r"\w", examples=["VPN is down"])
    description: str = Field(default="", max_length=3000)
    urgency: Urgency | None = None
    confidential: StrictBool = False

    def to_draft(self, *, idempotency_key: str, requester: Member) -> Draft:
        """The draft of the ticket."""
        return Draft(
            key=idempotency_key,
            team_id=requester.team_id,
            requester=requester.slack_id,
            **self.model_dump(),
        )


class PersonOut(ResponseModel):
    """A member."""

    slack_id: str
    name: str
    role: Role
    skills: tuple[str, ...]
    active: bool

    @classmethod
    def from_member(cls, member: Member) -> "PersonOut":
        return cls(**member.model_dump(include=set(cls.model_fields)))


class TokenOut(ResponseModel):
    """A valid token; the token itself is shown only once, when it is issued."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    issued_at: datetime
    expires_at: datetime
    used_at: datetime | None

    @classmethod
    def from_api_token(cls, api_token: ApiToken) -> "TokenOut":
        return cls(**api_token.model_dump(include=set(cls.model_fields)))


class MeOut(ResponseModel):
    """The caller."""

    person: PersonOut
    scopes: tuple[Scope, ...] = Field(description="the scopes that this token grants now")
    tokens: tuple[TokenOut, ...]


class AuditEntryOut(ResponseModel):
    """An entry of the audit log."""

    at: datetime
    who: str
    what: str
    to: str
    before: dict[str, object]
    after: dict[str, object]
    via: str

    @classmethod
    def from_audit_entry(cls, entry: AuditEntry) -> "AuditEntryOut":
        return cls(**entry.model_dump(include=set(cls.model_fields)))


class AuditEntriesPage(ResponseModel):
    """A page of the audit log, newest entry first."""

    acts: tuple[AuditEntryOut, ...]
    next: str | None = Field(description="the `cursor` of the next page, if there is one")


# http only for this machine; no user name and no fragment.
_URL_PATTERN = (
    r"^(https://[A-Za-z0-9][A-Za-z0-9.-]*|http://(localhost|127\.0\.0\.1))"
    r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}))?([/?][!\"$-~]*)?$"
)


class WebhookIn(RequestModel):
    """A new webhook."""

    url: str = Field(
        max_length=MAX_URL_LENGTH,
        # For the documentation only: `validate_url` gives a better message than a pattern.
        json_schema_extra={"pattern": _URL_PATTERN},
        examples=["https://example.com/frontdesk"],
    )
    events: tuple[Annotated[str, Field(max_length=50)], ...] = Field(
        default=(), max_length=20, description="event types such as `claimed`; none for all"
    )


class WebhookOut(ResponseModel):
    """A webhook."""

    id: str
    url: str
    events: tuple[str, ...]
    created_at: datetime
    created_by: str = Field(description="Slack id")

    @classmethod
    def from_webhook(cls, webhook: Webhook) -> "WebhookOut":
        return cls(**webhook.model_dump(include=set(cls.model_fields)))


class NewWebhookOut(WebhookOut):
    """A new webhook with its secret, which is shown only once."""

    secret: str = Field(description="the key that signs each delivery, for Frontdesk-Signature")


class DeliveryOut(ResponseModel):
    """The delivery of one event to a webhook."""

    id: str
    ticket_id: str
    type: str
    attempts: int
    outcome: str
    tried_at: datetime
    delivered: bool

    @classmethod
    def from_delivery(cls, delivery: Delivery) -> "DeliveryOut":
        return cls(**delivery.model_dump(include=set(cls.model_fields)))
