"""Looking for tickets, among those that a person may see, in MongoDB.

What is looked for are words, each as a whole: nothing that was typed becomes a pattern or an
operator. A page begins after the last ticket of the one before, so that none is skipped or shown
twice whatever is opened meanwhile, and a late page costs no more than the first.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from pydantic import ValidationError

from models.database import Database, answering
from models.documents import Document, number_of, ticket_of, visible_to
from models.incident import WITHIN, Sighting
from models.member import Member
from models.similar import MOST_SHOWN, VERY_ALIKE, Past, Solved, alike, telling
from models.skill import words
from models.ticket import Report, Status, Ticket

_MOST_TERMS = 8
# So many of the newest that share a word are compared.
_MOST_COMPARED = 300
# An hour of the busiest desk.
_MOST_RECENT = 500


class Search:
    """Finds tickets."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def tickets_for(
        self, member: Member, *, before: str, limit: int, status: str, terms: str
    ) -> list[Ticket]:
        """The tickets that a person may see, the newest first.

        Args:
            before: the id of a ticket; only older ones are wanted.
            status: the one that is wanted.
            terms: words that must all be in a ticket.
        """
        query: Document = {"team_id": member.team_id, **visible_to(member)}
        if status:
            query["status"] = status
        if wanted := words(terms)[:_MOST_TERMS]:
            query["words"] = {"$all": wanted}
        if before:
            query["number"] = {"$lt": number_of(before)}
        async with answering():
            found = self._db.tickets.find(query).sort("number", -1).limit(limit)
            return [ticket_of(document) async for document in found]

    async def solved_like(
        self, ticket: Ticket, *, at_least: float, hidden: Sequence[str] = ()
    ) -> tuple[Solved, ...]:
        """Solved tickets most like this one, of those that are no secret; see `models.similar`.

        Args:
            hidden: categories whose solutions are not for the reader.
        """
        query: Document = {
            "solved_words": {"$in": telling(ticket.text)},
            "team_id": ticket.team_id,
            "_id": {"$ne": ticket.id},
            "triage.category": {"$nin": list(hidden)},
        }
        wanted = {"title": 1, "solution": 1, "words": 1}
        async with answering():
            found = self._db.tickets.find(query, wanted).sort("number", -1).limit(_MOST_COMPARED)
            past = list(_sound([document async for document in found]))
        return alike(ticket.text, past, at_least=at_least, most=MOST_SHOWN)

    async def open_like(self, ticket: Ticket) -> list[Sighting]:
        """The tickets very much like this one that are open, and not much older; no secret ones."""
        number = number_of(ticket.id)
        query: Document = {
            "team_id": ticket.team_id,
            "number": {"$gt": number - _MOST_RECENT, "$lt": number},
            "words": {"$in": telling(ticket.text)},
            "status": {"$ne": Status.RESOLVED.value},
            "confidential": False,
            "opened_at": {"$gte": ticket.opened_at - WITHIN},
        }
        wanted = dict.fromkeys(("title", "words", "number", "requester", "incident"), 1)
        async with answering():
            found = self._db.tickets.find(query, wanted).sort("number", -1).limit(_MOST_COMPARED)
            seen = {document["_id"]: document async for document in found}
        like = alike(
            ticket.text,
            list(_sound(seen.values())),
            at_least=VERY_ALIKE,
            most=_MOST_COMPARED,
        )
        return [_sighting(seen[one.ticket_id]) for one in like]


def _sighting(document: Document) -> Sighting:
    report = Report(ticket_id=document["_id"], by=document["requester"])
    incident = document.get("incident", "")
    return Sighting(report=report, number=document["number"], incident=incident)


def _sound(documents: Iterable[Document]) -> Iterator[Past]:
    """What can be compared; a damaged document holds up nobody else."""
    for document in documents:
        with suppress(KeyError, TypeError, ValidationError):
            known = {"title": document["title"], "solution": document.get("solution", "")}
            solved = Solved(ticket_id=document["_id"], **known)
            yield Past(solved=solved, words=frozenset(document["words"]))
