"""Pages of tickets, the newest first, in MongoDB, at a cost that no desk's age makes larger.

They are looked for in windows of numbers, within which an index finds what may be meant: the
newest window first, then ever larger ones until the page is full; where the index finds few, the
next is the larger the fewer were in one. Not every server ends a sorted search with the page.
"""

from collections.abc import Mapping, Sequence

from models.database import Database
from models.documents import Document
from models.member import Member
from models.ticket import Status

_FIRST = 200
_GROWS, _GROWS_WHERE_FEW, _GROWS_WHERE_NONE = 4, 32, 64


def narrowest(member: Member, wanted: Mapping[str, str], there: Sequence[str]) -> Document:
    """What an index finds the fewest tickets by, of all that is wanted; {} for none of it.

    Args:
        wanted: what a ticket's fields must be; "" is whatever they are.
        there: the words that must all be in it.
    """
    whose = wanted.get("assignee") or wanted.get("requester")
    if person := whose if member.moderates else member.slack_id:
        return {"people": person}
    status = wanted.get("status")
    if status and status != Status.RESOLVED.value:
        return {"status": status}
    return {"words": max(there, key=len)} if there else {}


async def newest(
    database: Database,
    team_id: str,
    few: Document,
    rest: Document,
    *,
    before: int,
    limit: int,
) -> list[Document]:
    """The newest tickets that are all this.

    Args:
        few: what an index on the workspace, this and the number finds.
        before: only tickets with smaller numbers are wanted; 0 for all.
    """
    found: list[Document] = []
    end, size = before or await _end(database), _FIRST
    while end > 1 and len(found) < limit:
        begin = max(1, end - size)
        window = {"team_id": team_id, **few, "number": {"$gte": begin, "$lt": end}}
        stages: list[Document] = [
            # The first alone says which index serves; not every server would find it among all.
            {"$match": window},
            {"$match": rest},
            {"$sort": {"number": -1}},
            {"$limit": limit - len(found)},
        ]
        some = await database.tickets.aggregate(stages).to_list()
        found += some
        end, size = begin, size * (_grows(len(some)) if few else _GROWS)
    return found


def _grows(found: int) -> int:
    return max(_GROWS, _GROWS_WHERE_FEW // (1 + found)) if found else _GROWS_WHERE_NONE


async def _end(database: Database) -> int:
    """The number that the next ticket gets."""
    counter = await database.counters.find_one({"_id": "tickets"})
    return 1 + (counter["last"] if counter else 0)
