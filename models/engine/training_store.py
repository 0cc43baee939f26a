"""The lessons of a workspace, in MongoDB: written when a moderator corrects, read by engines."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from models.clock import utc_now
from models.engine.accuracy import JUDGED_FIELDS, JudgedTriage
from models.infra.database import Database, Document, index, translate_errors
from models.triage.result import Triage
from models.triage.training_example import TrainingExample

# So many days back the newest are looked for, then further: not every server ends a sorted search
# where enough is found, and each reads only what is of that time.
_SEARCH_WINDOWS_DAYS = (1, 8, 64, 512)


class TrainingStore:
    """Keeps what moderators have corrected."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def prepare(self) -> None:
        """Make the index by which lessons are found; harmless when it exists."""
        async with translate_errors():
            await self._db.lessons.create_indexes([index("team_id", "-at")])

    async def add(self, example: TrainingExample) -> None:
        """Keep a lesson; the one before about the same ticket is replaced, but for its shadow."""
        document = example.model_dump(exclude={"shadow_triage"})
        async with translate_errors():
            known = {"_id": example.ticket_id}
            await self._db.lessons.update_one(known, {"$set": document}, upsert=True)
            # Afterwards: who has seen this version finds the lesson.
            news = {"$set": {"version": uuid4().hex}}
            await self._db.upsert("counters", _counter_id(example.team_id), news)

    async def has_shadow_answer(self, ticket_id: str, prompt: str) -> bool:
        """Whether the prompt on trial has been asked about a ticket."""
        async with translate_errors():
            known = {"_id": ticket_id, "shadow.prompt": prompt}
            return await self._db.lessons.find_one(known, {"_id": 1}) is not None

    async def set_shadow_answer(self, ticket_id: str, answer: Triage) -> None:
        """Keep what was said by the prompt on trial, beside the lesson."""
        async with translate_errors():
            said_so = {"$set": {"shadow": answer.model_dump()}}
            await self._db.lessons.update_one({"_id": ticket_id}, said_so)

    async def latest(self, team_id: str, *, limit: int) -> list[TrainingExample]:
        """The newest lessons, the newest first."""
        found = await self._newest_documents(team_id, limit, ())
        # In a thread: of thousands, the event loop need not wait for each to be looked over.
        return await asyncio.to_thread(
            lambda: [TrainingExample.model_validate(one) for one in found]
        )

    async def version(self, team_id: str) -> str:
        """What changes with every lesson; "" where none was learnt."""
        async with translate_errors():
            counter = await self._db.counters.find_one({"_id": _counter_id(team_id)})
        return str(counter["version"]) if counter else ""

    async def list_since(self, team_id: str, at: datetime, *, limit: int) -> list[TrainingExample]:
        """The lessons from a time on, the oldest first."""
        query = {"team_id": team_id, "at": {"$gte": at}}
        async with translate_errors():
            found = self._db.lessons.find(query).sort("at", 1).limit(limit)
            return [TrainingExample.model_validate(document) async for document in found]

    async def judged_triages(self, team_id: str, *, limit: int) -> list[JudgedTriage]:
        """What engines had said and moderators have said, of the newest lessons; without texts."""
        found = await self._newest_documents(team_id, limit, JUDGED_FIELDS)
        return [
            judged for document in found for judged in JudgedTriage.list_from_document(document)
        ]

    async def _newest_documents(
        self, team_id: str, limit: int, fields: Sequence[str]
    ) -> list[Document]:
        """The newest lessons as they are kept, the newest first; all fields where none is named."""
        wanted, found = dict.fromkeys(fields, 1) or None, list[Document]()
        bounds = [utc_now() - timedelta(days=days) for days in _SEARCH_WINDOWS_DAYS]
        for begin, end in zip([*bounds, None], [None, *bounds], strict=True):
            within = {"$gte": begin} if begin else {}
            within |= {"$lt": end} if end else {}
            left = limit - len(found)
            async with translate_errors():
                some = self._db.lessons.find({"team_id": team_id, "at": within}, wanted)
                found += await some.sort("at", -1).limit(left).to_list()
            if len(found) >= limit:
                break
        return found


def _counter_id(team_id: str) -> str:
    return f"lessons:{team_id}"
