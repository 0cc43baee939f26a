"""MongoDB: the desk's to-do list. The only file that knows motor.

A ticket is written whole, guarded by its revision: who read an older one writes nothing. What the
next write should be is decided by the caller, from the ticket and the database's own clock, read
together. `due` is the earliest due time of a ticket's pending steps; a sparse index on it makes
the sweep cost as much as there are due steps, however many tickets there are. Sparse, because not
every server that speaks MongoDB's protocol uses a partial one for this, nor more than one `$in`.
"""

import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr, ValidationError
from pymongo import ReturnDocument
from pymongo.errors import AutoReconnect, DuplicateKeyError, PyMongoError

from models.configuration import DEFAULT, Configuration
from models.errors import NoSuchTicket, Unavailable, Unreadable
from models.member import Member, Profile, Role
from models.ticket import OPEN_WITH_SOMEBODY, Ticket

Document = dict[str, Any]
log = logging.getLogger(__name__)
_UPSERT_TRIES = 2


class Store:
    """The desk's collections: tickets, members, configurations, counters."""

    def __init__(self, uri: SecretStr, database: str, *, answer_within: float) -> None:
        """Make a client; nothing is connected yet.

        Args:
            answer_within: seconds that any one operation may take, finding a server included.
        """
        milliseconds = int(answer_within * 1000)
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            uri.get_secret_value(),
            timeoutMS=milliseconds,
            serverSelectionTimeoutMS=int(milliseconds * 0.8),
            connectTimeoutMS=int(milliseconds * 0.6),
            # The default of 10 s keeps a client waiting long after a new primary is there.
            heartbeatFrequencyMS=1000,
            tz_aware=True,
            w="majority",
            # A receipt is given for what is on disk: without it, killing the server right after
            # an acknowledged write has lost some of the newest tickets.
            journal=True,
        )
        self._db = self._client[database]

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        async with _answering():
            await self._db.command("ping")

    async def prepare(self) -> None:
        """Make the indexes and the counter that the rest relies on; harmless when they exist."""
        async with _answering():
            tickets = self._db.tickets
            await tickets.create_index("key", unique=True)
            await tickets.create_index("due", sparse=True)
            await tickets.create_index(["team_id", "status"])
            await self._db.members.create_index(["team_id", "role"])
            await self._upsert("counters", "tickets", {"$setOnInsert": {"last": 0}})

    # -- tickets ---------------------------------------------------------------------------------

    async def next_number(self) -> tuple[int, datetime]:
        """A number for a new ticket, never given before, and the database's time."""
        count = {"last": {"$add": [{"$ifNull": ["$last", 0]}, 1]}, "at": "$$NOW"}
        async with _answering():
            counter = await self._upsert("counters", "tickets", [{"$set": count}])
        return counter["last"], counter["at"]

    async def insert(self, ticket: Ticket) -> Ticket:
        """Store a new ticket; where its submission is stored already, give back that ticket."""
        async with _answering():
            try:
                await self._db.tickets.insert_one(_document(ticket))
            except DuplicateKeyError:
                stored = await self._db.tickets.find_one({"key": ticket.key})
                if stored is None:
                    raise
                return _ticket(stored)
        return ticket

    async def ticket(self, ticket_id: str) -> tuple[Ticket, datetime]:
        """The ticket, and the database's time at which it stood so.

        Raises:
            NoSuchTicket: there is none of that id.
        """
        async with _answering():
            stages = [{"$match": {"_id": ticket_id}}, {"$addFields": {"now": "$$NOW"}}]
            found = await self._db.tickets.aggregate(stages).to_list(1)
        if not found:
            raise NoSuchTicket("There is no such ticket any more.")
        return _ticket(found[0]), found[0]["now"]

    async def replace(self, before: Ticket, after: Ticket) -> Ticket | None:
        """Store the next state of a ticket; None when somebody else has written in between."""
        written = after.model_copy(update={"rev": before.rev + 1})
        async with _answering():
            result = await self._db.tickets.replace_one(
                {"_id": before.id, "rev": before.rev}, _document(written)
            )
        return written if result.matched_count else None

    async def due_tickets(self, *, limit: int) -> tuple[list[Ticket], datetime]:
        """Tickets with a step that is due, the longest due first, and the database's time."""
        async with _answering():
            hello = await self._db.command("hello", codec_options=self._db.codec_options)
            now: datetime = hello["localTime"]
            found = self._db.tickets.find({"due": {"$lte": now}}).sort("due", 1).limit(limit)
            documents = await found.to_list(limit)
        return list(_readable(documents)), now

    async def open_tickets(self, team_id: str) -> dict[str, list[str]]:
        """By Slack id: the ids of the tickets that a person has, offered or claimed."""
        statuses = [status.value for status in OPEN_WITH_SOMEBODY]
        query = {"team_id": team_id, "status": {"$in": statuses}}
        held: defaultdict[str, list[str]] = defaultdict(list)
        async with _answering():
            async for document in self._db.tickets.find(query, {"assignee": 1}):
                held[document["assignee"]].append(document["_id"])
        return held

    # -- people and configuration ----------------------------------------------------------------

    async def member(self, team_id: str, slack_id: str) -> Member:
        """The member; a person seen for the first time becomes one, with the role `user`."""
        return await self._write_member(team_id, slack_id, {})

    async def set_profile(self, team_id: str, slack_id: str, profile: Profile) -> Member:
        """Note what Slack says of a person; a workspace owner becomes an admin."""
        known = profile.model_dump(exclude={"owner"}) | {"profiled": True}
        role = {"role": Role.ADMIN.value} if profile.owner else {}
        return await self._write_member(team_id, slack_id, known | role)

    async def set_role(
        self, team_id: str, slack_id: str, *, role: Role, skills: Sequence[str] | None = None
    ) -> Member:
        """Give a person a role, and skills where some are given."""
        known = {} if skills is None else {"skills": list(skills)}
        return await self._write_member(team_id, slack_id, {"role": role.value, **known})

    async def set_dm_channel(self, team_id: str, slack_id: str, channel: str) -> None:
        """Note the app's direct-message channel with a person."""
        await self._write_member(team_id, slack_id, {"dm_channel": channel})

    async def moderators(self, team_id: str) -> list[Member]:
        """All moderators and admins of the workspace."""
        query = {"team_id": team_id, "role": {"$in": [Role.MODERATOR.value, Role.ADMIN.value]}}
        async with _answering():
            return [Member.model_validate(d) async for d in self._db.members.find(query)]

    async def configuration(self, team_id: str) -> Configuration:
        """The workspace's categories and skills; the ones the desk starts with until changed."""
        async with _answering():
            found = await self._db.configurations.find_one({"_id": team_id})
        return Configuration.model_validate(found) if found else DEFAULT

    async def set_configuration(self, team_id: str, configuration: Configuration) -> None:
        """Replace the workspace's categories and skills."""
        async with _answering():
            await self._db.configurations.replace_one(
                {"_id": team_id}, configuration.model_dump(mode="json"), upsert=True
            )

    async def _write_member(self, team_id: str, slack_id: str, known: Document) -> Member:
        fresh = Member(team_id=team_id, slack_id=slack_id).model_dump(mode="json")
        changes = {"$setOnInsert": {k: v for k, v in fresh.items() if k not in known}}
        if known:
            changes["$set"] = known
        key = f"{team_id}:{slack_id}"
        async with _answering():
            found = None if known else await self._db.members.find_one({"_id": key})
            return Member.model_validate(found or await self._upsert("members", key, changes))

    async def _upsert(
        self, collection: str, key: str, change: Document | list[Document]
    ) -> Document:
        """Change a document, made first where there is none; gives it as it is then.

        Of many who make it at once, some get an error or no answer, and find it the second time.
        """
        found = None
        for _ in range(_UPSERT_TRIES):
            with suppress(DuplicateKeyError):
                found = await self._db[collection].find_one_and_update(
                    {"_id": key}, change, upsert=True, return_document=ReturnDocument.AFTER
                )
            if found is not None:
                return found
        raise AutoReconnect(f"no answer to a write to {collection}")


def _document(ticket: Ticket) -> Document:
    """The ticket as it is stored; without pending work it has no `due` and leaves that index."""
    document = ticket.model_dump()
    document["_id"] = document.pop("id")
    due = ticket.due_at()
    return document | {"due": due} if due else document


def _ticket(document: Document) -> Ticket:
    try:
        return Ticket.model_validate({**document, "id": document["_id"]})
    except ValidationError as error:
        log.warning("%s can't be read: %s", document["_id"], error)
        raise Unreadable(f"{document['_id']} is damaged. Please tell an admin.") from None


def _readable(documents: list[Document]) -> Iterator[Ticket]:
    """The tickets in these documents; one that is damaged does not hold up the others."""
    for document in documents:
        with suppress(Unreadable):
            yield _ticket(document)


@asynccontextmanager
async def _answering() -> AsyncIterator[None]:
    """Say in a person's words that the database did not answer.

    That does not mean "not stored": the server may have done it and gone silent.
    """
    try:
        yield
    except PyMongoError as error:
        raise Unavailable(
            "I could not confirm that this is saved: the desk's database does not answer. "
            "Please try again in a minute; nothing is done twice."
        ) from error
