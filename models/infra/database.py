"""The connection to MongoDB, and what every use of it needs: the only file that knows motor."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Any

from bson import encode
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr
from pymongo import IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, PyMongoError

from models.errors import DatabaseUnavailable
from models.infra.batching import Batcher, deduplicating_batcher

Document = dict[str, Any]
EncodedDocument = RawBSONDocument
"""A document as it goes over the wire."""

_MAX_UPSERT_ATTEMPTS = 2
_MAX_BATCH_READS = 100
# https://www.mongodb.com/docs/manual/reference/error-codes/
_DUPLICATE_KEY = 11000
# The server steps down or shuts down: another one will be there.
_FAILOVER_CODES = {91, 189, 10107, 11600, 11602, 13435, 13436}
_deadline_at: ContextVar[float | None] = ContextVar("until", default=None)


class Database:
    """The desk's collections; what is done with them stands `async with answering()`."""

    def __init__(self, uri: SecretStr, name: str, *, timeout_seconds: float) -> None:
        """Make a client; nothing is connected yet.

        Args:
            answer_within: seconds that any one operation may take, finding a server included.
        """
        milliseconds = int(timeout_seconds * 1000)
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
        self._db = self._client[name]
        self._read_batchers: dict[tuple[str, bool], Batcher[str, Document | None]] = {}
        self.tickets = self._db.tickets
        self.members = self._db.members
        self.counters = self._db.counters
        self.configurations = self._db.configurations
        self.alarms = self._db.alarms
        self.tokens = self._db.tokens
        self.links = self._db.links
        self.audit = self._db.audit
        self.webhooks = self._db.webhooks
        self.deliveries = self._db.deliveries
        self.lessons = self._db.lessons
        self.sent = self._db.sent
        self.solutions = self._db.solutions

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def ping(self) -> None:
        """Raise Unavailable unless the database answers."""
        async with translate_errors():
            await self._db.command("ping")

    async def read_server_info(self) -> tuple[tuple[int, ...], frozenset[str]]:
        """The server's version, and the names of the indexes of tickets."""
        async with translate_errors():
            about = await self._client.server_info()
            indexes = await self.tickets.index_information()
        return tuple(about["versionArray"][:3]), frozenset(indexes)

    async def now(self) -> datetime:
        """The server's time."""
        hello = await self._db.command("hello", codec_options=self._db.codec_options)
        now: datetime = hello["localTime"]
        return now

    async def read(
        self, collection: str, key: str, *, with_server_time: bool = False
    ) -> Document | None:
        """The document of that id; what many ask for at the same time is read together.

        Args:
            timed: whether the server's time is wanted in it, too, as `now`.
        """
        which = collection, with_server_time
        if which not in self._read_batchers:
            ask = partial(self._read_all, collection, with_server_time=with_server_time)
            self._read_batchers[which] = deduplicating_batcher(ask, max_batch=_MAX_BATCH_READS)
        return await self._read_batchers[which](key)

    async def _read_all(
        self, collection: str, keys: list[str], *, with_server_time: bool
    ) -> dict[str, Document]:
        # Not every server looks for one among several by the index.
        query = {"_id": keys[0] if len(keys) == 1 else {"$in": keys}}
        if with_server_time:
            stages: list[Document] = [{"$match": query}, {"$addFields": {"now": "$$NOW"}}]
            found = await self._db[collection].aggregate(stages).to_list()
        else:
            found = await self._db[collection].find(query).limit(len(keys)).to_list()
        return {document["_id"]: document for document in found}

    async def insert_if_absent(
        self, collection: str, document: Document, *, unique: str
    ) -> Document | None:
        """Insert a document, unless there is one with the same unique field: then give that."""
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
        """Insert documents that were `encoded`.

        Gives for each the one that is there already with the same unique field, or None.

        Raises:
            BulkWriteError: some could not be stored, for another reason.
        """
        stored: list[Document | None] = [None] * len(documents)
        # An empty list is an error to the driver.
        for place in (
            await self._insert_and_list_duplicates(collection, documents) if documents else ()
        ):
            query = {unique: documents[place][unique]}
            stored[place] = await self._db[collection].find_one(query)
            if stored[place] is None:
                raise AutoReconnect(f"a document of {collection} is there, and is not")
        return stored

    async def _insert_and_list_duplicates(
        self, collection: str, documents: Sequence[EncodedDocument]
    ) -> list[int]:
        """Insert documents; the places of those that are there already."""
        for tries_left in (True, False):
            try:
                await self._db[collection].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                details = error.details or {}
                faults = details["writeErrors"]
                if any(fault["code"] != _DUPLICATE_KEY for fault in faults):
                    raise
                unsure = details["writeConcernErrors"]
                if not unsure:
                    return [fault["index"] for fault in faults]
                # The driver tries a single insert once more after these, but not many of them.
                if not tries_left or not {one["code"] for one in unsure} <= _FAILOVER_CODES:
                    raise
            else:
                break
        return []

    async def upsert(
        self, collection: str, key: str, change: Document | list[Document]
    ) -> Document:
        """Change a document, made first where there is none; gives it as it is then.

        Of many who make it at once, some get an error or no answer, and find it the second time.
        """
        found = None
        for _ in range(_MAX_UPSERT_ATTEMPTS):
            with suppress(DuplicateKeyError):
                found = await self._db[collection].find_one_and_update(
                    {"_id": key}, change, upsert=True, return_document=ReturnDocument.AFTER
                )
            if found is not None:
                return found
        raise AutoReconnect(f"no answer to a write to {collection}")

    async def upsert_all(
        self, collection: str, keys: Sequence[str], change: list[Document]
    ) -> None:
        """Make the same change to several documents, each made first where there is none."""
        writes = [UpdateOne({"_id": key}, change, upsert=True) for key in keys]
        if writes:
            await self._db[collection].bulk_write(writes, ordered=False)


def index(*fields: str, **options: Any) -> IndexModel:
    """An index by these fields in order, those with a minus before them from the highest down."""
    keys = [(field.removeprefix("-"), -1 if field.startswith("-") else 1) for field in fields]
    return IndexModel(keys, **options)


def encode_document(document: Document) -> EncodedDocument | Exception:
    """The document as it goes over the wire; or why it can't, which concerns no other one."""
    try:
        return EncodedDocument(encode(document))
    except (BSONError, ValueError, OverflowError) as error:
        return error


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Within these seconds all that is done with the database in here answers, or has failed.

    That includes waiting for one of motor's threads, which its own time limits do not.
    """
    token = _deadline_at.set(asyncio.get_running_loop().time() + seconds)
    try:
        yield
    finally:
        _deadline_at.reset(token)


@asynccontextmanager
async def translate_errors() -> AsyncIterator[None]:
    """Say in a person's words that the database did not answer.

    That does not mean "not stored": the server may have done it and gone silent.
    """
    try:
        async with asyncio.timeout_at(_deadline_at.get()):
            yield
    except (PyMongoError, TimeoutError) as error:
        raise DatabaseUnavailable(
            "I could not confirm that this is saved: the desk's database does not answer. "
            "Please try again in a minute; nothing is done twice."
        ) from error
