"""Whom the desk serves, in MongoDB, beside the workspace's lists.

It is looked up when it matters: a person of whom it is known that they are a full member costs no
question. Of who opens a ticket that need not be known, so it is asked while the ticket is numbered.
"""

import logging
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from models.configuration import DEFAULT
from models.database import Database, answering, index
from models.documents import Document, members_of
from models.errors import NotAllowed, NotYetKnown
from models.member import Member
from models.ticket import Ticket
from models.welcome import CLOSED, Welcome

# In a crowd it is not asked again for each few tickets; nobody sends a form sooner.
_HOLDS_SECONDS = 0.2
# People of other workspaces are turned away at the door.
_NO_GUESTS = Welcome(guests=False, strangers=True)
log = logging.getLogger(__name__)


class Welcomes:
    """Whom each workspace lets in."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._closed: tuple[float, frozenset[str]] = (-math.inf, frozenset())

    async def prepare(self) -> None:
        """Make the index by which what was said is found; harmless when it exists."""
        async with answering():
            await self._db.configurations.create_indexes([index("welcome", sparse=True)])

    async def of(self, team_id: str) -> Welcome:
        """What holds in a workspace, at this moment."""
        async with answering():
            found = await self._db.configurations.find_one({"_id": team_id}, ["welcome"])
        return _welcome_of(found) if found else Welcome()

    async def check(self, member: Member) -> None:
        """Raise NotAllowed unless the desk serves this person; of full members nothing is asked."""
        if member.guest:
            (await self.of(member.team_id)).check(member)

    async def change(self, team_id: str, changes: dict[str, Any]) -> None:
        """Have something else hold from now on, by the names in `Welcome`."""
        # Each by itself, so that of two admins at once neither undoes what the other has said.
        known = {f"welcome.{name}": value for name, value in changes.items()}
        first = DEFAULT.model_dump(mode="json") | {"rev": 0}
        async with answering():
            change = {"$setOnInsert": first, "$set": known}
            await self._db.upsert("configurations", team_id, change)
        self._closed = (-math.inf, frozenset())

    async def closed_to_guests(self) -> frozenset[str]:
        """The workspaces whose guests may open no tickets, now or a moment ago."""
        read_at, closed = self._closed
        if time.monotonic() - read_at > _HOLDS_SECONDS:
            read_at = time.monotonic()
            said = self._db.configurations.find({"welcome": {"$exists": True}}, ["welcome"])
            closed = frozenset([one["_id"] async for one in said if not _welcome_of(one).guests])
            self._closed = (read_at, closed)
        return closed

    async def refused(
        self, tickets: Sequence[Ticket], closed: frozenset[str]
    ) -> dict[str, NotAllowed]:
        """By the ids of new tickets: why one may not be opened.

        Args:
            closed: the workspaces whose guests may open none.
        """
        asked = {t.id: f"{t.team_id}:{t.requester}" for t in tickets if t.team_id in closed}
        if not asked:
            return {}
        found = await self._db.members.find({"_id": {"$in": list(set(asked.values()))}}).to_list()
        known = {f"{one.team_id}:{one.slack_id}": one for one in members_of(found)}
        whys = {ticket_id: _why_not(known.get(key)) for ticket_id, key in asked.items()}
        return {ticket_id: why for ticket_id, why in whys.items() if why}


def _welcome_of(document: Document) -> Welcome:
    with suppress(ValidationError):
        return Welcome.model_validate(document.get("welcome", {}))
    log.error("whom %s lets in can't be read: nobody from outside", document["_id"])
    return CLOSED


def _why_not(requester: Member | None) -> NotAllowed | None:
    """Why somebody may open no ticket where guests may not."""
    # Until Slack has said who they are, they may be a guest.
    if requester is None or not (requester.profiled_at or requester.guest):
        return NotYetKnown("One moment, I do not know you yet. Please press Submit again.")
    try:
        _NO_GUESTS.check(requester)
    except NotAllowed as refused:
        return refused
    return None
