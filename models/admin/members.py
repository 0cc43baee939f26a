"""Member administration: an admin's changes are checked, audited, then stored.

Two rules always hold. At least one admin remains. Roles agree with Slack: a guest is always a user,
and the user group makes its members moderators.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.access.audit_log import AuditLog
from models.access.directory_sync import DirectorySync
from models.admin.orphaned_tickets import OrphanedTickets
from models.errors import Conflict, InvalidInput
from models.people.member import ADMIN_FIELDS, Member, Role
from models.people.store import MemberStore
from models.settings import Settings

# An InvalidInput names one of ADMIN_FIELDS, or this if the whole change is refused.
PERSON_FIELD = "person"
_LAST_ADMIN_ERROR = "This person is the last admin. Make somebody else an admin first."


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAdmin:
    """Changes members for admins, with an audit entry for each change."""

    settings: Settings
    members: MemberStore
    audit_log: AuditLog
    directory: DirectorySync
    orphaned_tickets: OrphanedTickets

    async def update_member(
        self,
        actor: Member,
        before: Member,
        changes: Mapping[str, Any],
        *,
        via: str = "slack",
    ) -> Member:
        """The member after the changes.

        Args:
            actor: the admin who makes the changes.
            before: the member as the admin saw them.
            changes: new values, by the names in `ADMIN_FIELDS`.
            via: the source of the changes, for the audit log.

        Raises:
            InvalidInput: the changes are not allowed; the field is `PERSON_FIELD` or a changed one.
            Conflict: somebody else has changed the member meanwhile.
        """
        wanted = _with_changes(before, changes)
        if wanted == before:
            return before
        await self.check_update(before, wanted)
        await self._audit(actor, before, wanted, via=via)
        try:
            after = await self._store(before, wanted)
        except Conflict:
            await self._audit(actor, wanted, before, via=via)
            raise
        # Two admins may take each other's role at the same moment: then both changes are undone.
        if before.can_administer and not await self._admin_ids(before.team_id):
            await self._audit(actor, after, before, via=via)
            await self._store(after, before)
            raise InvalidInput({PERSON_FIELD: _LAST_ADMIN_ERROR})
        return after

    async def check_update(self, before: Member, after: Member) -> None:
        """Raise InvalidInput if the change of this member is not allowed."""
        if before.guest and after.role is not Role.USER:
            reason = "Guests, bots and people of other workspaces can only be users."
            raise InvalidInput({"role": reason})
        if before.by_group and after.role is Role.USER:
            reason = (
                "A Slack user group makes this person a moderator. Remove them from it in Slack."
            )
            raise InvalidInput({"role": reason})
        if after.role is Role.ADMIN:
            return
        if after.slack_id in self.settings.admin_slack_ids:
            reason = "This person is always an admin: the setting ADMIN_SLACK_IDS names them."
            raise InvalidInput({PERSON_FIELD: reason})
        if await self._admin_ids(after.team_id) == [after.slack_id]:
            raise InvalidInput({PERSON_FIELD: _LAST_ADMIN_ERROR})

    async def apply_role(self, member: Member) -> None:
        """Reassign the tickets of people who lost the role, and read the member's profile."""
        await self.orphaned_tickets.reassign(member.team_id)
        await self.directory.member_with_profile(member.team_id, member.slack_id)

    async def _store(self, before: Member, after: Member) -> Member:
        stored = await self.members.compare_and_set(before, after)
        if stored is None:
            raise Conflict(
                "Nothing was saved: somebody else has just changed this person. "
                "Open the person again to see the new values."
            )
        return stored

    async def _audit(self, actor: Member, before: Member, after: Member, *, via: str) -> None:
        """Add an audit entry; called before the change is stored, so no change lacks its entry."""
        old, new = (
            one.model_dump(mode="json", include=set(ADMIN_FIELDS)) for one in (before, after)
        )
        if old != new:
            await self.audit_log.record(
                actor, "set role", after.slack_id, before=old, after=new, via=via
            )

    async def _admin_ids(self, team_id: str) -> list[str]:
        return [
            one.slack_id for one in await self.members.moderators(team_id) if one.can_administer
        ]


def _with_changes(before: Member, changes: Mapping[str, Any]) -> Member:
    """The changed member; a role set by an admin no longer comes from the user group."""
    after = before.model_copy(update=dict(changes))
    if "role" not in changes:
        return after
    by_group = before.by_group and after.role is Role.MODERATOR
    return after.model_copy(update={"appointed": True, "by_group": by_group})
