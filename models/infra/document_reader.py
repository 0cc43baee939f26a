"""The tolerant reader of documents: one unreadable document never stops a query.

It skips the document, logs its id and never its content, counts it, and records it in the
collection `unreadable`, until it is repaired or deleted. The health page lists those.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from models.clock import utc_now
from models.errors import CorruptDocument, DamagedDocument, DatabaseUnavailable, NewerDocument
from models.infra.database import Database, Document, translate_errors
from models.infra.metrics import UNREADABLE_DOCUMENTS

# Documents without a version are of the releases before 0.3.
FIRST_SCHEMA_VERSION = 1
MAX_LISTED = 100
_MAX_REASON_LENGTH = 500
# A document may be repaired and damaged again, so its record is renewed from time to time.
_REPORT_INTERVAL_SECONDS = 600
# More documents are parsed in a thread, since validating them would block the event loop.
_MAX_PARSED_AT_ONCE = 200
# Errors of a parser for a document with missing or wrong fields.
_PARSE_ERRORS = (CorruptDocument, ValueError, LookupError, TypeError, AttributeError)
Model = TypeVar("Model")
log = logging.getLogger(__name__)


class UnreadableDocument(NamedTuple):
    """A document that no process could read; the reason names fields, never their values."""

    collection: str
    document_id: Any
    reason: str


class DocumentReader(Generic[Model]):
    """Reads documents of one collection as models."""

    def __init__(
        self,
        database: Database,
        collection: str,
        parse: Callable[[Document], Model],
        *,
        schema_version: int = FIRST_SCHEMA_VERSION,
    ) -> None:
        """Create the reader; the health check parses documents of the collection with it, too.

        Args:
            parse: raises one of the errors that damaged values cause.
            schema_version: the highest version of documents that `parse` understands.
        """
        self._db = database
        self._collection = collection
        self._parse_known = parse
        self._schema_version = schema_version
        self._reported_at: dict[str, float] = {}
        database.parsers[collection].append(self._parse)

    async def read_all(self, documents: Sequence[Document]) -> list[Model]:
        """The readable ones among these documents, in their order."""
        return (await self.split(documents))[0]

    async def split(
        self, documents: Sequence[Document]
    ) -> tuple[list[Model], list[UnreadableDocument]]:
        """The models and the damaged documents; documents of a newer release are in neither."""
        if len(documents) > _MAX_PARSED_AT_ONCE:
            models, unreadable = await asyncio.to_thread(self._parse_all, documents)
        else:
            models, unreadable = self._parse_all(documents)
        await self._report(unreadable)
        return models, unreadable

    async def read_page(
        self, fetch: Callable[[Document | None, int], Awaitable[Sequence[Document]]], *, limit: int
    ) -> list[Model]:
        """So many models, in the order of the documents; fewer only if there are no more.

        Args:
            fetch: returns the documents after this one, or the first ones, and at most so many.
        """
        documents = await fetch(None, limit)
        models = await self.read_all(documents)
        while len(models) < limit == len(documents):
            documents = await fetch(documents[-1], limit)
            models += await self.read_all(documents)
        return models[:limit]

    async def read_one(self, document: Document) -> Model:
        """The model of a document.

        Raises:
            NewerDocument: a newer release has written it.
            DamagedDocument: it is damaged.
        """
        model = await self.read_or_none(document)
        if model is None:
            raise DamagedDocument(
                f"A document of Frontdesk is damaged ({self._collection}, {document.get('_id')}). "
                "Tell an admin: System health names it, too."
            )
        return model

    async def read_or_none(self, document: Document | None) -> Model | None:
        """The model; None if there is no document or it is damaged.

        Raises:
            NewerDocument: a newer release has written it.
        """
        if document is None:
            return None
        try:
            return self._parse(document)
        except _PARSE_ERRORS as error:
            await self._report([self._unreadable(document, error)])
            return None

    def _parse(self, document: Document) -> Model:
        version = document.get("schema", FIRST_SCHEMA_VERSION)
        if version > self._schema_version:
            raise NewerDocument
        return self._parse_known(document)

    def _parse_all(
        self, documents: Iterable[Document]
    ) -> tuple[list[Model], list[UnreadableDocument]]:
        models, unreadable = [], []
        for document in documents:
            with suppress(NewerDocument):
                try:
                    models.append(self._parse(document))
                except _PARSE_ERRORS as error:
                    unreadable.append(self._unreadable(document, error))
        return models, unreadable

    def _unreadable(self, document: Document, error: Exception) -> UnreadableDocument:
        reason = _reason(error.__cause__ or error)[:_MAX_REASON_LENGTH]
        return UnreadableDocument(self._collection, document.get("_id"), reason)

    async def _report(self, unreadable: Iterable[UnreadableDocument]) -> None:
        """Count these documents; log and record each one now and then."""
        for one in unreadable:
            UNREADABLE_DOCUMENTS.labels(self._collection).inc()
            key, now = f"{self._collection}:{one.document_id}", time.monotonic()
            if now - self._reported_at.get(key, -math.inf) < _REPORT_INTERVAL_SECONDS:
                continue
            self._reported_at[key] = now
            log.error("%s %s is unreadable: %s", self._collection, one.document_id, one.reason)
            with suppress(DatabaseUnavailable):
                async with translate_errors():
                    record = {"$set": one._asdict(), "$setOnInsert": {"at": utc_now()}}
                    await self._db.upsert("unreadable", key, record)


def _reason(error: BaseException) -> str:
    """The fields at fault, without their values."""
    if isinstance(error, ValidationError):
        faults = error.errors(include_input=False)
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
    return f"{error} is missing" if isinstance(error, KeyError) else type(error).__name__


async def list_unreadable(database: Database) -> list[UnreadableDocument]:
    """The recorded documents that are still damaged; the records of the others are deleted."""
    async with translate_errors():
        records = await database.unreadable.find().sort("at", 1).limit(MAX_LISTED).to_list()
        checked = await asyncio.gather(*(_is_still_damaged(database, one) for one in records))
        resolved = [
            record["_id"]
            for record, is_damaged in zip(records, checked, strict=True)
            if not is_damaged
        ]
        if resolved:
            await database.unreadable.delete_many({"_id": {"$in": resolved}})
    return [
        UnreadableDocument(record["collection"], record["document_id"], str(record.get("reason")))
        for record, is_damaged in zip(records, checked, strict=True)
        if is_damaged
    ]


async def _is_still_damaged(database: Database, record: Document) -> bool:
    if not {"collection", "document_id"} <= record.keys():
        return False
    collection = record["collection"]
    document = await database.find_by_id(collection, record["document_id"])
    if document is None or collection not in database.parsers:
        # A newer release may have recorded a document of a collection that only it reads.
        return document is not None
    try:
        for parse in database.parsers[collection]:
            parse(document)
    except NewerDocument:
        return False
    except _PARSE_ERRORS:
        return True
    return False
