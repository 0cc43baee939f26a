"""Looking for tickets, among those that a person may see, and for people, in MongoDB.

What is looked for are words, each as a whole: nothing that was typed becomes a pattern or an
operator. A page begins after the last ticket of the one before, so that none is skipped or shown
twice whatever is opened meanwhile, and a late page costs no more than the first.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from pydantic import ValidationError

from models.database import Database, answering
from models.documents import Document, members_of, number_of, ticket_of, visible_to
from models.incident import WITHIN, Sighting
from models.member import Member, Role
from models.similar import MOST_SHOWN, VERY_ALIKE, Past, Solved, alike, telling
from models.skill import words
from models.ticket import Report, Status, Ticket

_MOST_TERMS = 8
# Of each of so many words, the newest tickets with it are compared: a common word costs no more
# than a rare one.
_MOST_WORDS, _MOST_OF_A_WORD = 8, 50
# An hour of the busiest desk.
_MOST_RECENT = 200
_COMPARED = ("title", "description", "solution")


class Search:
    """Finds tickets and people."""

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

    async def people(self, team_id: str, *, after: str, limit: int, users: bool) -> list[Member]:
        """Members of a workspace, by their Slack ids.

        Args:
            after: a Slack id; only later ones are wanted.
            users: whether those are wanted, too, who are neither moderators nor admins.
        """
        # Their documents are named by workspace and Slack id; ";" comes after ":".
        query: Document = {"_id": {"$gt": f"{team_id}:{after}", "$lt": f"{team_id};"}}
        if not users:
            query["role"] = {"$in": [Role.MODERATOR.value, Role.ADMIN.value]}
        async with answering():
            found = self._db.members.find(query).sort("_id", 1).limit(limit)
            return members_of(await found.to_list())

    async def solved_like(
        self, ticket: Ticket, *, at_least: float, hidden: Sequence[str] = ()
    ) -> tuple[Solved, ...]:
        """Solved tickets most like this one, of those that are no secret; see `models.similar`.

        Args:
            hidden: categories whose solutions are not for the reader.
        """
        query: Document = {
            "team_id": ticket.team_id,
            "_id": {"$ne": ticket.id},
            "triage.category": {"$nin": list(hidden)},
        }

        async def newest_with(word: str) -> list[Document]:
            found = self._db.tickets.find({"solved.words": word, **query}, _COMPARED)
            return await found.sort("solved.number", -1).limit(_MOST_OF_A_WORD).to_list()

        async with answering():
            each = await asyncio.gather(*map(newest_with, telling(ticket.text)[:_MOST_WORDS]))
        found = {document["_id"]: document for some in each for document in some}
        past = list(_sound(found.values()))
        # In a thread: other tickets need not wait while texts are compared.
        return await asyncio.to_thread(alike, ticket.text, past, at_least=at_least, most=MOST_SHOWN)

    async def open_like(self, ticket: Ticket) -> list[Sighting]:
        """The tickets very much like this one that are open, and not much older; no secret ones."""
        number = number_of(ticket.id)
        before = [f"T-{one}" for one in range(max(1, number - _MOST_RECENT), number)]
        query: Document = {
            "_id": {"$in": before},
            "team_id": ticket.team_id,
            "status": {"$ne": Status.RESOLVED.value},
            "confidential": False,
            "opened_at": {"$gte": ticket.opened_at - WITHIN},
        }
        async with answering():
            found = self._db.tickets.find(query, [*_COMPARED, "requester", "incident", "number"])
            seen = {document["_id"]: document async for document in found}
        past = list(_sound(seen.values()))
        like = await asyncio.to_thread(
            alike, ticket.text, past, at_least=VERY_ALIKE, most=len(past)
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
            text = f"{document['title']}\n{document['description']}"
            yield Past(solved=solved, words=tuple(words(text)))
