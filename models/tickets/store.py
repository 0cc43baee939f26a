"""The desk's to-do list and its people, in MongoDB.

A ticket is written whole, guarded by its revision: who read an older one writes nothing. What the
next write should be is decided by the caller, from the ticket and the database's own clock, read
together. `due` is the earliest due time of a ticket's pending steps; a sparse index on it makes
the sweep cost as much as there are due steps, however many tickets there are. Sparse, because not
every server that speaks MongoDB's protocol uses a partial one for this, nor more than one `$in`.
"""

import logging
from collections import defaultdict
from datetime import datetime
from typing import Any

from models.errors import CorruptDocument, NoSuchTicket
from models.infra.batching import deduplicating_batcher
from models.infra.database import Database, Document, index, translate_errors
from models.people.member import Member, Profile, Role
from models.tickets.documents import (
    configuration_from_document,
    members_from_documents,
    ticket_from_document,
    ticket_to_document,
)
from models.tickets.pending_step import Step
from models.tickets.ticket import ASSIGNED_STATUSES, Status, Ticket
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy

_MAX_BATCH = 100
log = logging.getLogger(__name__)
# What `prepare` makes; the doctor looks whether they are there.
_LIST_INDEX_FIELDS = (("number",), ("status", "number"), ("people", "number"), ("words", "number"))
INDEX_NAMES = frozenset(
    {"key_1", "due_1", "dead_1", "set_aside.at_1", "team_id_1_history.at_1"}
    | {f"team_id_1_{'_1_'.join(fields)}_-1" for fields in _LIST_INDEX_FIELDS}
)


