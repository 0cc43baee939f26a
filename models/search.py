"""Looking for tickets, among those that a person may see, and for people, in MongoDB.

What is looked for are words, each as a whole: nothing that was typed becomes a pattern or an
operator. A page begins after the last ticket of the one before, so that none is skipped or shown
twice whatever is opened meanwhile, and a late page costs no more than the first.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from pydantic import ValidationError

from models.database import Database, answering
from models.documents import Document, members_of, number_of, ticket_of, visible_to
from models.incident import WITHIN, Sighting
from models.member import Member, Role
from models.similar import MOST_SHOWN, VERY_ALIKE, Past, Solved, alike
from models.skill import words
from models.solutions import Solutions
from models.ticket import Report, Status, Ticket

_MOST_TERMS = 8
# An hour of the busiest desk.
_MOST_RECENT = 200
_MOST_PEOPLE = 500
_COMPARED = ("title", "description", "solution")


class Search:
    """Finds tickets and people."""

    def __init__(self, database: Database, solutions: Solutions) -> None:
        self._db = database
        self._solutions = solutions

    async def tickets_for(
        self, member: Member, *, before: str, limit: int, terms: str, wanted: Mapping[str, str]
    ) -> list[Ticket]:
        """The tickets that a person may see, the newest first.

        Args:
            before: the id of a ticket; only older ones are wanted.
            terms: words that must all be in a ticket.
            wanted: what its fields must be, by their paths; "" is whatever they are.
        """
        query: Document = {"team_id": member.team_id, **visible_to(member)}
        query |= {path: value for path, value in wanted.items() if value}
        if there := words(terms)[:_MOST_TERMS]:
            query["words"] = {"$all": there}
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

    async def not_heard_of(self, team_id: str, *, since: datetime) -> list[Member]:
        """Active people with a role or a token, of whom Slack has last told before that time."""
        live = {"team_id": team_id, "revoked_at": None}
        roles = [Role.MODERATOR.value, Role.ADMIN.value]
        async with answering():
            holders = await self._db.tokens.distinct("slack_id", live)
            query: Document = {"team_id": team_id, "active": True, "profiled_at": {"$lt": since}}
            query["$or"] = [{"role": {"$in": roles}}, {"slack_id": {"$in": holders}}]
            found = self._db.members.find(query).limit(_MOST_PEOPLE)
            return members_of(await found.to_list())

    async def solved_like(
        self, ticket: Ticket, *, at_least: float, hidden: Sequence[str] = ()
    ) -> tuple[Solved, ...]:
        """Solved tickets most like this one, of those that are no secret; see `models.similar`.

        Args:
            hidden: categories whose solutions are not for the reader.
        """
        async with answering():
            found = await self._solved(ticket, hidden)
        past = list(_sound(found))
        # In a thread: other tickets need not wait while texts are compared.
        return await asyncio.to_thread(alike, ticket.text, past, at_least=at_least, most=MOST_SHOWN)

    async def _solved(self, ticket: Ticket, hidden: Sequence[str]) -> list[Document]:
        """The tickets with words of this one whose solution may be told."""
        ids = await self._solutions.with_words_of(ticket)
        if not ids:
            return []
        query: Document = {
            "_id": {"$in": ids},
            "solution": {"$gt": ""},
            "confidential": False,
            "triage.category": {"$nin": list(hidden)},
        }
        documents = await self._db.tickets.find(query, _COMPARED).to_list(len(ids))
        return sorted(documents, key=lambda one: -number_of(one["_id"]))

    async def open_like(self, ticket: Ticket) -> list[Sighting]:
        """The tickets very much like this one that are open, and not much older; no secret ones."""
        number = number_of(ticket.id)
        recent = {
            "team_id": ticket.team_id,
            "number": {"$gte": number - _MOST_RECENT, "$lt": number},
        }
        query: Document = {
            "status": {"$ne": Status.RESOLVED.value},
            "confidential": False,
            "opened_at": {"$gte": ticket.opened_at - WITHIN},
        }
        async with answering():
            known = dict.fromkeys([*_COMPARED, "requester", "incident", "number"], 1)
            # The first alone says which index serves; not every server would find it among all.
            stages = [{"$match": recent}, {"$match": query}, {"$project": known}]
            found = self._db.tickets.aggregate(stages)
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
