"""Search in MongoDB: tickets that a person may see, similar tickets, and members.

Search terms are whole words: nothing that people type becomes a pattern or an operator. A page
starts after the last ticket of the previous page. So no ticket is skipped or repeated when others
are opened meanwhile. A late page costs no more than the first.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from models.infra.database import Database, Document, translate_errors
from models.infra.document_reader import DocumentReader
from models.infra.embedded_server import match_stages, newest_by_number
from models.people.member import Member, Role
from models.people.store import MemberStore
from models.search.recent_tickets import (
    COMPARED_FIELDS,
    RecentTicketCache,
    comparable_from_document,
)
from models.search.solution_index import SolutionIndex
from models.ticket_store.documents import SCHEMA_VERSION, ticket_number
from models.ticket_store.store import TicketStore
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
        self,
        database: Database,
        tickets: TicketStore,
        members: MemberStore,
        solution_index: SolutionIndex,
    ) -> None:
        self._db = database
        self._tickets = tickets
        self._members = members
        self._solution_index = solution_index
        self._recent_tickets = RecentTicketCache(database)
        self._solved_reader = DocumentReader(
            database, "tickets", comparable_from_document, schema_version=SCHEMA_VERSION
        )
        self._open_reader = DocumentReader(
            database, "tickets", _open_ticket_from_document, schema_version=SCHEMA_VERSION
        )

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
        index_filter = _most_selective_filter(member, filters, search_words)
        newest = ticket_number(before_id) if before_id else 1 + await self._tickets.last_number()

        async def fetch(last: Document | None, count: int) -> list[Document]:
            number = last["number"] if last else newest
            return await newest_by_number(
                self._db.tickets,
                {"team_id": member.team_id, **index_filter},
                query,
                before_number=number,
                limit=count,
                is_selective=bool(index_filter),
            )

        async with translate_errors():
            return await self._tickets.reader.read_page(fetch, limit=limit)

    async def members(
        self, team_id: str, *, after_slack_id: str, limit: int, include_users: bool
    ) -> list[Member]:
        """Members of a workspace, in the order of their Slack ids.

        Args:
            after_slack_id: return only members after this id; "" means all.
            include_users: whether to return members who are neither moderators nor admins, too.
        """
        staff_roles = [Role.MODERATOR.value, Role.ADMIN.value]
        filters: Document = {} if include_users else {"role": {"$in": staff_roles}}

        async def fetch(last: Document | None, count: int) -> list[Document]:
            # A member's `_id` is "workspace:Slack id", and ";" is the character after ":".
            after = last["_id"] if last else f"{team_id}:{after_slack_id}"
            query = {"_id": {"$gt": after, "$lt": f"{team_id};"}, **filters}
            return await self._db.members.find(query).sort("_id", 1).limit(count).to_list()

        async with translate_errors():
            return await self._members.reader.read_page(fetch, limit=limit)

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
            return await self._members.reader.read_all(await cursor.to_list())

    async def similar_solved_tickets(
        self, ticket: Ticket, *, min_score: float, categories: Sequence[str] | None = None
    ) -> tuple[SolvedTicket, ...]:
        """The solved tickets most similar to this one, without confidential ones.

        Args:
            min_score: the lowest similarity, as `models.triage.similarity` computes it.
            categories: the categories whose solutions the reader may see; None for all.
        """
        async with translate_errors():
            documents = await self._solved_documents(ticket, categories)
        candidates = await self._solved_reader.read_all(documents)
        candidates.sort(key=lambda candidate: -ticket_number(candidate.ticket.ticket_id))
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
        self, ticket: Ticket, categories: Sequence[str] | None
    ) -> list[Document]:
        ids = await self._solution_index.find_candidate_ids(ticket)
        if not ids:
            return []
        query: Document = {
            "_id": {"$in": ids},
            "solution": {"$gt": ""},
            "confidential": False,
        }
        if categories is not None:
            query["triage.category"] = {"$in": list(categories)}
        return await self._db.tickets.find(query, COMPARED_FIELDS).to_list(len(ids))

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
            documents = await self._open_documents(ticket.team_id, ids, since) if ids else []
        open_tickets = {
            item.comparable.ticket.ticket_id: item
            for item in await self._open_reader.read_all(documents)
        }
        current = {ticket_id: item.comparable for ticket_id, item in open_tickets.items()}
        if any(cached[ticket_id].words != item.words for ticket_id, item in current.items()):
            # A requester has changed a text since it was cached.
            ids = await _near_duplicates(ticket, cached | current)
        return [open_tickets[ticket_id].similar for ticket_id in ids if ticket_id in open_tickets]

    async def _open_documents(
        self, team_id: str, ids: Sequence[str], since: datetime
    ) -> list[Document]:
        """The documents of these tickets that are still open and not confidential."""
        numbers = [ticket_number(ticket_id) for ticket_id in ids]
        window = {"team_id": team_id, "number": {"$gte": min(numbers), "$lte": max(numbers)}}
        query: Document = {
            "_id": {"$in": list(ids)},
            "status": {"$ne": Status.RESOLVED.value},
            "confidential": False,
            "opened_at": {"$gte": since},
        }
        fields = dict.fromkeys([*COMPARED_FIELDS, "requester", "incident"], 1)
        stages = [*match_stages(window, query), {"$project": fields}]
        return await self._db.tickets.aggregate(stages).to_list()


def _most_selective_filter(
    member: Member, filters: Mapping[str, str], terms: Sequence[str]
) -> Document:
    """The condition that an index serves with the fewest tickets, or {}; see `newest_by_number`.

    Args:
        filters: the wanted values by field; "" means any value.
        terms: words that must all be in the ticket.
    """
    wanted_person = filters.get("assignee") or filters.get("requester")
    if person := wanted_person if member.can_moderate else member.slack_id:
        return {"people": person}
    status = filters.get("status")
    if status and status != Status.RESOLVED.value:
        return {"status": status}
    return {"words": max(terms, key=len)} if terms else {}


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


class _OpenTicket(NamedTuple):
    comparable: ComparableTicket
    similar: SimilarOpenTicket


def _open_ticket_from_document(document: Document) -> _OpenTicket:
    comparable = comparable_from_document(document)
    similar = SimilarOpenTicket(
        report=IncidentReport(ticket_id=document["_id"], by=document["requester"]),
        ticket_number=ticket_number(document["_id"]),
        incident=str(document.get("incident", "")),
    )
    return _OpenTicket(comparable, similar)