class Store:
    """The desk's collections: tickets, members, configurations, counters."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._moderator_batcher = deduplicating_batcher(
            self._moderators_by_team, max_batch=_MAX_BATCH
        )

    async def prepare(self) -> None:
        """Make the indexes and the counter that the rest relies on; harmless when they exist."""
        async with translate_errors():
            await self._db.tickets.create_indexes(
                [
                    index("key", unique=True),
                    index("due", sparse=True),
                    index("dead", sparse=True),
                    index("set_aside.at", sparse=True),
                    *(
                        index("team_id", *fields, f"-{number}")
                        for *fields, number in _LIST_INDEX_FIELDS
                    ),
                    index("team_id", "history.at"),
                ]
            )
            people = [index("team_id", "role"), index("team_id", "email")]
            await self._db.members.create_indexes(people)
            await self._db.upsert("counters", "tickets", {"$setOnInsert": {"last": 0}})

    # -- tickets ---------------------------------------------------------------------------------

    async def get_ticket(self, ticket_id: str) -> tuple[Ticket, datetime]:
        """The ticket, and the database's time at which it stood so.

        Raises:
            NoSuchTicket: there is none of that id.
        """
        async with translate_errors():
            found = await self._db.read("tickets", ticket_id, with_server_time=True)
        if found is None:
            raise NoSuchTicket
        return ticket_from_document(found), found["now"]

    async def compare_and_set(self, before: Ticket, after: Ticket) -> Ticket | None:
        """Store the next state of a ticket; None when somebody else has written in between."""
        written = after.model_copy(update={"rev": before.rev + 1})
        async with translate_errors():
            result = await self._db.tickets.replace_one(
                # After a restored backup another ticket may have its number.
                {"_id": before.id, "rev": before.rev, "opened_at": before.opened_at},
                ticket_to_document(written),
            )
        return written if result.matched_count else None

    async def due_tickets(self, *, limit: int) -> tuple[list[Ticket], datetime]:
        """Tickets with a step that is due, the longest due first, and the database's time."""
        return await self._tickets_by_time("due", limit)

    async def dead_tickets(self, *, limit: int) -> list[Ticket]:
        """Tickets with a dead step, the longest dead first."""
        return (await self._tickets_by_time("dead", limit))[0]

    async def _tickets_by_time(self, field: str, limit: int) -> tuple[list[Ticket], datetime]:
        async with translate_errors():
            now = await self._db.now()
            found = self._db.tickets.find({field: {"$lte": now}}).sort(field, 1).limit(limit)
            return await self._parse_or_quarantine(await found.to_list(limit), now), now

    async def quarantined_tickets(self, *, limit: int) -> dict[str, str]:
        """By id: why a ticket's document can't be read, so that nothing is done for it."""
        async with translate_errors():
            query = {"set_aside.at": {"$lte": await self._db.now()}}
            found = self._db.tickets.find(query, {"set_aside": 1}).limit(limit)
            return {str(one["_id"]): str(one["set_aside"]["why"]) async for one in found}

    async def release_from_quarantine(self, ticket_id: str) -> None:
        """Go on with a ticket that was set aside, once its document has been repaired.

        Raises:
            NoSuchTicket, Unreadable: it has not.
        """
        ticket, _ = await self.get_ticket(ticket_id)
        # It is written whole, without what set it aside.
        await self.compare_and_set(ticket, ticket)

    async def backlog(self, team_id: str) -> tuple[dict[str, int], float]:
        """How many tickets have each status, and for how many seconds the oldest step is due."""
        counts = {}
        async with translate_errors():
            for status in (status.value for status in Status if status is not Status.RESOLVED):
                query = {"team_id": team_id, "status": status}
                counts[status] = await self._db.tickets.count_documents(query)
            # Those are many; that they are the rest is known without counting them.
            every = await self._db.tickets.estimated_document_count()
            now = await self._db.now()
            oldest = await self._db.tickets.find_one({"due": {"$lte": now}}, sort=[("due", 1)])
        counts[Status.RESOLVED.value] = max(0, every - sum(counts.values()))
        return counts, (now - oldest["due"]).total_seconds() if oldest else 0.0

    async def _parse_or_quarantine(self, documents: list[Document], now: datetime) -> list[Ticket]:
        """The tickets in these documents; one that is damaged is set aside, and holds up nobody."""
        tickets = []
        for document in documents:
            try:
                tickets.append(ticket_from_document(document))
            except CorruptDocument as damaged:
                of = document["_id"]
                log.warning("%s is set aside: %s", of, damaged.__cause__, extra={"ticket": str(of)})
                change = {"set_aside": {"at": now, "why": str(damaged.__cause__)[:500]}}
                write = {"$set": change, "$unset": {"due": "", "dead": ""}}
                await self._db.tickets.update_one({"_id": document["_id"]}, write)
        return tickets

    async def ticket_ids_by_assignee(self, team_id: str) -> dict[str, list[str]]:
        """By Slack id: the ids of the tickets that a person has, offered or claimed."""
        statuses = [status.value for status in ASSIGNED_STATUSES]
        query = {"team_id": team_id, "status": {"$in": statuses}}
        held: defaultdict[str, list[str]] = defaultdict(list)
        async with translate_errors():
            async for document in self._db.tickets.find(query, {"assignee": 1}):
                held[document.get("assignee", "")].append(document["_id"])
        return held

    # -- alarms ----------------------------------------------------------------------------------

    async def raise_alarm(self, team_id: str, step: Step, ticket_id: str) -> str:
        """The ticket that admins are told of when a step of this kind dies: the first one."""
        first = {"$setOnInsert": {"ticket_id": ticket_id}}
        async with translate_errors():
            alarm = await self._db.upsert("alarms", f"{team_id}:{step}", first)
        told: str = alarm["ticket_id"]
        return told

    async def clear_alarm(self, team_id: str, step: Step) -> None:
        """Have admins told anew when a step of this kind dies again."""
        async with translate_errors():
            await self._db.alarms.delete_one({"_id": f"{team_id}:{step}"})

    # -- people and configuration ----------------------------------------------------------------

    async def get_or_create_member(self, team_id: str, slack_id: str) -> Member:
        """The member; a person seen for the first time becomes one, with the role `user`."""
        known = await self.find_member(team_id, slack_id)
        return known or await self._upsert_member(team_id, slack_id, {})

    async def find_member(self, team_id: str, slack_id: str) -> Member | None:
        """The member, if the person is one."""
        async with translate_errors():
            found = await self._db.read("members", f"{team_id}:{slack_id}")
        return Member.model_validate(found) if found else None

    async def set_profile(
        self, member: Member, profile: Profile, *, profiled_at: datetime
    ) -> Member:
        """Note what Slack says of a person, unless Slack has said something newer.

        An owner whom nobody gave a role becomes an admin; a guest is a user, whatever they were.
        Of who is deactivated, name and address stay as they were.
        """
        said = {"active", "updated"} if not profile.active else set(type(profile).model_fields)
        known: Document = profile.model_dump(include=said - {"owner", "confirmed"})
        known["profiled_at"] = profiled_at
        if profile.guest:
            known |= {"role": Role.USER.value, "by_group": False}
        elif profile.is_owner and not member.appointed:
            known |= {"role": Role.ADMIN.value, "by_group": False}
        query: Document = {"_id": f"{member.team_id}:{member.slack_id}"}
        if profile.updated:
            query["updated"] = {"$not": {"$gt": profile.updated}}
        async with translate_errors():
            await self._db.members.update_one(query, {"$set": known})
        return await self.get_or_create_member(member.team_id, member.slack_id)

    async def set_role(self, team_id: str, slack_id: str, *, role: Role, **fields: Any) -> Member:
        """Give a person a role, and note what else there is, by the name it has in `Member`."""
        known: Document = {**fields, "role": role.value, "appointed": True}
        known |= {} if role is Role.MODERATOR else {"by_group": False}
        return await self._upsert_member(team_id, slack_id, known)

    async def set_role_by_group(self, member: Member, *, in_group: bool) -> bool:
        """Make a user of the user group a moderator, or the reverse; whether that changed them.

        Whoever has a role of their own keeps it.
        """
        roles = (Role.USER, Role.MODERATOR) if in_group else (Role.MODERATOR, Role.USER)
        before, after = (role.value for role in roles)
        query: Document = {"_id": f"{member.team_id}:{member.slack_id}", "role": before}
        query |= {} if in_group else {"by_group": True}
        async with translate_errors():
            change = {"$set": {"role": after, "by_group": in_group}}
            result = await self._db.members.update_one(query, change)
        return bool(result.modified_count)

    async def update_member(self, team_id: str, slack_id: str, **fields: Any) -> None:
        """Note something about a person, by the name it has in `Member`."""
        await self._upsert_member(team_id, slack_id, fields)

    async def team_ids(self) -> list[str]:
        """The workspaces that somebody is a member of."""
        async with translate_errors():
            return list(await self._db.members.distinct("team_id"))

    async def moderators(self, team_id: str) -> list[Member]:
        """All moderators and admins of the workspace."""
        async with translate_errors():
            return await self._moderator_batcher(team_id) or []

    async def _moderators_by_team(self, team_ids: list[str]) -> dict[str, list[Member]]:
        role = {"$in": [Role.MODERATOR.value, Role.ADMIN.value]}
        return {team_id: await self._find_members(team_id, role=role) for team_id in team_ids}

    async def group_moderators(self, team_id: str) -> list[Member]:
        """Those who have their role only from the user group."""
        return await self._find_members(team_id, by_group=True)

    async def deactivated_with_email(self, team_id: str, email: str) -> list[Member]:
        """Those who had this address and are deactivated."""
        addresses = [email, email.lower()]
        # Not every server would find the index, were `active` asked for, too.
        had = await self._find_members(team_id, email={"$in": addresses})
        return [member for member in had if not member.active]

    async def configuration(self, team_id: str) -> Taxonomy:
        """The workspace's categories and skills; the ones the desk starts with until changed."""
        async with translate_errors():
            found = await self._db.read("configurations", team_id)
        return configuration_from_document(found) if found else DEFAULT_TAXONOMY

    async def _find_members(self, team_id: str, **query: Any) -> list[Member]:
        async with translate_errors():
            documents = await self._db.members.find({"team_id": team_id, **query}).to_list()
        return members_from_documents(documents)

    async def _upsert_member(self, team_id: str, slack_id: str, fields: Document) -> Member:
        fresh = Member(team_id=team_id, slack_id=slack_id).model_dump(mode="json")
        changes = {"$setOnInsert": {k: v for k, v in fresh.items() if k not in fields}}
        if fields:
            changes["$set"] = fields
        async with translate_errors():
            member = await self._db.upsert("members", f"{team_id}:{slack_id}", changes)
        return Member.model_validate(member)
