"""What an admin decides about a person: looked at, written down, then done, wherever it was said.

Two things must never happen: that nobody is an admin any more, and that somebody has a role which
Slack does not leave them (guests are users, a user group makes moderators).
"""

from collections.abc import Mapping
from typing import Any

from models.errors import Conflict, InvalidInput
from models.infra.database import Document, translate_errors
from models.people.member import Member, Role
from models.ticket_service import TicketService

# What an admin decides, by the names in `Member`; the fields that a refusal names are among them,
# but for the person as a whole.
ADMIN_FIELDS = ("role", "skills", "trusted", "capacity", "away_until")
PERSON_FIELD = "person"
_LAST_ADMIN_ERROR = "They are the last admin. Please make somebody else one first."


async def update_member(
    service: TicketService,
    by: Member,
    before: Member,
    changes: Mapping[str, Any],
    *,
    via: str = "slack",
) -> Member:
    """The person as they are after the changes.

    Args:
        before: the person as they were when it was decided.
        changes: by the names in `DECIDED`.
        via: where it was said, for the audit log.

    Raises:
        InvalidDraft: it can't be; the fields are `PERSON` or what is changed.
        OutOfTurn: somebody else has changed the person meanwhile.
    """
    asked = _with_changes(before, changes)
    if asked == before:
        return before
    await check_update(service, before, asked)
    await _audit(service, by, before, asked, via=via)
    try:
        after = await _compare_and_set(service, before, asked)
    except Conflict:
        await _audit(service, by, asked, before, via=via)
        raise
    # Two admins may take each other's role at the same moment: then neither does.
    if before.can_administer and not await _admin_ids(service, before.team_id):
        await _audit(service, by, after, before, via=via)
        await _compare_and_set(service, after, before)
        raise InvalidInput({PERSON_FIELD: _LAST_ADMIN_ERROR})
    return after


async def check_update(service: TicketService, before: Member, after: Member) -> None:
    """Raise InvalidDraft unless the person may become what is asked."""
    if before.guest and after.role is not Role.USER:
        why = "Guests, bots and people of other workspaces are never more than users."
        raise InvalidInput({"role": why})
    if before.by_group and after.role is Role.USER:
        why = "They are a moderator by a Slack user group. Take them out of it in Slack."
        raise InvalidInput({"role": why})
    if after.role is Role.ADMIN:
        return
    if after.slack_id in service.settings.admin_slack_ids:
        raise InvalidInput({PERSON_FIELD: "They are always an admin: ADMIN_SLACK_IDS names them."})
    if await _admin_ids(service, after.team_id) == [after.slack_id]:
        raise InvalidInput({PERSON_FIELD: _LAST_ADMIN_ERROR})


def _with_changes(before: Member, changes: Mapping[str, Any]) -> Member:
    """The person as they would be; a role that is given is not the user group's any more."""
    asked = before.model_copy(update=dict(changes))
    if "role" not in changes:
        return asked
    by_group = before.by_group and asked.role is Role.MODERATOR
    return asked.model_copy(update={"appointed": True, "by_group": by_group})


async def _compare_and_set(service: TicketService, before: Member, after: Member) -> Member:
    """Store what is different, unless something that an admin decides is not as it was."""
    names = (*ADMIN_FIELDS, "appointed", "by_group")
    kept = {name: (_to_stored_value(before, name), _to_stored_value(after, name)) for name in names}
    known = {name: is_ for name, (was, is_) in kept.items() if is_ != was}
    async with translate_errors():
        result = await service.database.members.update_one(_match_query(before), {"$set": known})
    if not result.matched_count:
        raise Conflict("Somebody else has changed this person. Please look again.")
    return await service.members.get_or_create_member(before.team_id, before.slack_id)


def _match_query(member: Member) -> Document:
    """The member's document, if it says what is known; of a newer field it may say nothing."""
    query: Document = {"_id": f"{member.team_id}:{member.slack_id}"}
    for name in ADMIN_FIELDS:
        value = _to_stored_value(member, name)
        fresh = value == _to_stored_value(Member(team_id="", slack_id=""), name)
        query[name] = {"$in": [value, None]} if fresh else value
    return query


def _to_stored_value(member: Member, name: str) -> Any:
    """A field as MongoDB keeps it."""
    value = getattr(member, name)
    return list(value) if isinstance(value, tuple) else value.value if name == "role" else value


async def _audit(
    service: TicketService, by: Member, before: Member, after: Member, *, via: str
) -> None:
    """Write it down before it is done, so that nothing is done that is not written down."""
    was, is_ = (one.model_dump(mode="json", include=set(ADMIN_FIELDS)) for one in (before, after))
    if was != is_:
        await service.audit_log.record(
            by, "set role", after.slack_id, before=was, after=is_, via=via
        )


async def _admin_ids(service: TicketService, team_id: str) -> list[str]:
    return [one.slack_id for one in await service.members.moderators(team_id) if one.can_administer]
