"""The connection to MongoDB and its shared operations; no other file imports motor."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any

from bson import encode
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import (
    AsyncIOMotorClient,
    AsyncIOMotorCollection,
    AsyncIOMotorCursor,
)
from pydantic import SecretStr
from pymongo import IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, PyMongoError

from models.errors import DatabaseUnavailable
from models.infra.batching import Batcher, deduplicating_batcher

Document = dict[str, Any]
Collection = AsyncIOMotorCollection[Document]
DocumentCursor = AsyncIOMotorCursor[Document]
EncodedDocument = RawBSONDocument
"""A document encoded as BSON."""

_MAX_UPSERT_ATTEMPTS = 2
_MAX_BATCH_READS = 100
# https://www.mongodb.com/docs/manual/reference/error-codes/
_DUPLICATE_KEY = 11000
# The primary steps down or shuts down; the replica set elects another one.
_FAILOVER_CODES = {91, 189, 10107, 11600, 11602, 13435, 13436}
_deadline_at: ContextVar[float | None] = ContextVar("deadline_at", default=None)


class Database:
    """Frontdesk's collections; callers use them inside `async with translate_errors()`."""

    def __init__(self, uri: SecretStr, name: str, *, timeout_seconds: float) -> None:
        """Create a client; nothing is connected yet.

        Args:
            uri: the connection string.
            name: the name of the database.
            timeout_seconds: the time limit of one operation, server selection included.
        """
        milliseconds = int(timeout_seconds * 1000)
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            uri.get_secret_value(),
            timeoutMS=milliseconds,
            serverSelectionTimeoutMS=int(milliseconds * 0.8),
            connectTimeoutMS=int(milliseconds * 0.6),
            # With the default of 10 s a client notices a new primary long after its election.
            heartbeatFrequencyMS=1000,
            tz_aware=True,
            w="majority",
            # Acknowledge only writes that are on disk. Without this, killing the server right
            # after an acknowledged write has lost some of the newest tickets.
            journal=True,
        )
        self._db = self._client[name]
        self._read_batchers: dict[tuple[str, bool], Batcher[str, Document | None]] = {}
        # By collection: the parsers of its readers, for the health check.
        self.parsers: defaultdict[str, list[Callable[[Document], object]]] = defaultdict(list)
        self.tickets = self._db.tickets
        self.ticket_events = self._db.ticket_events
        self.members = self._db.members
        self.counters = self._db.counters
        self.migrations = self._db.migrations
        self.configurations = self._db.configurations
        self.workspace_settings = self._db.workspace_settings
        self.alarms = self._db.alarms
        self.tokens = self._db.tokens
        self.links = self._db.links
        self.audit = self._db.audit
        self.webhooks = self._db.webhooks
        self.deliveries = self._db.deliveries
        self.lessons = self._db.lessons
        self.sent = self._db.sent
        self.solutions = self._db.solutions
        self.unreadable = self._db.unreadable

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def ping(self) -> None:
        """Raise DatabaseUnavailable unless the database answers."""
        async with translate_errors():
            await self._db.command("ping")

    async def read_server_info(self) -> tuple[tuple[int, ...], frozenset[str]]:
        """The server's version, and the names of the ticket collection's indexes."""
        async with translate_errors():
            server_info = await self._client.server_info()
            indexes = await self.tickets.index_information()
        return tuple(server_info["versionArray"][:3]), frozenset(indexes)

    async def now(self) -> datetime:
        """The server's time."""
        hello = await self._db.command("hello", codec_options=self._db.codec_options)
        now: datetime = hello["localTime"]
        return now

    async def read(
        self, collection: str, key: str, *, with_server_time: bool = False
    ) -> Document | None:
        """The document with this id, or None; concurrent reads are batched.

        Args:
            collection: the name of the collection.
            key: the document's id.
            with_server_time: whether to add the server's time to the document, as `now`.
        """
        batcher_key = collection, with_server_time
        if batcher_key not in self._read_batchers:
            fetch_all = partial(self._read_all, collection, with_server_time=with_server_time)
            self._read_batchers[batcher_key] = deduplicating_batcher(
                fetch_all, max_batch=_MAX_BATCH_READS
            )
        return await self._read_batchers[batcher_key](key)

    async def find_by_id(self, collection: str, key: Any) -> Document | None:
        """The document with this id, or None."""
        document: Document | None = await self._db[collection].find_one({"_id": key})
        return document

    async def _read_all(
        self, collection: str, keys: list[str], *, with_server_time: bool
    ) -> dict[str, Document]:
        query = {"_id": {"$in": keys}}
        if with_server_time:
            stages: list[Document] = [{"$match": query}, {"$addFields": {"now": "$$NOW"}}]
            documents = await self._db[collection].aggregate(stages).to_list()
        else:
            documents = await self._db[collection].find(query).limit(len(keys)).to_list()
        return {document["_id"]: document for document in documents}

    async def insert_if_absent(
        self, collection: str, document: Document, *, unique: str
    ) -> Document | None:
        """Insert a document; if one with the same unique field exists, return that instead."""
        try:
            await self._db[collection].insert_one(document)
        except DuplicateKeyError:
            stored = await self._db[collection].find_one({unique: document[unique]})
            if stored is None:
                raise
            return stored
        return None

    async def insert_all_if_absent(
        self, collection: str, documents: Sequence[EncodedDocument], *, unique: str
    ) -> list[Document | None]:
        """Insert documents from `encode_document`, in one round trip.

        Returns:
            For each document the one that already existed with the same unique field, or None.

        Raises:
            BulkWriteError: some could not be stored, for another reason.
            AutoReconnect: MongoDB reported a duplicate, but has no such document.
        """
        existing: list[Document | None] = [None] * len(documents)
        # insert_many raises TypeError for an empty list.
        duplicates = (
            await self._insert_and_list_duplicates(collection, documents) if documents else []
        )
        for position in duplicates:
            query = {unique: documents[position][unique]}
            existing[position] = await self._db[collection].find_one(query)
            if existing[position] is None:
                raise AutoReconnect(f"{collection} has a duplicate that cannot be found")
        return existing

    async def _insert_and_list_duplicates(
        self, collection: str, documents: Sequence[EncodedDocument]
    ) -> list[int]:
        """Insert documents; returns the positions of those that already exist."""
        for tries_left in (True, False):
            try:
                await self._db[collection].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                details = error.details or {}
                write_errors = details["writeErrors"]
                if any(write_error["code"] != _DUPLICATE_KEY for write_error in write_errors):
                    raise
                unconfirmed = details["writeConcernErrors"]
                if not unconfirmed:
                    return [write_error["index"] for write_error in write_errors]
                # After these codes the driver retries a single insert, but not insert_many.
                codes = {concern_error["code"] for concern_error in unconfirmed}
                if not tries_left or not codes <= _FAILOVER_CODES:
                    raise
            else:
                break
        return []

    async def upsert(
        self, collection: str, key: str, change: Document | list[Document]
    ) -> Document:
        """The document after a change; it is created first if there is none.

        When several calls create it at once, some get an error or no document. They find it in
        the second attempt.
        """
        document = None
        for _ in range(_MAX_UPSERT_ATTEMPTS):
            with suppress(DuplicateKeyError):
                document = await self._db[collection].find_one_and_update(
                    {"_id": key}, change, upsert=True, return_document=ReturnDocument.AFTER
                )
            if document is not None:
                return document
        raise AutoReconnect(f"no answer to a write to {collection}")

    async def compare_and_set(self, collection: str, expected: Document, new: Document) -> bool:
        """Whether a document was still as expected, and is changed now.

        Args:
            expected: the document's id, and values that the caller has read.
            new: a whole document, or update operators such as `$set`.
        """
        has_operators = all(key.startswith("$") for key in new)
        documents = self._db[collection]
        write = documents.update_one if has_operators else documents.replace_one
        result = await write(expected, new)
        return bool(result.matched_count)

    async def upsert_all(
        self, collection: str, keys: Sequence[str], change: list[Document]
    ) -> None:
        """Apply the same change to several documents; missing ones are created first."""
        writes = [UpdateOne({"_id": key}, change, upsert=True) for key in keys]
        if writes:
            await self._db[collection].bulk_write(writes, ordered=False)


