"""The members of each workspace, in MongoDB."""

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from models.infra.batching import deduplicating_batcher
from models.infra.database import Database, Document, index, translate_errors
from models.people.member import Member, Profile, Role

_MAX_BATCH = 100
log = logging.getLogger(__name__)


class MemberStore:
    """The members of each workspace."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._moderator_batcher = deduplicating_batcher(
            self._moderators_by_team, max_batch=_MAX_BATCH
        )

    async def prepare(self) -> None:
        """Create the indexes; harmless when they exist."""
        async with translate_errors():
            await self._db.members.create_indexes(
                [index("team_id", "role"), index("team_id", "email")]
            )

    async def get_or_create_member(self, team_id: str, slack_id: str) -> Member:
        """The member; a person seen for the first time becomes one, with the role `user`."""
        known = await self.find_member(team_id, slack_id)
        return known or await self._upsert_member(team_id, slack_id, {})

    async def find_member(self, team_id: str, slack_id: str) -> Member | None:
        """The member, if the person is one."""
        async with translate_errors():
            found = await self._db.read("members", f"{team_id}:{slack_id}")
        return Member.model_validate(found) if found else None

    async def set_profile(
        self, member: Member, profile: Profile, *, profiled_at: datetime
    ) -> Member:
        """Note what Slack says of a person, unless Slack has said something newer.

        An owner whom nobody gave a role becomes an admin; a guest is a user, whatever they were.
        Of who is deactivated, name and address stay as they were.
        """
        said = {"active", "updated"} if not profile.active else set(type(profile).model_fields)
        known: Document = profile.model_dump(include=said - {"is_owner", "email_confirmed"})
        known["profiled_at"] = profiled_at
        if profile.guest:
            known |= {"role": Role.USER.value, "by_group": False}
        elif profile.is_owner and not member.appointed:
            known |= {"role": Role.ADMIN.value, "by_group": False}
        query: Document = {"_id": f"{member.team_id}:{member.slack_id}"}
        if profile.updated:
            query["updated"] = {"$not": {"$gt": profile.updated}}
        async with translate_errors():
            await self._db.members.update_one(query, {"$set": known})
        return await self.get_or_create_member(member.team_id, member.slack_id)

    async def set_role(self, team_id: str, slack_id: str, *, role: Role, **fields: Any) -> Member:
        """Give a person a role, and note what else there is, by the name it has in `Member`."""
        known: Document = {**fields, "role": role.value, "appointed": True}
        known |= {} if role is Role.MODERATOR else {"by_group": False}
        return await self._upsert_member(team_id, slack_id, known)

    async def set_role_by_group(self, member: Member, *, in_group: bool) -> bool:
        """Make a user of the user group a moderator, or the reverse; whether that changed them.

        Whoever has a role of their own keeps it.
        """
        roles = (Role.USER, Role.MODERATOR) if in_group else (Role.MODERATOR, Role.USER)
        before, after = (role.value for role in roles)
        query: Document = {"_id": f"{member.team_id}:{member.slack_id}", "role": before}
        query |= {} if in_group else {"by_group": True}
        async with translate_errors():
            change = {"$set": {"role": after, "by_group": in_group}}
            result = await self._db.members.update_one(query, change)
        return bool(result.modified_count)

    async def update_member(self, team_id: str, slack_id: str, **fields: Any) -> None:
        """Note something about a person, by the name it has in `Member`."""
        await self._upsert_member(team_id, slack_id, fields)

    async def team_ids(self) -> list[str]:
        """The workspaces that somebody is a member of."""
        async with translate_errors():
            return list(await self._db.members.distinct("team_id"))

    async def moderators(self, team_id: str) -> list[Member]:
        """All moderators and admins of the workspace."""
        async with translate_errors():
            return await self._moderator_batcher(team_id) or []

    async def _moderators_by_team(self, team_ids: list[str]) -> dict[str, list[Member]]:
        role = {"$in": [Role.MODERATOR.value, Role.ADMIN.value]}
        return {team_id: await self._find_members(team_id, role=role) for team_id in team_ids}

    async def group_moderators(self, team_id: str) -> list[Member]:
        """Those who have their role only from the user group."""
        return await self._find_members(team_id, by_group=True)

    async def deactivated_with_email(self, team_id: str, email: str) -> list[Member]:
        """Those who had this address and are deactivated."""
        addresses = [email, email.lower()]
        # Not every server would find the index, were `active` asked for, too.
        had = await self._find_members(team_id, email={"$in": addresses})
        return [member for member in had if not member.active]

    async def _find_members(self, team_id: str, **query: Any) -> list[Member]:
        async with translate_errors():
            documents = await self._db.members.find({"team_id": team_id, **query}).to_list()
        return members_from_documents(documents)

    async def _upsert_member(self, team_id: str, slack_id: str, fields: Document) -> Member:
        fresh = Member(team_id=team_id, slack_id=slack_id).model_dump(mode="json")
        changes = {"$setOnInsert": {k: v for k, v in fresh.items() if k not in fields}}
        if fields:
            changes["$set"] = fields
        async with translate_errors():
            member = await self._db.upsert("members", f"{team_id}:{slack_id}", changes)
        return Member.model_validate(member)


def members_from_documents(documents: Iterable[Document]) -> list[Member]:
    """The members in these documents; one who is damaged is left out, and named in the log."""
    members = []
    for document in documents:
        with suppress(ValidationError):
            members.append(Member.model_validate(document))
            continue
        log.error("the member %s can't be read", document["_id"])
    return members
