"""Documents, and what they stand for: one that does not fit any more holds up nobody else."""

import logging
from collections.abc import Iterable

from pydantic import ValidationError

from models.errors import CorruptDocument
from models.infra.database import Document
from models.people.member import Member
from models.tickets.ticket import Ticket
from models.triage.skills import words

_MAX_WORDS = 500
log = logging.getLogger(__name__)


def ticket_to_document(ticket: Ticket) -> Document:
    """The ticket as it is stored.

    `number`, `people` and `words` are what it is looked for by. `due` and `dead` say when there is
    something to do or to look at, for the indexes; a ticket with neither is in neither of them.
    """
    document = ticket.model_dump()
    document["_id"] = document.pop("id")
    document["number"] = ticket_number(ticket.id)
    people = (ticket.requester, ticket.assignee, *ticket.watchers)
    document["people"] = [person for person in dict.fromkeys(people) if person]
    document["words"] = sorted(set(words(ticket.text)))[:_MAX_WORDS]
    times = {"due": ticket.due_at(), "dead": ticket.dead_since()}
    return document | {name: at for name, at in times.items() if at}


def ticket_from_document(document: Document) -> Ticket:
    """The ticket that is stored so.

    Raises:
        Unreadable: the document is damaged; its cause says how, without what stands in it.
    """
    try:
        return Ticket.model_validate({**document, "id": document["_id"]})
    except ValidationError as error:
        raise CorruptDocument(f"{document['_id']} is damaged. Please tell an admin.") from error


def tickets_from_documents(documents: Iterable[Document]) -> list[Ticket]:
    """The tickets in these documents; one that is damaged is left out, and named in the log."""
    tickets = []
    for document in documents:
        try:
            tickets.append(ticket_from_document(document))
        except CorruptDocument as damaged:
            log.warning("%s is left out: %s", document["_id"], damaged.__cause__)
    return tickets


def ticket_number(ticket_id: str) -> int:
    """What tickets are sorted by: the newer, the larger."""
    return int(ticket_id.removeprefix("T-"))


def visibility_filter(member: Member) -> Document:
    """What a ticket must be for a person to see it; `models.tickets.permissions` says it of one ticket."""
    me = member.slack_id
    free: Document = {} if member.trusted else {"confidential": False}
    if not member.can_moderate:
        return {"$or": [{"requester": me}, {"watchers": me, **free}]}
    return {"$or": [free, {"requester": me}, {"assignee": me}]} if free else {}
