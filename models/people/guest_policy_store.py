"""Whom the desk serves, in MongoDB, beside the workspace's lists.

It is looked up when it matters: a person of whom it is known that they are a full member costs no
question. Of who opens a ticket that need not be known, so it is asked while the ticket is numbered.
"""

import logging
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from models.errors import NotAllowed, ProfilePending
from models.infra.database import Database, Document, index, translate_errors
from models.people.guest_policy import DENY_GUESTS, GuestPolicy
from models.people.member import Member
from models.people.store import members_from_documents
from models.triage.taxonomy import DEFAULT_TAXONOMY

# In a crowd it is not asked again for each few tickets; nobody sends a form sooner.
_CACHE_SECONDS = 0.2
# People of other workspaces are turned away at the door.
_DENY_WORKSPACE_GUESTS = GuestPolicy(guests=False, strangers=True)
log = logging.getLogger(__name__)


class GuestPolicyStore:
    """Whom each workspace lets in."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._denying_teams_cache: tuple[float, frozenset[str]] = (-math.inf, frozenset())

    async def prepare(self) -> None:
        """Make the index by which what was said is found; harmless when it exists."""
        async with translate_errors():
            await self._db.configurations.create_indexes([index("welcome", sparse=True)])

    async def load(self, team_id: str) -> GuestPolicy:
        """What holds in a workspace, at this moment."""
        async with translate_errors():
            found = await self._db.configurations.find_one({"_id": team_id}, ["welcome"])
        return _policy_from_document(found) if found else GuestPolicy()

    async def check(self, member: Member) -> None:
        """Raise NotAllowed unless the desk serves this person; of full members nothing is asked."""
        if member.guest:
            (await self.load(member.team_id)).check(member)

    async def update(self, team_id: str, changes: dict[str, Any]) -> None:
        """Have something else hold from now on, by the names in `Welcome`."""
        # Each by itself, so that of two admins at once neither undoes what the other has said.
        known = {f"welcome.{name}": value for name, value in changes.items()}
        first = DEFAULT_TAXONOMY.model_dump(mode="json") | {"rev": 0}
        async with translate_errors():
            change = {"$setOnInsert": first, "$set": known}
            await self._db.upsert("configurations", team_id, change)
        self._denying_teams_cache = (-math.inf, frozenset())

    async def teams_denying_guests(self) -> frozenset[str]:
        """The workspaces whose guests may open no tickets, now or a moment ago."""
        read_at, closed = self._denying_teams_cache
        if time.monotonic() - read_at > _CACHE_SECONDS:
            read_at = time.monotonic()
            said = self._db.configurations.find({"welcome": {"$exists": True}}, ["welcome"])
            closed = frozenset(
                [one["_id"] async for one in said if not _policy_from_document(one).guests]
            )
            self._denying_teams_cache = (read_at, closed)
        return closed

    async def find_refusals(
        self, requesters: Mapping[str, tuple[str, str]], denying_teams: frozenset[str]
    ) -> dict[str, NotAllowed]:
        """By the ids of new tickets: why one may not be opened.

        Args:
            requesters: by ticket id, the team id and Slack id of its requester.
            denying_teams: the workspaces whose guests may open no ticket.
        """
        asked = {
            ticket_id: f"{team_id}:{slack_id}"
            for ticket_id, (team_id, slack_id) in requesters.items()
            if team_id in denying_teams
        }
        if not asked:
            return {}
        found = await self._db.members.find({"_id": {"$in": list(set(asked.values()))}}).to_list()
        known = {f"{one.team_id}:{one.slack_id}": one for one in members_from_documents(found)}
        whys = {ticket_id: _refusal(known.get(key)) for ticket_id, key in asked.items()}
        return {ticket_id: why for ticket_id, why in whys.items() if why}


def _policy_from_document(document: Document) -> GuestPolicy:
    with suppress(ValidationError):
        return GuestPolicy.model_validate(document.get("welcome", {}))
    log.error("whom %s lets in can't be read: nobody from outside", document["_id"])
    return DENY_GUESTS


def _refusal(requester: Member | None) -> NotAllowed | None:
    """Why somebody may open no ticket where guests may not."""
    # Until Slack has said who they are, they may be a guest.
    if requester is None or not (requester.profiled_at or requester.guest):
        return ProfilePending("One moment, I do not know you yet. Please press Submit again.")
    try:
        _DENY_WORKSPACE_GUESTS.check(requester)
    except NotAllowed as refused:
        return refused
    return None
