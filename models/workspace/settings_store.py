"""The settings of each workspace, in MongoDB: one document for a workspace."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from models.infra.database import Database, Document, translate_errors
from models.infra.document_reader import DocumentReader
from models.workspace.workspace_settings import DENY_GUESTS, WorkspaceSettings, setting_fields

# A change holds everywhere within this time. Many tickets at once share one read.
_CACHE_SECONDS = 0.2
log = logging.getLogger(__name__)


class SettingsStore:
    """Reads and changes settings."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._reader = DocumentReader(database, "workspace_settings", _from_document)
        self._cached: dict[str, tuple[float, WorkspaceSettings]] = {}
        self._denying_teams_cache: tuple[float, frozenset[str]] = (-math.inf, frozenset())

    async def load(self, team_id: str) -> WorkspaceSettings:
        """The settings of a workspace, at most 0.2 s old."""
        read_at, settings = self._cached.get(team_id, (-math.inf, DENY_GUESTS))
        if time.monotonic() - read_at > _CACHE_SECONDS:
            read_at = time.monotonic()
            settings = await self.load_newest(team_id)
            self._cached[team_id] = read_at, settings
        return settings

    async def load_newest(self, team_id: str) -> WorkspaceSettings:
        """The settings of a workspace, with every change that was saved before this call."""
        async with translate_errors():
            document = await self._db.read("workspace_settings", team_id)
            stored = await self._reader.read_or_none(document)
        if stored is None:
            return DENY_GUESTS if document else WorkspaceSettings()
        return stored.settings

    async def update(self, team_id: str, changes: Mapping[str, Any]) -> None:
        """Change settings, by their names in `WorkspaceSettings`."""
        # One `$set` for each field: two admins who save at once keep each other's changes.
        async with translate_errors():
            await self._db.upsert("workspace_settings", team_id, {"$set": dict(changes)})
        self._forget(team_id)

    async def take_over(self, team_id: str, get_values: Callable[[], Mapping[str, Any]]) -> None:
        """Store settings of earlier releases, once for each workspace.

        Before release 0.3 the guest policy stood beside the categories, and the other settings in
        the environment.

        Args:
            team_id: the workspace.
            get_values: gives values from the environment, by their names in `WorkspaceSettings`.
        """
        async with translate_errors():
            stored = await self._db.find_by_id("workspace_settings", team_id)
            if stored and stored.get("taken_over"):
                return
            earlier = await self._db.find_by_id("configurations", team_id)
            values = dict(get_values()) | _policy_fields(earlier or {})
            settings = WorkspaceSettings.model_validate(values)
            fields = settings.model_dump(mode="json", include=set(values)) | {"taken_over": True}
            # Another bot may do the same, and an admin may have changed its result already.
            await self._db.insert_if_absent("workspace_settings", {"_id": team_id}, unique="_id")
            query = {"_id": team_id, "taken_over": {"$ne": True}}
            result = await self._db.workspace_settings.update_one(query, {"$set": fields})
        self._forget(team_id)
        if result.modified_count:
            _log_take_over(values)

    async def teams_denying_guests(self) -> frozenset[str]:
        """The workspaces whose guests may open no tickets; up to 0.2 s old."""
        read_at, team_ids = self._denying_teams_cache
        if time.monotonic() - read_at > _CACHE_SECONDS:
            read_at = time.monotonic()
            documents = await self._db.workspace_settings.find().to_list()
            stored, unreadable = await self._reader.split(documents)
            denying = [one.team_id for one in stored if not one.settings.guests]
            team_ids = frozenset([*denying, *(one.document_id for one in unreadable)])
            self._denying_teams_cache = (read_at, team_ids)
        return team_ids

    def _forget(self, team_id: str) -> None:
        self._cached.pop(team_id, None)
        self._denying_teams_cache = (-math.inf, frozenset())


class _StoredSettings(NamedTuple):
    team_id: str
    settings: WorkspaceSettings


def _from_document(document: Document) -> _StoredSettings:
    return _StoredSettings(document["_id"], WorkspaceSettings.model_validate(document))


def _policy_fields(configuration: Document) -> dict[str, Any]:
    """The guest policy of an earlier release; a damaged one denies guests, as it did there."""
    if "welcome" not in configuration:
        return {}
    try:
        policy = WorkspaceSettings.model_validate(configuration["welcome"])
    except ValidationError:
        policy = DENY_GUESTS
    return policy.model_dump(include={"guests", "strangers", "moderators"})


def _log_take_over(values: Mapping[str, Any]) -> None:
    fields = setting_fields()
    sources = [
        fields[name].variable or f"the guest policy ({fields[name].label})" for name in values
    ]
    for source in sources:
        log.info(
            "%s was taken over: change it in /ticket admin, Workspace settings, from now on", source
        )
