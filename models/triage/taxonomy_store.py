"""Taxonomy store: the categories and skills of each workspace, in MongoDB."""

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
        defaults = {"$setOnInsert": DEFAULT_TAXONOMY.model_dump(mode="json") | {"rev": 0}}
        for _ in range(_MAX_ATTEMPTS):
            async with translate_errors():
                document = await self._db.upsert("configurations", team_id, defaults)
            before = taxonomy_from_document(document)
            if before is DEFAULT_TAXONOMY:
                raise UserFacingError(
                    "The stored categories and skills are damaged and were not changed. "
                    "Please ask the operator to look at the bot's log."
                )
            old = before.model_dump(mode="json")
            new = change(before).model_dump(mode="json")
            changes = {field: value for field, value in new.items() if value != old[field]}
            if not changes:
                return
            rev = document.get("rev")
            update = {"$set": {**changes, "rev": (rev or 0) + 1}}
            async with translate_errors():
                result = await self._db.configurations.update_one(
                    {"_id": team_id, "rev": rev}, update
                )
            if result.matched_count:
                return
        raise Conflict(
            "Your change was not saved: too many people are changing these lists right now. "
            "Please try again."
        )


def taxonomy_from_document(document: Document) -> Taxonomy:
    """The stored taxonomy, or the default one if the document is damaged."""
    with suppress(ValidationError):
        return Taxonomy.model_validate(document)
    log.error("the taxonomy of %s can't be read: the default one is used", document["_id"])
    return DEFAULT_TAXONOMY
