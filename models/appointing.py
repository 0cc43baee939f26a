"""What an admin decides about a person: looked at, written down, then done, wherever it was said.

Two things must never happen: that nobody is an admin any more, and that somebody has a role which
Slack does not leave them (guests are users, a user group makes moderators).
"""

from collections.abc import Mapping
from typing import Any

from models.database import answering
from models.desk import Desk
from models.documents import Document
from models.errors import InvalidDraft, OutOfTurn
from models.member import Member, Role

# What an admin decides, by the names in `Member`; the fields that a refusal names are among them,
# but for the person as a whole.
DECIDED = ("role", "skills", "trusted", "capacity", "away_until")
PERSON = "person"
_LAST_ADMIN = "They are the last admin. Please make somebody else one first."


async def appoint(
    desk: Desk, by: Member, before: Member, changes: Mapping[str, Any], *, via: str = "slack"
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
    asked = _asked(before, changes)
    if asked == before:
        return before
    await check(desk, before, asked)
    await _note(desk, by, before, asked, via=via)
    try:
        after = await _stored(desk, before, asked)
    except OutOfTurn:
        await _note(desk, by, asked, before, via=via)
        raise
    # Two admins may take each other's role at the same moment: then neither does.
    if before.administers and not await _admins(desk, before.team_id):
        await _note(desk, by, after, before, via=via)
        await _stored(desk, after, before)
        raise InvalidDraft({PERSON: _LAST_ADMIN})
    return after


async def check(desk: Desk, before: Member, asked: Member) -> None:
    """Raise InvalidDraft unless the person may become what is asked."""
    if before.guest and asked.role is not Role.USER:
        why = "Guests, bots and people of other workspaces are never more than users."
        raise InvalidDraft({"role": why})
    if before.by_group and asked.role is Role.USER:
        why = "They are a moderator by a Slack user group. Take them out of it in Slack."
        raise InvalidDraft({"role": why})
    if asked.role is Role.ADMIN:
        return
    if asked.slack_id in desk.settings.admin_slack_ids:
        raise InvalidDraft({PERSON: "They are always an admin: ADMIN_SLACK_IDS names them."})
    if await _admins(desk, asked.team_id) == [asked.slack_id]:
        raise InvalidDraft({PERSON: _LAST_ADMIN})


def _asked(before: Member, changes: Mapping[str, Any]) -> Member:
    """The person as they would be; a role that is given is not the user group's any more."""
    asked = before.model_copy(update=dict(changes))
    if "role" not in changes:
        return asked
    by_group = before.by_group and asked.role is Role.MODERATOR
    return asked.model_copy(update={"appointed": True, "by_group": by_group})


async def _stored(desk: Desk, before: Member, after: Member) -> Member:
    """Store what is different, unless something that an admin decides is not as it was."""
    names = (*DECIDED, "appointed", "by_group")
    kept = {name: (_kept(before, name), _kept(after, name)) for name in names}
    known = {name: is_ for name, (was, is_) in kept.items() if is_ != was}
    async with answering():
        result = await desk.database.members.update_one(_as(before), {"$set": known})
    if not result.matched_count:
        raise OutOfTurn("Somebody else has changed this person. Please look again.")
    return await desk.store.member(before.team_id, before.slack_id)


def _as(member: Member) -> Document:
    """The member's document, if it says what is known; of a newer field it may say nothing."""
    query: Document = {"_id": f"{member.team_id}:{member.slack_id}"}
    for name in DECIDED:
        value = _kept(member, name)
        fresh = value == _kept(Member(team_id="", slack_id=""), name)
        query[name] = {"$in": [value, None]} if fresh else value
    return query


def _kept(member: Member, name: str) -> Any:
    """A field as MongoDB keeps it."""
    value = getattr(member, name)
    return list(value) if isinstance(value, tuple) else value.value if name == "role" else value


async def _note(desk: Desk, by: Member, before: Member, after: Member, *, via: str) -> None:
    """Write it down before it is done, so that nothing is done that is not written down."""
    was, is_ = (one.model_dump(mode="json", include=set(DECIDED)) for one in (before, after))
    if was != is_:
        await desk.accounts.note(by, "set role", after.slack_id, before=was, after=is_, via=via)


async def _admins(desk: Desk, team_id: str) -> list[str]:
    return [one.slack_id for one in await desk.store.moderators(team_id) if one.administers]
