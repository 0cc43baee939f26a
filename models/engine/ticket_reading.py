"""Ticket reading: everything that triage finds in a ticket's text, read once.

The engines, the rules for priorities and the rules for privacy all use this one value.
"""

from dataclasses import dataclass

from models.engine import keyword_engine, prompt_injection
from models.engine.prompt_injection import INJECTION_REASON, InjectionScan
from models.engine.redaction import RedactedText, redact
from models.text import clip
from models.tickets.ticket import Ticket
from models.triage.result import Priority, Triage
from models.triage.taxonomy import Taxonomy

MAX_TEXT_FOR_AI = 6000


@dataclass(frozen=True, slots=True)
class TicketReading:
    """A ticket, and everything that triage finds in its text.

    Attributes:
        ticket: the ticket.
        taxonomy: the workspace's categories and skills.
        injection_scan: the signs of prompt injection.
        harmless_ticket: the ticket without instructions to a model; the built-in engine reads it.
        keyword_triage: the triage of the harmless ticket by keywords alone.
        floor: the minimum priority by the text and the requester.
        redacted: the text that an AI may get, with placeholders.
        private_category: the private category that the ticket is or may be in; "" if there is none.
        is_privacy_known: False while the trained model, which must look for one, still learns.
    """

    ticket: Ticket
    taxonomy: Taxonomy
    injection_scan: InjectionScan
    harmless_ticket: Ticket
    keyword_triage: Triage
    floor: Priority
    redacted: RedactedText
    private_category: str
    is_privacy_known: bool = True

    @property
    def reason_not_to_send(self) -> str:
        """Why an AI never gets this ticket; "" if it may."""
        if self.ticket.confidential:
            return "confidential tickets are not sent to AI"
        if self.private_category:
            return f"tickets about {self.private_category} are never sent to AI"
        return INJECTION_REASON if self.injection_scan.is_injection else ""

    def with_rules(self, triage: Triage) -> Triage:
        """An engine's triage with minimum priority, privacy and warning, which none can change."""
        category = self.taxonomy.find_category(triage.category)
        category_floor = (category and category.floor) or Priority.LOW
        priority = triage.priority.at_least(self.floor).at_least(category_floor)
        changes = {"priority": priority, "private_category": self.private_category}
        triage = triage.model_copy(update=changes)
        is_injection = self.injection_scan.is_injection
        return prompt_injection.with_warning(triage) if is_injection else triage


def read_text(ticket: Ticket, taxonomy: Taxonomy, *, floor: Priority) -> TicketReading:
    """The reading of a ticket by its text and its earlier triage.

    Args:
        ticket: the ticket.
        taxonomy: the workspace's categories and skills.
        floor: the minimum priority by the workspace's rules for words and requesters.
    """
    injection_scan = prompt_injection.scan(ticket.text)
    triage = keyword_triage = keyword_engine.triage(ticket, taxonomy)
    harmless_ticket = ticket
    if injection_scan.is_injection:
        harmless_ticket = prompt_injection.strip_instructions(ticket)
        keyword_triage = keyword_engine.triage(harmless_ticket, taxonomy)
    return TicketReading(
        ticket=ticket,
        taxonomy=taxonomy,
        injection_scan=injection_scan,
        harmless_ticket=harmless_ticket,
        keyword_triage=keyword_triage,
        floor=floor.at_least(keyword_engine.priority_floor(ticket.text)),
        redacted=redact(clip(ticket.text, MAX_TEXT_FOR_AI)),
        private_category=_find_private_category(ticket, triage, taxonomy),
    )


def _find_private_category(ticket: Ticket, keyword_triage: Triage, taxonomy: Taxonomy) -> str:
    """The private category by keywords or by an earlier triage or correction; "" if none."""
    for triage in filter(None, (keyword_triage, ticket.triage, ticket.original_triage)):
        # A category that an admin has removed may have been private.
        is_removed = taxonomy.find_category(triage.category) is None
        if triage.private_category or is_removed or taxonomy.is_private(triage.category):
            return triage.private_category or triage.category
    return ""
