"""An admin's changes of the settings of a workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.access.audit_log import AuditLog
from models.people.member import Member
from models.workspace.settings_store import SettingsStore
from models.workspace.workspace_settings import WorkspaceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsAdmin:
    """Changes settings for admins, with an audit entry for each change."""

    workspace_settings: SettingsStore
    audit_log: AuditLog

    async def save(self, actor: Member, changes: Mapping[str, Any]) -> WorkspaceSettings:
        """The settings after the changes, which all processes use from now on.

        Args:
            actor: the admin who makes the changes.
            changes: new values, by their names in `WorkspaceSettings`.
        """
        before = (await self.workspace_settings.load_newest(actor.team_id)).model_dump(mode="json")
        after = WorkspaceSettings.model_validate({**before, **changes})
        values = after.model_dump(mode="json")
        changed = {name for name in changes if values[name] != before[name]}
        if changed:
            await self.audit_log.record(
                actor,
                "changed settings",
                "the workspace",
                before={name: before[name] for name in changed},
                after={name: values[name] for name in changed},
            )
            await self.workspace_settings.update(
                actor.team_id, {name: values[name] for name in changed}
            )
        return after
