"""Looking for tickets, among those that a person may see, and for people, in MongoDB.

What is looked for are words, each as a whole: nothing that was typed becomes a pattern or an
operator. A page begins after the last ticket of the one before, so that none is skipped or shown
twice whatever is opened meanwhile, and a late page costs no more than the first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from models.database import Database, answering
from models.documents import Document, members_of, number_of, ticket_of, visible_to
from models.incident import WITHIN, Sighting
from models.lists import narrowest, newest
from models.member import Member, Role
from models.recent import COMPARED, RecentTickets, comparable
from models.similar import MOST_SHOWN, VERY_ALIKE, Past, Solved, alike
from models.skill import words
from models.solutions import Solutions
from models.ticket import Report, Status, Ticket

_MOST_TERMS = 8
_MOST_PEOPLE = 500


class Search:
    """Finds tickets and people."""

    def __init__(self, database: Database, solutions: Solutions) -> None:
        self._db = database
        self._solutions = solutions
        self._recent = RecentTickets(database)

    async def tickets_for(
        self, member: Member, *, before: str, limit: int, terms: str, wanted: Mapping[str, str]
    ) -> list[Ticket]:
        """The tickets that a person may see, the newest first.

        Args:
            before: the id of a ticket; only older ones are wanted.
            terms: words that must all be in a ticket.
            wanted: what its fields must be, by their paths; "" is whatever they are.
        """
        query: Document = visible_to(member)
        query |= {path: value for path, value in wanted.items() if value}
        if there := words(terms)[:_MOST_TERMS]:
            query["words"] = {"$all": there}
        few = narrowest(member, wanted, there)
        number = number_of(before) if before else 0
        async with answering():
            found = await newest(self._db, member.team_id, few, query, before=number, limit=limit)
        return [ticket_of(document) for document in found]

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
        past = list(comparable(found))
        # In a thread: other tickets need not wait while texts are compared.
        return await asyncio.to_thread(
            alike, ticket.title, ticket.text, past, at_least=at_least, most=MOST_SHOWN
        )

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
        documents = await self._db.tickets.find(query, COMPARED).to_list(len(ids))
        return sorted(documents, key=lambda one: -number_of(one["_id"]))

    async def open_like(self, ticket: Ticket) -> list[Sighting]:
        """The tickets very much like this one that are open, and not much older; no secret ones."""
        since = ticket.opened_at - WITHIN
        async with answering():
            known = await self._recent.before(ticket)
        recent = {one.past.solved.ticket_id: one.past for one in known if one.opened_at >= since}
        like = await _very_alike(ticket, recent)
        async with answering():
            now = await self._as_they_are(ticket.team_id, like, since) if like else {}
        corrected = {past.solved.ticket_id: past for past in comparable(now.values())}
        if any(recent[one].words != past.words for one, past in corrected.items()):
            like = await _very_alike(ticket, recent | corrected)
        return [_sighting(now[one]) for one in like if one in corrected]

    async def _as_they_are(
        self, team_id: str, ids: Sequence[str], since: datetime
    ) -> dict[str, Document]:
        """By id: those of these tickets that are open still."""
        numbers = [number_of(one) for one in ids]
        window = {"team_id": team_id, "number": {"$gte": min(numbers), "$lte": max(numbers)}}
        query: Document = {
            "_id": {"$in": list(ids)},
            "status": {"$ne": Status.RESOLVED.value},
            "confidential": False,
            "opened_at": {"$gte": since},
        }
        wanted = dict.fromkeys([*COMPARED, "requester", "incident", "number"], 1)
        # The first alone says which index serves; not every server would find it among all.
        stages = [{"$match": window}, {"$match": query}, {"$project": wanted}]
        found = await self._db.tickets.aggregate(stages).to_list()
        return {document["_id"]: document for document in found}


async def _very_alike(ticket: Ticket, recent: Mapping[str, Past]) -> list[str]:
    past, most = list(recent.values()), len(recent)
    found = await asyncio.to_thread(
        alike, ticket.title, ticket.text, past, at_least=VERY_ALIKE, most=most
    )
    return [one.ticket_id for one in found]


def _sighting(document: Document) -> Sighting:
    report = Report(ticket_id=document["_id"], by=document["requester"])
    incident = document.get("incident", "")
    return Sighting(report=report, number=document["number"], incident=incident)
