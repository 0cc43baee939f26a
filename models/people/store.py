"""The members of each workspace, in MongoDB."""

from datetime import datetime
from typing import Any

from models.infra.batching import deduplicating_batcher
from models.infra.database import Database, Document, index, translate_errors
from models.infra.document_reader import DocumentReader
from models.infra.embedded_server import match_stages
from models.people.member import ADMIN_FIELDS, Member, Profile, Role
from models.workspace.settings_store import SettingsStore

_MAX_BATCH = 100


class MemberStore:
    """Reads and writes members.

    Attributes:
        reader: reads documents of members.
    """

    def __init__(self, database: Database, settings_store: SettingsStore) -> None:
        self._db = database
        self._settings_store = settings_store
        self.reader = DocumentReader(database, "members", Member.model_validate)
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
        """The member; created with the role `user` if there is none."""
        member = await self.find_member(team_id, slack_id)
        return member or await self._upsert_member(team_id, slack_id, {})

    async def find_member(self, team_id: str, slack_id: str) -> Member | None:
        """The member, or None."""
        async with translate_errors():
            document = await self._db.read("members", f"{team_id}:{slack_id}")
        if document is None:
            return None
        return await self._with_refusal(await self.reader.read_one(document))

    async def set_profile(
        self, member: Member, profile: Profile, *, profiled_at: datetime
    ) -> Member:
        """The member with this Slack profile; a newer stored profile stays.

        A workspace owner without an explicit role becomes an admin, and a guest becomes a user.
        A deactivated member keeps name and address.
        """
        names = set(type(profile).model_fields) if profile.active else {"active", "updated"}
        fields: Document = profile.model_dump(include=names - {"is_owner", "email_confirmed"})
        fields["profiled_at"] = profiled_at
        if profile.guest:
            fields |= {"role": Role.USER.value, "by_group": False}
        elif profile.is_owner and not member.appointed:
            fields |= {"role": Role.ADMIN.value, "by_group": False}
        query: Document = {"_id": f"{member.team_id}:{member.slack_id}"}
        if profile.updated:
            query["updated"] = {"$not": {"$gt": profile.updated}}
        async with translate_errors():
            await self._db.members.update_one(query, {"$set": fields})
        return await self.get_or_create_member(member.team_id, member.slack_id)

    async def set_role(self, team_id: str, slack_id: str, *, role: Role, **fields: Any) -> Member:
        """The member with this role, and with other fields by their names in `Member`."""
        changes: Document = {**fields, "role": role.value, "appointed": True}
        changes |= {} if role is Role.MODERATOR else {"by_group": False}
        return await self._upsert_member(team_id, slack_id, changes)

    async def set_role_by_group(self, member: Member, *, in_group: bool) -> bool:
        """Whether the role changed: members of the user group become moderators, others users.

        Leaving the group takes the role only from members who had it from the group.
        """
        roles = (Role.USER, Role.MODERATOR) if in_group else (Role.MODERATOR, Role.USER)
        before, after = (role.value for role in roles)
        query: Document = {"_id": f"{member.team_id}:{member.slack_id}", "role": before}
        query |= {} if in_group else {"by_group": True}
        async with translate_errors():
            change = {"$set": {"role": after, "by_group": in_group}}
            return await self._db.compare_and_set("members", query, change)

    async def update_member(self, team_id: str, slack_id: str, **fields: Any) -> None:
        """Change fields of a member, by their names in `Member`; creates the member if needed."""
        await self._upsert_member(team_id, slack_id, fields)

    async def compare_and_set(self, before: Member, after: Member) -> Member | None:
        """The member after an admin's change; None if an admin field has changed since `before`.

        A document from before a field existed lacks it, so a default value matches a missing one.
        """
        old, new, default = (
            _stored_values(one) for one in (before, after, Member(team_id="", slack_id=""))
        )
        expected: Document = {"_id": f"{before.team_id}:{before.slack_id}"}
        for name in ADMIN_FIELDS:
            is_default = old[name] == default[name]
            expected[name] = {"$in": [old[name], None]} if is_default else old[name]
        changes = {name: value for name, value in new.items() if value != old[name]}
        async with translate_errors():
            is_stored = await self._db.compare_and_set("members", expected, {"$set": changes})
        if not is_stored:
            return None
        return await self.get_or_create_member(before.team_id, before.slack_id)

    async def count_with_skill(self, team_id: str, skill: str) -> int:
        """The number of members with a skill."""
        query = {"team_id": team_id, "skills": skill}
        async with translate_errors():
            return int(await self._db.members.count_documents(query))

    async def replace_skill(self, team_id: str, skill: str, new_name: str | None) -> None:
        """Replace a skill of all members, or remove it if `new_name` is None."""
        members = self._db.members
        has_skill: Document = {"team_id": team_id, "skills": skill}
        async with translate_errors():
            if new_name is not None:
                has_both = {"team_id": team_id, "$and": [{"skills": skill}, {"skills": new_name}]}
                await members.update_many(has_both, {"$pull": {"skills": skill}})
                change = {"$set": {"skills.$[one]": new_name}}
                await members.update_many(has_skill, change, array_filters=[{"one": skill}])
            else:
                await members.update_many(has_skill, {"$pull": {"skills": skill}})

    async def team_ids(self) -> list[str]:
        """The workspaces that have members."""
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
        """The moderators whose role comes only from the user group."""
        return await self._find_members(team_id, by_group=True)

    async def deactivated_with_email(self, team_id: str, email: str) -> list[Member]:
        """The deactivated members who had this address."""
        query = {"team_id": team_id, "email": {"$in": [email, email.lower()]}}
        async with translate_errors():
            stages = match_stages(query, {"active": False})
            documents = await self._db.members.aggregate(stages).to_list()
        return await self.reader.read_all(documents)

    async def _find_members(self, team_id: str, **query: Any) -> list[Member]:
        async with translate_errors():
            documents = await self._db.members.find({"team_id": team_id, **query}).to_list()
        members = await self.reader.read_all(documents)
        return [await self._with_refusal(member) for member in members]

    async def _upsert_member(self, team_id: str, slack_id: str, fields: Document) -> Member:
        defaults = Member(team_id=team_id, slack_id=slack_id).model_dump(mode="json")
        changes = {"$setOnInsert": {k: v for k, v in defaults.items() if k not in fields}}
        if fields:
            changes["$set"] = fields
        async with translate_errors():
            document = await self._db.upsert("members", f"{team_id}:{slack_id}", changes)
        return await self._with_refusal(await self.reader.read_one(document))

    async def _with_refusal(self, member: Member) -> Member:
        """The member, and whether the guest policy excludes them; full members cost no read."""
        if not member.guest:
            return member
        settings = await self._settings_store.load(member.team_id)
        refusal = settings.refusal(guest=True, stranger=member.stranger)
        return member.model_copy(update={"refusal": refusal})


def _stored_values(member: Member) -> Document:
    """The fields that an admin's change stores, as they are in the database."""
    values = member.model_dump(include={*ADMIN_FIELDS, "appointed", "by_group"})
    return values | {"role": member.role.value, "skills": list(member.skills)}
