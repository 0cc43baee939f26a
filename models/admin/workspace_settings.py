"""An admin's changes of the settings of a workspace."""

from collections.abc import Mapping
from typing import Any

from models.people.member import Member
from models.ticket_service import TicketService
from models.workspace.workspace_settings import WorkspaceSettings


async def save_settings(
    service: TicketService, actor: Member, changes: Mapping[str, Any]
) -> WorkspaceSettings:
    """The settings after the changes, which all processes use from now on.

    Args:
        service: the ticket service.
        actor: the admin who makes the changes.
        changes: new values, by their names in `WorkspaceSettings`.
    """
    before = (await service.workspace_settings.load_newest(actor.team_id)).model_dump(mode="json")
    after = WorkspaceSettings.model_validate({**before, **changes})
    values = after.model_dump(mode="json")
    changed = {name for name in changes if values[name] != before[name]}
    if changed:
        await service.audit_log.record(
            actor,
            "changed settings",
            "the workspace",
            before={name: before[name] for name in changed},
            after={name: values[name] for name in changed},
        )
        await service.workspace_settings.update(
            actor.team_id, {name: values[name] for name in changed}
        )
    return after
