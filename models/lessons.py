"""The lessons of a workspace, in MongoDB: written when a moderator corrects, read by engines."""

from datetime import datetime

from models.accuracy import JUDGED, Judged
from models.database import Database, answering
from models.lesson import Lesson
from models.triage import Triage


class Lessons:
    """Keeps what moderators have corrected."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def prepare(self) -> None:
        """Make the index by which lessons are found; harmless when it exists."""
        async with answering():
            await self._db.lessons.create_index([("team_id", 1), ("at", -1)])

    async def learn(self, lesson: Lesson) -> None:
        """Keep a lesson; the one before about the same ticket is replaced, but for its shadow."""
        document = lesson.model_dump(exclude={"shadow"})
        async with answering():
            known = {"_id": lesson.ticket_id}
            await self._db.lessons.update_one(known, {"$set": document}, upsert=True)

    async def shadowed(self, ticket_id: str, prompt: str) -> bool:
        """Whether the prompt on trial has been asked about a ticket."""
        async with answering():
            known = {"_id": ticket_id, "shadow.prompt": prompt}
            return await self._db.lessons.find_one(known, {"_id": 1}) is not None

    async def overshadow(self, ticket_id: str, said: Triage) -> None:
        """Keep what was said by the prompt on trial, beside the lesson."""
        async with answering():
            said_so = {"$set": {"shadow": said.model_dump()}}
            await self._db.lessons.update_one({"_id": ticket_id}, said_so)

    async def latest(self, team_id: str, *, limit: int) -> list[Lesson]:
        """The newest lessons, the newest first."""
        async with answering():
            found = self._db.lessons.find({"team_id": team_id}).sort("at", -1).limit(limit)
            return [Lesson.model_validate(document) async for document in found]

    async def version(self, team_id: str) -> str:
        """What changes with every lesson: how many there are, and when the newest was."""
        query = {"team_id": team_id}
        async with answering():
            count = await self._db.lessons.count_documents(query)
            newest = await self._db.lessons.find_one(query, {"at": 1}, sort=[("at", -1)])
        return f"{count} {newest['at'].isoformat()}" if newest else "0"

    async def since(self, team_id: str, at: datetime, *, limit: int) -> list[Lesson]:
        """The lessons from a time on, the oldest first."""
        query = {"team_id": team_id, "at": {"$gte": at}}
        async with answering():
            found = self._db.lessons.find(query).sort("at", 1).limit(limit)
            return [Lesson.model_validate(document) async for document in found]

    async def judged(self, team_id: str, *, limit: int) -> list[Judged]:
        """What engines had said and moderators have said, of the newest lessons; without texts."""
        async with answering():
            query, wanted = {"team_id": team_id}, dict.fromkeys(JUDGED, 1)
            found = self._db.lessons.find(query, wanted).sort("at", -1).limit(limit)
            return [judged async for document in found for judged in Judged.all_of(document)]
