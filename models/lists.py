"""Pages of tickets, the newest first, in MongoDB, at a cost that no desk's age makes larger.

They are looked for in windows of numbers, within which an index finds what may be meant: the
newest window first, then ever larger ones until the page is full; where an index finds them, the
next is as large as may hold what is missing. Not every server ends a sorted search with the page.
"""

from collections.abc import Mapping, Sequence

from models.database import Database
from models.documents import Document
from models.member import Member
from models.ticket import Status

_FIRST = 200
_GROWS, _GROWS_WHERE_NONE = 4, 64
# Of what is missing, so many times as much is looked for in the next window: they lie unevenly.
_TIMES_AS_MUCH = 3


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
    first = end = before or await _end(database)
    size = _FIRST
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
        end, known = begin, len(found)
        larger = _larger(size, looked_at=first - end, found=known, missing=limit - known)
        size = larger if few else size * _GROWS
    return found


def _larger(size: int, *, looked_at: int, found: int, missing: int) -> int:
    """How large the next window is, where an index finds what is looked for."""
    if not found:
        return size * _GROWS_WHERE_NONE
    return max(size * _GROWS, _TIMES_AS_MUCH * missing * looked_at // found)


async def _end(database: Database) -> int:
    """The number that the next ticket gets."""
    counter = await database.counters.find_one({"_id": "tickets"})
    return 1 + (counter["last"] if counter else 0)
