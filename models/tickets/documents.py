"""Conversion of tickets to and from MongoDB documents."""

import logging
from collections.abc import Iterable

from pydantic import ValidationError

from models.errors import CorruptDocument
from models.infra.database import Document
from models.tickets.card_list import has_lost_card
from models.tickets.ticket import Ticket
from models.triage.skills import words

_MAX_WORDS = 500
log = logging.getLogger(__name__)


def ticket_to_document(ticket: Ticket) -> Document:
    """The ticket as it is stored.

    Searches use the fields `number`, `people` and `words`. The indexes on `due`, `dead` and
    `lost_card` are sparse: they hold only tickets with a due step, a dead step or a lost card, so
    the others have no such field.
    """
    document = ticket.model_dump()
    document["_id"] = document.pop("id")
    document["number"] = ticket_number(ticket.id)
    people = (ticket.requester, ticket.assignee, *ticket.watchers)
    document["people"] = [person for person in dict.fromkeys(people) if person]
    document["words"] = sorted(set(words(ticket.text)))[:_MAX_WORDS]
    times = {"due": ticket.due_at(), "dead": ticket.dead_since()}
    document |= {name: at for name, at in times.items() if at}
    return document | {"lost_card": True} if has_lost_card(ticket) else document


def ticket_from_document(document: Document) -> Ticket:
    """The ticket in a document.

    Raises:
        CorruptDocument: the document is damaged. The cause names the fields, never their values.
    """
    try:
        return Ticket.model_validate({**document, "id": document["_id"]})
    except ValidationError as error:
        raise CorruptDocument(
            f"{document['_id']} was not read or changed: its document is damaged. Tell an admin."
        ) from error


def tickets_from_documents(documents: Iterable[Document]) -> list[Ticket]:
    """The tickets in these documents; damaged documents are skipped and logged."""
    tickets = []
    for document in documents:
        try:
            tickets.append(ticket_from_document(document))
        except CorruptDocument as error:
            log.warning("skipped damaged document %s: %s", document["_id"], error.__cause__)
    return tickets


def ticket_number(ticket_id: str) -> int:
    """The number in a ticket id; newer tickets have larger numbers."""
    return int(ticket_id.removeprefix("T-"))
