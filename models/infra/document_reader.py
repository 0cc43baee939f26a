"""The tolerant reader of a collection: one unreadable document never stops a query.

It skips the document, logs its id and never its content, counts it, and records it in the
collection `unreadable`, until it is repaired or deleted. The health page lists those.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import ValidationError

from models.errors import CorruptDocument, DamagedDocument, DatabaseUnavailable, NewerDocument
from models.infra.database import Database, Document, translate_errors
from models.infra.metrics import UNREADABLE_DOCUMENTS

MAX_LISTED = 100
_MAX_REASON_LENGTH = 500
# Errors of a parser for a document with missing or wrong fields.
_PARSE_ERRORS = (CorruptDocument, ValueError, KeyError, TypeError, AttributeError)
Model = TypeVar("Model")
log = logging.getLogger(__name__)


class UnreadableDocument(NamedTuple):
    """A document that no process could read; the reason names fields, never their values."""

    collection: str
    document_id: Any
    reason: str


class DocumentReader(Generic[Model]):
    """Reads the documents of one collection as models."""

    def __init__(
        self, database: Database, collection: str, parse: Callable[[Document], Model]
    ) -> None:
        """Create the reader; the health check uses it, too, for the documents it lists.

        Args:
            parse: raises one of the errors that damaged values cause, or NewerDocument.
        """
        self._db = database
        self._collection = collection
        self._parse = parse
        self._reported: set[str] = set()
        database.readers[collection] = self

    async def read_all(self, documents: Iterable[Document]) -> list[Model]:
        """The readable ones among these documents, in their order."""
        models, unreadable = self.parse_all(documents)
        await self.report(unreadable)
        return models

    def parse_all(
        self, documents: Iterable[Document]
    ) -> tuple[list[Model], list[UnreadableDocument]]:
        """The models, and the documents that are damaged; documents of a newer release are left."""
        models, unreadable = [], []
        for document in documents:
            with suppress(NewerDocument):
                try:
                    models.append(self._parse(document))
                except _PARSE_ERRORS as error:
                    unreadable.append(self._unreadable(document, error))
        return models, unreadable

    def read_one(self, document: Document) -> Model:
        """The model of a document.

        Raises:
            NewerDocument: a newer release has written it.
            DamagedDocument: it is damaged.
        """
        try:
            return self._parse(document)
        except _PARSE_ERRORS as error:
            raise DamagedDocument(
                f"A document of Frontdesk is damaged ({self._collection}, {document.get('_id')}). "
                "Nothing was changed. Tell an admin."
            ) from error

    async def report(self, unreadable: Iterable[UnreadableDocument]) -> None:
        """Log, count and record these documents; each one once in the life of a process."""
        for one in unreadable:
            UNREADABLE_DOCUMENTS.labels(self._collection).inc()
            key = f"{self._collection}:{one.document_id}"
            if key in self._reported:
                continue
            self._reported.add(key)
            log.error("%s %s is unreadable: %s", self._collection, one.document_id, one.reason)
            with suppress(DatabaseUnavailable):
                async with translate_errors():
                    record = {"$set": one._asdict()}
                    await self._db.upsert("unreadable", key, record)

    def _unreadable(self, document: Document, error: Exception) -> UnreadableDocument:
        reason = _reason(error.__cause__ or error)[:_MAX_REASON_LENGTH]
        return UnreadableDocument(self._collection, document.get("_id"), reason)


def _reason(error: BaseException) -> str:
    """The fields at fault, without their values."""
    if isinstance(error, ValidationError):
        faults = error.errors(include_input=False)
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in faults)
    return f"{error} is missing" if isinstance(error, KeyError) else type(error).__name__


async def list_unreadable(database: Database) -> list[UnreadableDocument]:
    """The recorded documents that are still unreadable; the others are forgotten."""
    async with translate_errors():
        records = await database.unreadable.find().limit(MAX_LISTED).to_list()
    unreadable: list[UnreadableDocument] = []
    for record in records:
        reader = database.readers.get(record.get("collection", ""))
        still_unreadable: list[UnreadableDocument] = []
        if reader:
            async with translate_errors():
                key = record.get("document_id")
                document = await database.find_by_id(record["collection"], key)
            still_unreadable = reader.parse_all([document])[1] if document else []
        unreadable += still_unreadable
        if not still_unreadable:
            async with translate_errors():
                await database.unreadable.delete_one({"_id": record["_id"]})
    return unreadable
