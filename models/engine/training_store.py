"""Training store: a workspace's training examples in MongoDB (collection `lessons`).

An example is written when a moderator judges a triage. The engines and the accuracy page read it.
"""

from collections.abc import Sequence
from uuid import uuid4

from models.engine.accuracy import JUDGED_FIELDS, JudgedTriage
from models.infra.counter import counter_reader
from models.infra.database import Database, Document, index, translate_errors
from models.infra.document_reader import DocumentReader
from models.infra.embedded_server import newest_by_time
from models.triage.result import Triage
from models.triage.training_example import TrainingExample


class TrainingStore:
    """Stores the training examples of all workspaces."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._reader = DocumentReader(database, "lessons", TrainingExample.model_validate)
        self._judged_reader = DocumentReader(database, "lessons", JudgedTriage.list_from_document)
        self._counter_reader = counter_reader(database)

    async def prepare(self) -> None:
        """Create the index; harmless when it exists."""
        async with translate_errors():
            await self._db.lessons.create_indexes([index("team_id", "-at")])

    async def add(self, example: TrainingExample) -> None:
        """Store an example; it replaces the ticket's earlier one but keeps the shadow answer."""
        document = example.model_dump(exclude={"shadow_triage"})
        async with translate_errors():
            query = {"_id": example.ticket_id}
            await self._db.lessons.update_one(query, {"$set": document}, upsert=True)
            # The version changes last, so an engine that reads it also finds the example.
            new_version = {"$set": {"version": uuid4().hex}}
            await self._db.upsert("counters", _counter_id(example.team_id), new_version)

    async def has_shadow_answer(self, ticket_id: str, prompt: str) -> bool:
        """Whether an answer of this shadow prompt is stored for a ticket."""
        async with translate_errors():
            query = {"_id": ticket_id, "shadow.prompt": prompt}
            return await self._db.lessons.find_one(query, {"_id": 1}) is not None

    async def set_shadow_answer(self, ticket_id: str, answer: Triage) -> None:
        """Store the shadow prompt's answer with the ticket's example."""
        async with translate_errors():
            update = {"$set": {"shadow": answer.model_dump()}}
            await self._db.lessons.update_one({"_id": ticket_id}, update)

    async def latest(self, team_id: str, *, limit: int) -> list[TrainingExample]:
        """The newest examples, newest first."""
        return await self._reader.read_all(await self._newest_documents(team_id, limit, ()))

    async def version(self, team_id: str) -> str:
        """A version that changes with every stored example; "" if there is none."""
        async with translate_errors():
            document = await self._db.counters.find_one({"_id": _counter_id(team_id)})
            counter = await self._counter_reader.read_or_none(document)
        return counter.version or "" if counter else ""

    async def judged_triages(self, team_id: str, *, limit: int) -> list[JudgedTriage]:
        """The answers of engines and the judgements in the newest examples, without texts."""
        documents = await self._newest_documents(team_id, limit, JUDGED_FIELDS)
        judged = await self._judged_reader.read_all(documents)
        return [one for of_one_ticket in judged for one in of_one_ticket]

    async def _newest_documents(
        self, team_id: str, limit: int, fields: Sequence[str]
    ) -> list[Document]:
        """The newest stored examples, newest first; all fields if none is named."""
        async with translate_errors():
            return await newest_by_time(
                self._db.lessons, {"team_id": team_id}, limit=limit, fields=fields
            )


def _counter_id(team_id: str) -> str:
    return f"lessons:{team_id}"
