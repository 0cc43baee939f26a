"""The audit log of each workspace, in MongoDB: entries are added and never changed."""

from datetime import datetime
from typing import Any

from models.access.audit_entry import AuditEntry, audit_diff
from models.access.record_ids import id_for_key
from models.infra.database import Database, Document, index, translate_errors
from models.infra.document_reader import DocumentReader
from models.infra.embedded_server import newest_by_time
from models.people.member import Member
from models.tickets.ticket import Ticket

MAX_AUDIT_ENTRIES = 200


class AuditLog:
    """Records changes of members and settings, and of tickets by the API or an e-mail link."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._reader = DocumentReader(database, "audit", _entry_from_document)

    async def prepare(self) -> None:
        """Create the index of the newest entries; harmless when it exists."""
        async with translate_errors():
            await self._db.audit.create_indexes([index("team_id", "-at", "-_id")])

    async def record(
        self,
        actor: Member,
        verb: str,
        target: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        via: str = "slack",
        idempotency_key: str = "",
    ) -> None:
        """Add an entry.

        Args:
            actor: the person who acts, or Frontdesk itself.
            verb: verb and kind of target, like "set role".
            target: a Slack id, a ticket id, a skill.
            before, after: the changed values.
            via: the source; see `AuditEntry`.
            idempotency_key: the same key adds one entry only.
        """
        async with translate_errors():
            entry = AuditEntry(
                id=id_for_key(f"{actor.team_id}:{idempotency_key}" if idempotency_key else ""),
                team_id=actor.team_id,
                at=await self._db.now(),
                who=actor.slack_id,
                what=verb,
                to=target,
                before=before or {},
                after=after or {},
                via=via,
            )
            document = entry.model_dump(mode="python")
            document["_id"] = document.pop("id")
            await self._db.insert_if_absent("audit", document, unique="_id")

    async def record_ticket(
        self,
        actor: Member,
        verb: str,
        before: Ticket | None,
        after: Ticket,
        *,
        via: str,
        idempotency_key: str = "",
    ) -> None:
        """Add an entry with the changed fields of a ticket."""
        old, new = audit_diff(before, after)
        await self.record(
            actor, verb, after.id, before=old, after=new, via=via, idempotency_key=idempotency_key
        )

    async def entries(
        self, team_id: str, *, limit: int = MAX_AUDIT_ENTRIES, before_id: str = ""
    ) -> list[AuditEntry]:
        """A page of entries, newest first.

        Args:
            team_id: the workspace.
            limit: the maximum number of entries.
            before_id: the id of an entry; only older entries are returned.
        """
        before = None
        async with translate_errors():
            if before_id:
                before = await self._db.audit.find_one({"_id": before_id, "team_id": team_id})
                if before is None or not isinstance(before.get("at"), datetime):
                    return []

            async def fetch(last: Document | None, count: int) -> list[Document]:
                query = {"team_id": team_id}
                return await newest_by_time(
                    self._db.audit, query, before=last or before, limit=count
                )

            return await self._reader.read_page(fetch, limit=limit)


def _entry_from_document(document: dict[str, Any]) -> AuditEntry:
    return AuditEntry.model_validate({**document, "id": document["_id"]})
