"""Member administration: an admin's changes are checked, audited, then stored.

Two rules always hold. At least one admin remains. Roles agree with Slack: a guest is always a user,
and the user group makes its members moderators.
"""

from collections.abc import Mapping
from typing import Any

from models.errors import Conflict, InvalidInput
from models.infra.database import Document, translate_errors
from models.people.member import Member, Role
from models.ticket_service import TicketService

# The fields that an admin sets, by their names in `Member`. An InvalidInput names one of them, or
# PERSON_FIELD if the whole change is refused.
ADMIN_FIELDS = ("role", "skills", "trusted", "capacity", "away_until")
PERSON_FIELD = "person"
_LAST_ADMIN_ERROR = "This person is the last admin. Make somebody else an admin first."


async def update_member(
    service: TicketService,
    actor: Member,
    before: Member,
    changes: Mapping[str, Any],
    *,
    via: str = "slack",
) -> Member:
    """The member after the changes.

    Args:
        service: the ticket service.
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
    await check_update(service, before, wanted)
    await _audit(service, actor, before, wanted, via=via)
    try:
        after = await _compare_and_set(service, before, wanted)
    except Conflict:
        await _audit(service, actor, wanted, before, via=via)
        raise
    # Two admins may take each other's role at the same moment: then both changes are undone.
    if before.can_administer and not await _admin_ids(service, before.team_id):
        await _audit(service, actor, after, before, via=via)
        await _compare_and_set(service, after, before)
        raise InvalidInput({PERSON_FIELD: _LAST_ADMIN_ERROR})
    return after


async def check_update(service: TicketService, before: Member, after: Member) -> None:
    """Raise InvalidInput if the change of this member is not allowed."""
    if before.guest and after.role is not Role.USER:
        reason = "Guests, bots and people of other workspaces can only be users."
        raise InvalidInput({"role": reason})
    if before.by_group and after.role is Role.USER:
        reason = "A Slack user group makes this person a moderator. Remove them from it in Slack."
        raise InvalidInput({"role": reason})
    if after.role is Role.ADMIN:
        return
    if after.slack_id in service.settings.admin_slack_ids:
        reason = "This person is always an admin: the setting ADMIN_SLACK_IDS names them."
        raise InvalidInput({PERSON_FIELD: reason})
    if await _admin_ids(service, after.team_id) == [after.slack_id]:
        raise InvalidInput({PERSON_FIELD: _LAST_ADMIN_ERROR})


def _with_changes(before: Member, changes: Mapping[str, Any]) -> Member:
    """The changed member; a role set by an admin no longer comes from the user group."""
    after = before.model_copy(update=dict(changes))
    if "role" not in changes:
        return after
    by_group = before.by_group and after.role is Role.MODERATOR
    return after.model_copy(update={"appointed": True, "by_group": by_group})


async def _compare_and_set(service: TicketService, before: Member, after: Member) -> Member:
    """Store the changed fields, or raise Conflict if an admin field is no longer as in `before`."""
    names = (*ADMIN_FIELDS, "appointed", "by_group")
    values = {
        name: (_to_stored_value(before, name), _to_stored_value(after, name)) for name in names
    }
    changes = {name: new for name, (old, new) in values.items() if new != old}
    async with translate_errors():
        result = await service.database.members.update_one(_match_query(before), {"$set": changes})
    if not result.matched_count:
        raise Conflict(
            "Nothing was saved: somebody else has just changed this person. "
            "Open the person again to see the new values."
        )
    return await service.members.get_or_create_member(before.team_id, before.slack_id)


def _match_query(member: Member) -> Document:
    """Matches the member's document if its admin fields are unchanged.

    A document from before a field existed lacks it, so a default value matches a missing one.
    """
    query: Document = {"_id": f"{member.team_id}:{member.slack_id}"}
    for name in ADMIN_FIELDS:
        value = _to_stored_value(member, name)
        is_default = value == _to_stored_value(Member(team_id="", slack_id=""), name)
        query[name] = {"$in": [value, None]} if is_default else value
    return query


def _to_stored_value(member: Member, name: str) -> Any:
    value = getattr(member, name)
    return list(value) if isinstance(value, tuple) else value.value if name == "role" else value


async def _audit(
    service: TicketService, actor: Member, before: Member, after: Member, *, via: str
) -> None:
    """Add an audit entry; called before the change is stored, so no change lacks its entry."""
    old, new = (one.model_dump(mode="json", include=set(ADMIN_FIELDS)) for one in (before, after))
    if old != new:
        await service.audit_log.record(
            actor, "set role", after.slack_id, before=old, after=new, via=via
        )


async def _admin_ids(service: TicketService, team_id: str) -> list[str]:
    return [one.slack_id for one in await service.members.moderators(team_id) if one.can_administer]
