"""AI request log: each text sent to an AI, word for word, in MongoDB, for admins to read.

An entry is written before the text is sent. MongoDB deletes it after 90 days.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from models.infra.database import Database, index, translate_errors
from models.infra.document_reader import DocumentReader

RETENTION = timedelta(days=90)


class AiRequest(BaseModel):
    """One request to an AI, with placeholders in place of redacted texts.

    Attributes:
        prompt: the version of the prompt.
        instruction: the system instruction.
        text: the ticket and the few-shot examples.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    ticket_id: str
    team_id: str
    model: str
    prompt: str
    instruction: str
    text: str
    at: datetime


class AiRequestLog:
    """Stores requests to an AI."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._reader = DocumentReader(database, "sent", AiRequest.model_validate)

    async def prepare(self) -> None:
        """Create the indexes; harmless when they exist."""
        async with translate_errors():
            expiry = index("gone_at", expireAfterSeconds=0)
            await self._db.sent.create_indexes([index("team_id", "ticket_id", "-at"), expiry])

    async def add(
        self, *, ticket_id: str, team_id: str, model: str, prompt: str, instruction: str, text: str
    ) -> None:
        """Store a request that is about to be sent."""
        async with translate_errors():
            request = AiRequest(
                ticket_id=ticket_id,
                team_id=team_id,
                model=model,
                prompt=prompt,
                instruction=instruction,
                text=text,
                at=await self._db.now(),
            )
            await self._db.sent.insert_one(
                request.model_dump() | {"gone_at": request.at + RETENTION}
            )

    async def list_for_ticket(self, team_id: str, ticket_id: str, *, limit: int) -> list[AiRequest]:
        """The requests sent for a ticket, newest first."""
        query = {"team_id": team_id, "ticket_id": ticket_id}
        async with translate_errors():
            documents = self._db.sent.find(query).sort("at", -1).limit(limit)
            return await self._reader.read_all(await documents.to_list())
