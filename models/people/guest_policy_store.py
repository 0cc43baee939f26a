"""The guest policy of each workspace, stored in MongoDB in the document of its taxonomy.

Full members need no look-up. Opening a ticket does not load the requester first. Instead, intake
checks the policy for a batch of new tickets while it numbers them.
"""

import math
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from models.errors import NotAllowed, ProfilePending
from models.infra.database import Database, Document, index, translate_errors
from models.infra.document_reader import DocumentReader
from models.people.guest_policy import DENY_GUESTS, GuestPolicy
from models.people.member import Member
from models.people.store import MemberStore
from models.triage.taxonomy import DEFAULT_TAXONOMY

# Many tickets at once share one look-up. Nobody submits a form sooner after a policy change.
_CACHE_SECONDS = 0.2
# The bot's middleware turns people of other workspaces away, so only guests are checked here.
_DENY_WORKSPACE_GUESTS = GuestPolicy(guests=False, strangers=True)


class GuestPolicyStore:
    """Loads, changes and checks guest policies."""

    def __init__(self, database: Database, members: MemberStore) -> None:
        self._db = database
        self._members = members
        self._reader = DocumentReader(database, "configurations", _policy_from_document)
        self._denying_teams_cache: tuple[float, frozenset[str]] = (-math.inf, frozenset())

    async def prepare(self) -> None:
        """Create the index of stored policies; harmless when it exists."""
        async with translate_errors():
            await self._db.configurations.create_indexes([index("welcome", sparse=True)])

    async def load(self, team_id: str) -> GuestPolicy:
        """The policy of a workspace, read from the database."""
        async with translate_errors():
            document = await self._db.configurations.find_one({"_id": team_id}, ["welcome"])
            stored = await self._reader.read_or_none(document)
        default = DENY_GUESTS if document else GuestPolicy()
        return stored.policy if stored else default

    async def check(self, member: Member) -> None:
        """Raise NotAllowed if the policy excludes this member; full members cost no look-up."""
        if member.guest:
            (await self.load(member.team_id)).check(member)

    async def update(self, team_id: str, changes: dict[str, Any]) -> None:
        """Change fields of the policy, by their names in `GuestPolicy`."""
        # One `$set` for each field: two admins who save at once keep each other's changes.
        fields = {f"welcome.{name}": value for name, value in changes.items()}
        defaults = DEFAULT_TAXONOMY.model_dump(mode="json") | {"rev": 0}
        async with translate_errors():
            change = {"$setOnInsert": defaults, "$set": fields}
            await self._db.upsert("configurations", team_id, change)
        self._denying_teams_cache = (-math.inf, frozenset())

    async def teams_denying_guests(self) -> frozenset[str]:
        """The workspaces whose guests may open no tickets; up to 0.2 s old."""
        read_at, team_ids = self._denying_teams_cache
        if time.monotonic() - read_at > _CACHE_SECONDS:
            read_at = time.monotonic()
            cursor = self._db.configurations.find({"welcome": {"$exists": True}}, ["welcome"])
            stored, unreadable = await self._reader.split(await cursor.to_list())
            denying = [one.team_id for one in stored if not one.policy.guests]
            team_ids = frozenset([*denying, *(one.document_id for one in unreadable)])
            self._denying_teams_cache = (read_at, team_ids)
        return team_ids

    async def find_refusals(
        self, requesters: Mapping[str, tuple[str, str]], denying_teams: frozenset[str]
    ) -> dict[str, NotAllowed]:
        """The errors for new tickets that may not be opened, by ticket id.

        Args:
            requesters: by ticket id, the team id and Slack id of its requester.
            denying_teams: the workspaces whose guests may open no ticket.
        """
        member_ids = {
            ticket_id: f"{team_id}:{slack_id}"
            for ticket_id, (team_id, slack_id) in requesters.items()
            if team_id in denying_teams
        }
        if not member_ids:
            return {}
        query = {"_id": {"$in": list(set(member_ids.values()))}}
        documents = await self._db.members.find(query).to_list()
        members = await self._members.reader.read_all(documents)
        members_by_id = {f"{member.team_id}:{member.slack_id}": member for member in members}
        refusals = {
            ticket_id: _refusal(members_by_id.get(member_id))
            for ticket_id, member_id in member_ids.items()
        }
        return {ticket_id: refusal for ticket_id, refusal in refusals.items() if refusal}


class _StoredPolicy(NamedTuple):
    team_id: str
    policy: GuestPolicy


def _policy_from_document(document: Document) -> _StoredPolicy:
    return _StoredPolicy(document["_id"], GuestPolicy.model_validate(document.get("welcome", {})))


def _refusal(requester: Member | None) -> NotAllowed | None:
    # Until Slack has sent the profile, the requester may be a guest.
    if requester is None or not (requester.profiled_at or requester.guest):
        return ProfilePending(
            "Frontdesk is still reading your Slack profile. Your text is still in the form. "
            "Press Submit again in a moment."
        )
    try:
        _DENY_WORKSPACE_GUESTS.check(requester)
    except NotAllowed as error:
        return error
    return None
