"""Looking for tickets, among those that a person may see, and for people, in MongoDB.

What is looked for are words, each as a whole: nothing that was typed becomes a pattern or an
operator. A page begins after the last ticket of the one before, so that none is skipped or shown
twice whatever is opened meanwhile, and a late page costs no more than the first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from models.infra.database import Database, Document, translate_errors
from models.people.member import Member, Role
from models.people.store import members_from_documents
from models.search.pagination import most_selective_filter, newest_page
from models.search.recent_tickets import COMPARED_FIELDS, RecentTicketCache, comparable_tickets
from models.search.solution_index import SolutionIndex
from models.tickets.documents import (
    ticket_from_document,
    ticket_number,
    visibility_filter,
)
from models.tickets.incident import INCIDENT_WINDOW, SimilarOpenTicket
from models.tickets.ticket import IncidentReport, Status, Ticket
from models.triage.similarity import (
    MAX_SIMILAR_SHOWN,
    MIN_SIMILARITY_TO_SUGGEST,
    ComparableTicket,
    SolvedTicket,
    rank_similar,
)
from models.triage.skills import words

_MAX_TERMS = 8
_MAX_PEOPLE = 500


class Search:
    """Finds tickets and people."""

    def __init__(self, database: Database, solution_index: SolutionIndex) -> None:
        self._db = database
        self._solution_index = solution_index
        self._recent_tickets = RecentTicketCache(database)

    async def visible_tickets(
        self, member: Member, *, before_id: str, limit: int, terms: str, filters: Mapping[str, str]
    ) -> list[Ticket]:
        """The tickets that a person may see, the newest first.

        Args:
            before: the id of a ticket; only older ones are wanted.
            terms: words that must all be in a ticket.
            wanted: what its fields must be, by their paths; "" is whatever they are.
        """
        query: Document = visibility_filter(member)
        query |= {path: value for path, value in filters.items() if value}
        if there := words(terms)[:_MAX_TERMS]:
            query["words"] = {"$all": there}
        few = most_selective_filter(member, filters, there)
        number = ticket_number(before_id) if before_id else 0
        async with translate_errors():
            found = await newest_page(
                self._db, member.team_id, few, query, before_number=number, limit=limit
            )
        return [ticket_from_document(document) for document in found]

    async def members(
        self, team_id: str, *, after_slack_id: str, limit: int, include_users: bool
    ) -> list[Member]:
        """Members of a workspace, by their Slack ids.

        Args:
            after: a Slack id; only later ones are wanted.
            users: whether those are wanted, too, who are neither moderators nor admins.
        """
        # Their documents are named by workspace and Slack id; ";" comes after ":".
        query: Document = {"_id": {"$gt": f"{team_id}:{after_slack_id}", "$lt": f"{team_id};"}}
        if not include_users:
            query["role"] = {"$in": [Role.MODERATOR.value, Role.ADMIN.value]}
        async with translate_errors():
            found = self._db.members.find(query).sort("_id", 1).limit(limit)
            return members_from_documents(await found.to_list())

    async def members_with_stale_profile(
        self, team_id: str, *, stale_before: datetime
    ) -> list[Member]:
        """Active people with a role or a token, of whom Slack has last told before that time."""
        live = {"team_id": team_id, "revoked_at": None}
        roles = [Role.MODERATOR.value, Role.ADMIN.value]
        async with translate_errors():
            holders = await self._db.tokens.distinct("slack_id", live)
            query: Document = {
                "team_id": team_id,
                "active": True,
                "profiled_at": {"$lt": stale_before},
            }
            query["$or"] = [{"role": {"$in": roles}}, {"slack_id": {"$in": holders}}]
            found = self._db.members.find(query).limit(_MAX_PEOPLE)
            return members_from_documents(await found.to_list())

    async def similar_solved_tickets(
        self, ticket: Ticket, *, min_score: float, hidden_categories: Sequence[str] = ()
    ) -> tuple[SolvedTicket, ...]:
        """Solved tickets most like this one, of those that are no secret; see `models.triage.similarity`.

        Args:
            hidden: categories whose solutions are not for the reader.
        """
        async with translate_errors():
            found = await self._solved_documents(ticket, hidden_categories)
        past = list(comparable_tickets(found))
        # In a thread: other tickets need not wait while texts are compared.
        return await asyncio.to_thread(
            rank_similar,
            ticket.title,
            ticket.text,
            past,
            min_score=min_score,
            limit=MAX_SIMILAR_SHOWN,
        )

    async def _solved_documents(
        self, ticket: Ticket, hidden_categories: Sequence[str]
    ) -> list[Document]:
        """The tickets with words of this one whose solution may be told."""
        ids = await self._solution_index.find_candidate_ids(ticket)
        if not ids:
            return []
        query: Document = {
            "_id": {"$in": ids},
            "solution": {"$gt": ""},
            "confidential": False,
            "triage.category": {"$nin": list(hidden_categories)},
        }
        documents = await self._db.tickets.find(query, COMPARED_FIELDS).to_list(len(ids))
        return sorted(documents, key=lambda one: -ticket_number(one["_id"]))

    async def similar_open_tickets(self, ticket: Ticket) -> list[SimilarOpenTicket]:
        """The tickets very much like this one that are open, and not much older; no secret ones."""
        since = ticket.opened_at - INCIDENT_WINDOW
        async with translate_errors():
            known = await self._recent_tickets.tickets_before(ticket)
        recent = {
            one.comparable.ticket.ticket_id: one.comparable
            for one in known
            if one.opened_at >= since
        }
        like = await _near_duplicates(ticket, recent)
        async with translate_errors():
            now = await self._open_documents(ticket.team_id, like, since) if like else {}
        corrected = {past.ticket.ticket_id: past for past in comparable_tickets(now.values())}
        if any(recent[one].words != past.words for one, past in corrected.items()):
            like = await _near_duplicates(ticket, recent | corrected)
        return [_to_similar_open_ticket(now[one]) for one in like if one in corrected]

    async def _open_documents(
        self, team_id: str, ids: Sequence[str], since: datetime
    ) -> dict[str, Document]:
        """By id: those of these tickets that are open still."""
        numbers = [ticket_number(one) for one in ids]
        window = {"team_id": team_id, "number": {"$gte": min(numbers), "$lte": max(numbers)}}
        query: Document = {
            "_id": {"$in": list(ids)},
            "status": {"$ne": Status.RESOLVED.value},
            "confidential": False,
            "opened_at": {"$gte": since},
        }
        wanted = dict.fromkeys([*COMPARED_FIELDS, "requester", "incident", "number"], 1)
        # The first alone says which index serves; not every server would find it among all.
        stages = [{"$match": window}, {"$match": query}, {"$project": wanted}]
        found = await self._db.tickets.aggregate(stages).to_list()
        return {document["_id"]: document for document in found}


async def _near_duplicates(ticket: Ticket, recent: Mapping[str, ComparableTicket]) -> list[str]:
    past, most = list(recent.values()), len(recent)
    found = await asyncio.to_thread(
        rank_similar,
        ticket.title,
        ticket.text,
        past,
        min_score=MIN_SIMILARITY_TO_SUGGEST,
        limit=most,
    )
    return [one.ticket_id for one in found]


def _to_similar_open_ticket(document: Document) -> SimilarOpenTicket:
    report = IncidentReport(ticket_id=document["_id"], by=document["requester"])
    incident = document.get("incident", "")
    return SimilarOpenTicket(report=report, ticket_number=document["number"], incident=incident)
