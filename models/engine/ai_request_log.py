"""What was sent to an AI for which ticket, word for word, in MongoDB, for admins to look at.

It is written before anything is sent. It goes by itself after 90 days.
"""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from models.infra.database import Database, index, translate_errors

RETENTION = timedelta(days=90)


class AiRequest(BaseModel):
    """One question to an AI, with placeholders where something was hidden.

    Attributes:
        instruction: what it was told to do.
        text: the ticket, and the examples.
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
    """Keeps what was sent."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def prepare(self) -> None:
        """Make the indexes; harmless when they exist."""
        async with translate_errors():
            gone = index("gone_at", expireAfterSeconds=0)
            await self._db.sent.create_indexes([index("team_id", "ticket_id", "-at"), gone])

    async def add(
        self, *, ticket_id: str, team_id: str, model: str, prompt: str, instruction: str, text: str
    ) -> None:
        """Keep what is about to be sent."""
        async with translate_errors():
            sending = AiRequest(
                ticket_id=ticket_id,
                team_id=team_id,
                model=model,
                prompt=prompt,
                instruction=instruction,
                text=text,
                at=await self._db.now(),
            )
            await self._db.sent.insert_one(
                sending.model_dump() | {"gone_at": sending.at + RETENTION}
            )

    async def list_for_ticket(self, team_id: str, ticket_id: str, *, limit: int) -> list[AiRequest]:
        """What was sent for a ticket, the newest first."""
        query = {"team_id": team_id, "ticket_id": ticket_id}
        async with translate_errors():
            found = self._db.sent.find(query).sort("at", -1).limit(limit)
            return [AiRequest.model_validate(document) async for document in found]
