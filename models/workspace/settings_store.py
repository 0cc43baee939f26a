"""The settings of each workspace, in MongoDB: one document for a workspace."""

import logging
import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from models.infra.database import Database, Document, translate_errors
from models.infra.document_reader import DocumentReader
from models.workspace.workspace_settings import DENY_GUESTS, WorkspaceSettings

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
            async with translate_errors():
                document = await self._db.read("workspace_settings", team_id)
                stored = await self._reader.read_or_none(document)
            default = DENY_GUESTS if document else WorkspaceSettings()
            settings = stored.settings if stored else default
            self._cached[team_id] = read_at, settings
        return settings

    async def update(self, team_id: str, changes: Mapping[str, Any]) -> None:
        """Change settings, by their names in `WorkspaceSettings`."""
        # One `$set` for each field: two admins who save at once keep each other's changes.
        async with translate_errors():
            await self._db.upsert("workspace_settings", team_id, {"$set": dict(changes)})
        self._forget(team_id)

    async def take_over(self, team_id: str, values: Mapping[str, Any]) -> None:
        """Store settings of earlier releases, once for each workspace.

        Before release 0.3 the guest policy stood beside the categories, and the other settings in
        the environment.

        Args:
            values: values from the environment, by their names in `WorkspaceSettings`.
        """
        async with translate_errors():
            stored = await self._db.workspace_settings.find_one({"_id": team_id}, {"taken_over": 1})
            if stored and stored.get("taken_over"):
                return
            earlier = await self._db.configurations.find_one({"_id": team_id}, {"welcome": 1})
            welcome = (earlier or {}).get("welcome")
            values = {**values, **(_policy_fields(welcome) if welcome is not None else {})}
            change = {"$set": {**values, "taken_over": True}}
            await self._db.upsert("workspace_settings", team_id, change)
        self._forget(team_id)
        for name in values:
            log.info("the setting %s was taken over: change it in /ticket admin from now on", name)

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


def _policy_fields(welcome: Any) -> dict[str, Any]:
    """The guest policy of an earlier release; a damaged one denies guests, as it did there."""
    try:
        policy = WorkspaceSettings.model_validate(welcome)
    except ValidationError:
        policy = DENY_GUESTS
    return policy.model_dump(include={"guests", "strangers", "moderators"})
