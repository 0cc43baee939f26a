"""The counters of a deployment: the last ticket number, and versions of training examples."""

from pydantic import BaseModel, ConfigDict

from models.infra.database import Database, Document
from models.infra.document_reader import DocumentReader


class Counter(BaseModel):
    """A number that only grows, or a version that changes with the counted documents."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    last: int | None = None
    version: str | None = None


def counter_reader(database: Database) -> DocumentReader[Counter]:
    """A reader of counters."""
    return DocumentReader(database, "counters", _counter_from_document)


def _counter_from_document(document: Document) -> Counter:
    counter = Counter.model_validate(document)
    if counter == Counter():
        raise ValueError("it has neither a number nor a version")
    return counter
