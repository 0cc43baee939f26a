"""Conversion of tickets to and from MongoDB documents."""

from models.errors import CorruptDocument, NewerDocument
from models.infra.database import Document
from models.infra.document_reader import FIRST_SCHEMA_VERSION
from models.tickets.actions import ACTIONS, Verb
from models.tickets.card_list import has_lost_card
from models.tickets.ticket import Ticket
from models.triage.skills import words

_MAX_WORDS = 500
SCHEMA_VERSION = 2
# Fields that are made from the ticket for queries, or added by a read; the ticket has no such ones.
_DERIVED_FIELDS = frozenset(
    {"_id", "schema", "number", "people", "words", "due", "dead", "lost_card", "set_aside", "now"}
)
_RESOLVING_EVENTS = {
    ACTIONS[verb].event for verb in (Verb.RESOLVE, Verb.SELF_RESOLVE, Verb.RESOLVE_WITH_INCIDENT)
}


def ticket_to_document(ticket: Ticket) -> Document:
    """The ticket as it is stored.

    Searches use the fields `number`, `people` and `words`. The indexes on `due`, `dead` and
    `lost_card` are sparse: they hold only tickets with a due step, a dead step or a lost card, so
    the others have no such field.
    """
    document = ticket.model_dump()
    document["_id"] = document.pop("id")
    document["schema"] = schema_version(ticket)
    document["number"] = ticket_number(ticket.id)
    people = (ticket.requester, ticket.assignee, *ticket.watchers)
    document["people"] = [person for person in dict.fromkeys(people) if person]
    document["words"] = sorted(set(words(ticket.text)))[:_MAX_WORDS]
    times = {"due": ticket.due_at(), "dead": ticket.dead_since()}
    document |= {name: at for name, at in times.items() if at}
    return document | {"lost_card": True} if has_lost_card(ticket) else document


def schema_version(_ticket: Ticket) -> int:
    """The lowest schema version whose processes read this ticket without misreading it.

    A new field needs no new version: older processes keep it. A new status does, for the tickets
    that have it. Version 2 moves older events to the event log, and counts them.
    """
    return SCHEMA_VERSION


def ticket_from_document(document: Document) -> Ticket:
    """The ticket in a document.

    Raises:
        NewerDocument: a newer release has written it, and this one would misread it.
        CorruptDocument: the document is damaged. The cause names the fields, never their values.
    """
    try:
        version = int(document.get("schema", FIRST_SCHEMA_VERSION))
        if version > SCHEMA_VERSION:
            raise NewerDocument
        fields = {name: value for name, value in document.items() if name not in _DERIVED_FIELDS}
        ticket = Ticket.model_validate({**fields, "id": document["_id"]})
        ticket_number(ticket.id)
    except (ValueError, TypeError) as error:
        raise CorruptDocument(
            f"{document['_id']} was not read or changed: its document is damaged. Tell an admin."
        ) from error
    return _upgraded(ticket) if version == FIRST_SCHEMA_VERSION else ticket


def _upgraded(ticket: Ticket) -> Ticket:
    """The ticket of an earlier release, with the counts that this one stores."""
    resolve_count = sum(event.what in _RESOLVING_EVENTS for event in ticket.history)
    return ticket.model_copy(update={"resolve_count": resolve_count})


def ticket_number(ticket_id: str) -> int:
    """The number in a ticket id; newer tickets have larger numbers. ValueError if it has none."""
    return int(ticket_id.removeprefix("T-"))
