"""Search in MongoDB: tickets that a person may see, similar tickets, and members.

Search terms are whole words: nothing that people type becomes a pattern or an operator. A page
starts after the last ticket of the previous page. So no ticket is skipped or repeated when others
are opened meanwhile. A late page costs no more than the first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from models.infra.database import Database, Document, translate_errors
from models.infra.document_reader import DocumentReader
from models.people.member import Member, Role
from models.people.store import MemberStore
from models.search.pagination import most_selective_filter, newest_page
from models.search.recent_tickets import COMPARED_FIELDS, RecentTicketCache, comparable_tickets
from models.search.solution_index import SolutionIndex
from models.ticket_store.documents import (
    ticket_from_document,
    ticket_number,
)
from models.tickets.incident import INCIDENT_WINDOW, SimilarOpenTicket
from models.tickets.permissions import visibility_filter
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
    """Finds tickets and members."""

    def __init__(
        self, database: Database, solution_index: SolutionIndex, members: MemberStore
    ) -> None:
        self._db = database
        self._members = members
        self._reader = DocumentReader(database, "tickets", ticket_from_document)
        self._solution_index = solution_index
        self._recent_tickets = RecentTicketCache(database)

    async def visible_tickets(
        self, member: Member, *, before_id: str, limit: int, terms: str, filters: Mapping[str, str]
    ) -> list[Ticket]:
        """The tickets that a person may see, the newest first.

        Args:
            before_id: return only tickets older than this one; "" means all.
            terms: words that must all be in the ticket.
            filters: the wanted values by field path; "" means any value.
        """
        query: Document = visibility_filter(member)
        query |= {path: value for path, value in filters.items() if value}
        if search_words := words(terms)[:_MAX_TERMS]:
            query["words"] = {"$all": search_words}
        index_filter = most_selective_filter(member, filters, search_words)
        number = ticket_number(before_id) if before_id else 0
        async with translate_errors():
            documents = await newest_page(
                self._db, member.team_id, index_filter, query, before_number=number, limit=limit
            )
        return await self._reader.read_all(documents)

    async def members(
        self, team_id: str, *, after_slack_id: str, limit: int, include_users: bool
    ) -> list[Member]:
        """Members of a workspace, in the order of their Slack ids.

        Args:
            after_slack_id: return only members after this id; "" means all.
            include_users: whether to return members who are neither moderators nor admins, too.
        """
        # A member's `_id` is "workspace:Slack id", and ";" is the character after ":".
        query: Document = {"_id": {"$gt": f"{team_id}:{after_slack_id}", "$lt": f"{team_id};"}}
        if not include_users:
            query["role"] = {"$in": [Role.MODERATOR.value, Role.ADMIN.value]}
        async with translate_errors():
            cursor = self._db.members.find(query).sort("_id", 1).limit(limit)
            return await self._members.read_members(await cursor.to_list())

    async def members_with_stale_profile(
        self, team_id: str, *, stale_before: datetime
    ) -> list[Member]:
        """Active moderators, admins and token owners whose profile was last read before then."""
        active_tokens = {"team_id": team_id, "revoked_at": None}
        staff_roles = [Role.MODERATOR.value, Role.ADMIN.value]
        async with translate_errors():
            token_owners = await self._db.tokens.distinct("slack_id", active_tokens)
            query: Document = {
                "team_id": team_id,
                "active": True,
                "profiled_at": {"$lt": stale_before},
            }
            query["$or"] = [{"role": {"$in": staff_roles}}, {"slack_id": {"$in": token_owners}}]
            cursor = self._db.members.find(query).limit(_MAX_PEOPLE)
            return await self._members.read_members(await cursor.to_list())

    async def similar_solved_tickets(
        self, ticket: Ticket, *, min_score: float, hidden_categories: Sequence[str] = ()
    ) -> tuple[SolvedTicket, ...]:
        """The solved tickets most similar to this one, without confidential ones.

        Args:
            min_score: the lowest similarity, as `models.triage.similarity` computes it.
            hidden_categories: categories whose solutions the reader may not see.
        """
        async with translate_errors():
            documents = await self._solved_documents(ticket, hidden_categories)
        candidates = list(comparable_tickets(documents))
        # The comparison runs in a thread, so that it does not block other tickets.
        return await asyncio.to_thread(
            rank_similar,
            ticket.title,
            ticket.text,
            candidates,
            min_score=min_score,
            limit=MAX_SIMILAR_SHOWN,
        )

    async def _solved_documents(
        self, ticket: Ticket, hidden_categories: Sequence[str]
    ) -> list[Document]:
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
        return sorted(documents, key=lambda document: -ticket_number(document["_id"]))

    async def similar_open_tickets(self, ticket: Ticket) -> list[SimilarOpenTicket]:
        """Near-duplicates of this ticket that are open, recent and not confidential."""
        since = ticket.opened_at - INCIDENT_WINDOW
        async with translate_errors():
            cached_tickets = await self._recent_tickets.tickets_before(ticket)
        cached = {
            earlier.comparable.ticket.ticket_id: earlier.comparable
            for earlier in cached_tickets
            if earlier.opened_at >= since
        }
        ids = await _near_duplicates(ticket, cached)
        async with translate_errors():
            documents = await self._open_documents(ticket.team_id, ids, since) if ids else {}
        current = {item.ticket.ticket_id: item for item in comparable_tickets(documents.values())}
        if any(cached[ticket_id].words != item.words for ticket_id, item in current.items()):
            # A requester has changed a text since it was cached.
            ids = await _near_duplicates(ticket, cached | current)
        return [
            _to_similar_open_ticket(documents[ticket_id])
            for ticket_id in ids
            if ticket_id in current and isinstance(documents[ticket_id].get("requester"), str)
        ]

    async def _open_documents(
        self, team_id: str, ids: Sequence[str], since: datetime
    ) -> dict[str, Document]:
        """By id: the documents of these tickets that are still open and not confidential."""
        numbers = [ticket_number(ticket_id) for ticket_id in ids]
        window = {"team_id": team_id, "number": {"$gte": min(numbers), "$lte": max(numbers)}}
        query: Document = {
            "_id": {"$in": list(ids)},
            "status": {"$ne": Status.RESOLVED.value},
            "confidential": False,
            "opened_at": {"$gte": since},
        }
        fields = dict.fromkeys([*COMPARED_FIELDS, "requester", "incident", "number"], 1)
        # Only index conditions stand in the first stage: some servers choose the index from it.
        stages = [{"$match": window}, {"$match": query}, {"$project": fields}]
        documents = await self._db.tickets.aggregate(stages).to_list()
        return {document["_id"]: document for document in documents}


async def _near_duplicates(ticket: Ticket, recent: Mapping[str, ComparableTicket]) -> list[str]:
    duplicates = await asyncio.to_thread(
        rank_similar,
        ticket.title,
        ticket.text,
        list(recent.values()),
        min_score=MIN_SIMILARITY_TO_SUGGEST,
        limit=len(recent),
    )
    return [duplicate.ticket_id for duplicate in duplicates]


def _to_similar_open_ticket(document: Document) -> SimilarOpenTicket:
    report = IncidentReport(ticket_id=document["_id"], by=document["requester"])
    incident = document.get("incident", "")
    return SimilarOpenTicket(report=report, ticket_number=document["number"], incident=incident)
