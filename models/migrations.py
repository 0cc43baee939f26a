"""The migrations of data that earlier releases have stored; the bot makes them when it starts.

Each one can be interrupted, repeated, and made by several bots at once.
"""

import logging

from models.access.token_store import ApiTokenStore
from models.infra.database import Database, translate_errors
from models.people.member import Role
from models.people.store import MemberStore

_MEMBERS_ID = "members"
log = logging.getLogger(__name__)


async def migrate_members(
    *, database: Database, members: MemberStore, api_tokens: ApiTokenStore
) -> None:
    """Let moderators keep their role, and revoke the tokens of people who have left.

    Before release 0.1 the moderator group was a setting in the environment. Its members would lose
    their role now, before an admin can choose the group again. Before that release, too, tokens of
    deactivated people were not revoked.
    """
    async with translate_errors():
        if await database.migrations.find_one({"_id": _MEMBERS_ID}):
            return
    for team_id in await _teams_without_guest_policy(database=database, members=members):
        for member in await members.group_moderators(team_id):
            await members.set_role(team_id, member.slack_id, role=Role.MODERATOR, by_group=False)
            log.info(
                "%s stays a moderator: the moderator group must be chosen again", member.slack_id
            )
    async with translate_errors():
        documents = await database.members.find({"active": False}).to_list()
    for member in await members.reader.read_all(documents):
        await api_tokens.revoke_all_tokens(member)
    async with translate_errors():
        await database.upsert("migrations", _MEMBERS_ID, {"$set": {"is_done": True}})


async def _teams_without_guest_policy(*, database: Database, members: MemberStore) -> list[str]:
    """The workspaces in which no admin has chosen a moderator group or a guest policy yet."""
    async with translate_errors():
        cursor = database.configurations.find({"welcome": {"$exists": True}}, {"_id": 1})
        with_policy = {document["_id"] async for document in cursor}
    return [team_id for team_id in await members.team_ids() if team_id not in with_policy]
