"""Taxonomy store: the categories and skills of each workspace, in MongoDB."""

import logging
from collections.abc import Callable
from contextlib import suppress

from pydantic import ValidationError

from models.errors import UserFacingError
from models.infra.database import Database, Document, translate_errors
from models.infra.optimistic_locking import repeat_until_written
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy

_INSERT_DEFAULTS = {"$setOnInsert": DEFAULT_TAXONOMY.model_dump(mode="json") | {"rev": 0}}
_CONFLICT_TEXT = (
    "Your change was not saved: too many people are changing these lists right now. "
    "Please try again."
)
log = logging.getLogger(__name__)


class TaxonomyStore:
    """Stores the taxonomy of each workspace (collection `configurations`)."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def get_taxonomy(self, team_id: str) -> Taxonomy:
        """The workspace's categories and skills; the default ones until an admin changes them."""
        async with translate_errors():
            document = await self._db.read("configurations", team_id)
        return taxonomy_from_document(document) if document else DEFAULT_TAXONOMY

    async def update_taxonomy(self, team_id: str, change: Callable[[Taxonomy], Taxonomy]) -> None:
        """Apply `change` to the stored taxonomy; a concurrent change is read, then tried again.

        Raises:
            UserFacingError: the stored taxonomy cannot be read, and stays as it is.
            Conflict: too many people change it at the same time, or `change` refuses.
        """

        async def attempt() -> Taxonomy | None:
            async with translate_errors():
                document = await self._db.upsert("configurations", team_id, _INSERT_DEFAULTS)
            before = taxonomy_from_document(document)
            if before is DEFAULT_TAXONOMY:
                raise UserFacingError(
                    "The stored categories and skills are damaged and were not changed. "
                    "Please ask the operator to look at the bot's log."
                )
            after = change(before)
            old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
            changes = {field: value for field, value in new.items() if value != old[field]}
            if not changes:
                return after
            rev = document.get("rev")
            update = {"$set": {**changes, "rev": (rev or 0) + 1}}
            async with translate_errors():
                expected = {"_id": team_id, "rev": rev}
                is_stored = await self._db.compare_and_set("configurations", expected, update)
            return after if is_stored else None

        await repeat_until_written(attempt, conflict_text=_CONFLICT_TEXT)


def taxonomy_from_document(document: Document) -> Taxonomy:
    """The stored taxonomy, or the default one if the document is damaged."""
    with suppress(ValidationError):
        return Taxonomy.model_validate(document)
    log.error("the taxonomy of %s can't be read: the default one is used", document["_id"])
    return DEFAULT_TAXONOMY
