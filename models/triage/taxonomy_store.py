"""Taxonomy store: the categories and skills of each workspace, in MongoDB."""

from collections.abc import Callable

from models.errors import UserFacingError
from models.infra.database import Database, translate_errors
from models.infra.document_reader import DocumentReader
from models.infra.optimistic_locking import repeat_until_written
from models.triage.taxonomy import DEFAULT_TAXONOMY, FALLBACK_TAXONOMY, Taxonomy

_INSERT_DEFAULTS = {"$setOnInsert": DEFAULT_TAXONOMY.model_dump(mode="json") | {"rev": 0}}
_CONFLICT_TEXT = (
    "Your change was not saved: too many people are changing these lists right now. "
    "Please try again."
)


class TaxonomyStore:
    """Stores the taxonomy of each workspace (collection `configurations`)."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._reader = DocumentReader(database, "configurations", Taxonomy.model_validate)

    async def get_taxonomy(self, team_id: str) -> Taxonomy:
        """The workspace's categories and skills.

        They are the default ones until an admin changes them, and FALLBACK_TAXONOMY while the
        stored ones are damaged.
        """
        async with translate_errors():
            document = await self._db.read("configurations", team_id)
        if document is None:
            return DEFAULT_TAXONOMY
        return await self._reader.read_or_none(document) or FALLBACK_TAXONOMY

    async def update_taxonomy(self, team_id: str, change: Callable[[Taxonomy], Taxonomy]) -> None:
        """Apply `change` to the stored taxonomy; a concurrent change is read, then tried again.

        Raises:
            UserFacingError: the stored taxonomy cannot be read, and stays as it is.
            Conflict: too many people change it at the same time, or `change` refuses.
        """

        async def attempt() -> Taxonomy | None:
            async with translate_errors():
                document = await self._db.upsert("configurations", team_id, _INSERT_DEFAULTS)
            before = await self._reader.read_or_none(document)
            if before is None:
                raise UserFacingError(
                    "The stored categories and skills are damaged and were not changed. "
                    "Please ask the operator to repair them: System health says what is wrong."
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