def index(*fields: str, **options: Any) -> IndexModel:
    """An index on these fields, in this order; a minus before a name means descending."""
    keys = [(field.removeprefix("-"), -1 if field.startswith("-") else 1) for field in fields]
    return IndexModel(keys, **options)


def encode_document(document: Document) -> EncodedDocument | Exception:
    """The document encoded as BSON, or the error; one bad document must not fail its batch."""
    try:
        return EncodedDocument(encode(document))
    except (BSONError, ValueError, OverflowError) as error:
        return error


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Fail all database calls inside this block that take longer than these seconds.

    The limit includes the wait for one of motor's threads; motor's own time limits do not.
    """
    token = _deadline_at.set(asyncio.get_running_loop().time() + seconds)
    try:
        yield
    finally:
        _deadline_at.reset(token)


@asynccontextmanager
async def translate_errors() -> AsyncIterator[None]:
    """Turn errors of the driver into DatabaseUnavailable, whose message is for people.

    The error does not mean "not stored": the server may have stored it before it went silent.
    """
    try:
        async with asyncio.timeout_at(_deadline_at.get()):
            yield
    except (PyMongoError, TimeoutError) as error:
        raise DatabaseUnavailable(
            "Frontdesk could not confirm that this was saved: MongoDB does not answer. "
            "Please try again in a minute; nothing is done twice."
        ) from error
