"""The taxonomy of each workspace, in MongoDB: its categories and skills."""

import logging
from collections.abc import Callable
from contextlib import suppress

from pydantic import ValidationError

from models.errors import Conflict, UserFacingError
from models.infra.database import Database, Document, translate_errors
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy

_MAX_ATTEMPTS = 50
log = logging.getLogger(__name__)


class TaxonomyStore:
    """The categories and skills of each workspace."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def get_taxonomy(self, team_id: str) -> Taxonomy:
        """The workspace's categories and skills; the default ones until an admin changes them."""
        async with translate_errors():
            document = await self._db.read("configurations", team_id)
        return taxonomy_from_document(document) if document else DEFAULT_TAXONOMY

    async def update_taxonomy(self, team_id: str, change: Callable[[Taxonomy], Taxonomy]) -> None:
        """Store what `change` makes of the taxonomy; concurrent changes are retried.

        Raises:
            UserFacingError: the stored taxonomy cannot be read, and stays as it is.
            Conflict: too many people change it at the same time.
        """
        first = {"$setOnInsert": DEFAULT_TAXONOMY.model_dump(mode="json") | {"rev": 0}}
        for _ in range(_MAX_ATTEMPTS):
            async with translate_errors():
                document = await self._db.upsert("configurations", team_id, first)
            before = taxonomy_from_document(document)
            if before is DEFAULT_TAXONOMY:
                raise UserFacingError(
                    "The stored categories and skills are damaged and were not changed. "
                    "Please ask the operator to look at the bot's log."
                )
            old, new = (one.model_dump(mode="json") for one in (before, change(before)))
            changed = {part: value for part, value in new.items() if value != old[part]}
            if not changed:
                return
            rev = document.get("rev")
            write = {"$set": {**changed, "rev": (rev or 0) + 1}}
            async with translate_errors():
                result = await self._db.configurations.update_one(
                    {"_id": team_id, "rev": rev}, write
                )
            if result.matched_count:
                return
        raise Conflict("Many people are changing these lists at the same time. Please try again.")


def taxonomy_from_document(document: Document) -> Taxonomy:
    """The configuration stored so; the one the desk starts with where it is damaged."""
    with suppress(ValidationError):
        return Taxonomy.model_validate(document)
    log.error("the configuration of %s can't be read: the first one is used", document["_id"])
    return DEFAULT_TAXONOMY
