"""Pages of tickets, the newest first, in MongoDB, at a cost that no desk's age makes larger.

They are looked for in windows of numbers, within which an index finds what may be meant: the
newest window first, then ever larger ones until the page is full; where an index finds them, the
next is as large as may hold what is missing. Not every server ends a sorted search with the page.
"""

from collections.abc import Mapping, Sequence

from models.infra.database import Database, Document
from models.people.member import Member
from models.tickets.ticket import Status

_FIRST_WINDOW = 200
_WINDOW_GROWTH, _EMPTY_WINDOW_GROWTH = 4, 64
# Of what is missing, so many times as much is looked for in the next window: they lie unevenly.
_WINDOW_MARGIN = 3


def most_selective_filter(
    member: Member, filters: Mapping[str, str], terms: Sequence[str]
) -> Document:
    """What an index finds the fewest tickets by, of all that is wanted; {} for none of it.

    Args:
        wanted: what a ticket's fields must be; "" is whatever they are.
        there: the words that must all be in it.
    """
    whose = filters.get("assignee") or filters.get("requester")
    if person := whose if member.can_moderate else member.slack_id:
        return {"people": person}
    status = filters.get("status")
    if status and status != Status.RESOLVED.value:
        return {"status": status}
    return {"words": max(terms, key=len)} if terms else {}


async def newest_page(
    database: Database,
    team_id: str,
    index_filter: Document,
    other_filters: Document,
    *,
    before_number: int,
    limit: int,
) -> list[Document]:
    """The newest tickets that are all this.

    Args:
        few: what an index on the workspace, this and the number finds.
        before: only tickets with smaller numbers are wanted; 0 for all.
    """
    found: list[Document] = []
    first = end = before_number or await _next_ticket_number(database)
    size = _FIRST_WINDOW
    while end > 1 and len(found) < limit:
        begin = max(1, end - size)
        window = {"team_id": team_id, **index_filter, "number": {"$gte": begin, "$lt": end}}
        stages: list[Document] = [
            # The first alone says which index serves; not every server would find it among all.
            {"$match": window},
            {"$match": other_filters},
            {"$sort": {"number": -1}},
            {"$limit": limit - len(found)},
        ]
        some = await database.tickets.aggregate(stages).to_list()
        found += some
        end, known = begin, len(found)
        larger = _next_window_size(
            size, scanned_numbers=first - end, found_count=known, missing_count=limit - known
        )
        size = larger if index_filter else size * _WINDOW_GROWTH
    return found


def _next_window_size(
    size: int, *, scanned_numbers: int, found_count: int, missing_count: int
) -> int:
    """How large the next window is, where an index finds what is looked for."""
    if not found_count:
        return size * _EMPTY_WINDOW_GROWTH
    return max(
        size * _WINDOW_GROWTH, _WINDOW_MARGIN * missing_count * scanned_numbers // found_count
    )


async def _next_ticket_number(database: Database) -> int:
    """The number that the next ticket gets."""
    counter = await database.counters.find_one({"_id": "tickets"})
    return 1 + (counter["last"] if counter else 0)
