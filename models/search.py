"""Looking for tickets, among those that a person may see, and for people, in MongoDB.

What is looked for are words, each as a whole: nothing that was typed becomes a pattern or an
operator. A page begins after the last ticket of the one before, so that none is skipped or shown
twice whatever is opened meanwhile, and a late page costs no more than the first.
"""

from models.database import Database, answering
from models.documents import Document, members_of, number_of, ticket_of, visible_to
from models.member import Member, Role
from models.skill import words
from models.ticket import Ticket

_MOST_TERMS = 8


class Search:
    """Finds tickets and people."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def tickets_for(
        self, member: Member, *, before: str, limit: int, status: str, terms: str
    ) -> list[Ticket]:
        """The tickets that a person may see, the newest first.

        Args:
            before: the id of a ticket; only older ones are wanted.
            status: the one that is wanted.
            terms: words that must all be in a ticket.
        """
        query: Document = {"team_id": member.team_id, **visible_to(member)}
        if status:
            query["status"] = status
        if wanted := words(terms)[:_MOST_TERMS]:
            query["words"] = {"$all": wanted}
        if before:
            query["number"] = {"$lt": number_of(before)}
        async with answering():
            found = self._db.tickets.find(query).sort("number", -1).limit(limit)
            return [ticket_of(document) async for document in found]

    async def people(self, team_id: str, *, after: str, limit: int, users: bool) -> list[Member]:
        """Members of a workspace, by their Slack ids.

        Args:
            after: a Slack id; only later ones are wanted.
            users: whether those are wanted, too, who are neither moderators nor admins.
        """
        # Their documents are named by workspace and Slack id; ";" comes after ":".
        query: Document = {"_id": {"$gt": f"{team_id}:{after}", "$lt": f"{team_id};"}}
        if not users:
            query["role"] = {"$in": [Role.MODERATOR.value, Role.ADMIN.value]}
        async with answering():
            found = self._db.members.find(query).sort("_id", 1).limit(limit)
            return members_of(await found.to_list())
