"""Pagination: pages of tickets, the newest first, at a cost that does not grow with their number.

A page is read in windows of ticket numbers: the newest window first, then larger ones until the
page is full. With a selective index, the next window is as large as the missing tickets probably
need. Windows are necessary because some servers do not stop a sorted search after one page.
"""

from collections.abc import Mapping, Sequence

from models.infra.database import Database, Document
from models.people.member import Member
from models.tickets.ticket import Status

_FIRST_WINDOW = 200
_WINDOW_GROWTH, _EMPTY_WINDOW_GROWTH = 4, 64
# The next window is sized for this many times the missing tickets, as they are spread unevenly.
_WINDOW_MARGIN = 3


def most_selective_filter(
    member: Member, filters: Mapping[str, str], terms: Sequence[str]
) -> Document:
    """The condition that an index serves with the fewest tickets, or {}.

    Args:
        filters: the wanted values by field; "" means any value.
        terms: words that must all be in the ticket.
    """
    wanted_person = filters.get("assignee") or filters.get("requester")
    if person := wanted_person if member.can_moderate else member.slack_id:
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
    """The newest tickets that match both filters.

    Args:
        index_filter: the condition that an index serves, together with workspace and number.
        other_filters: all other conditions.
        before_number: return only tickets with smaller numbers.
    """
    documents: list[Document] = []
    start = end = before_number
    size = _FIRST_WINDOW
    while end > 1 and len(documents) < limit:
        begin = max(1, end - size)
        window = {"team_id": team_id, **index_filter, "number": {"$gte": begin, "$lt": end}}
        stages: list[Document] = [
            # Only index conditions stand in the first stage: some servers choose the index from it.
            {"$match": window},
            {"$match": other_filters},
            {"$sort": {"number": -1}},
            {"$limit": limit - len(documents)},
        ]
        documents += await database.tickets.aggregate(stages).to_list()
        end, found_count = begin, len(documents)
        larger_size = _next_window_size(
            size,
            scanned_numbers=start - end,
            found_count=found_count,
            missing_count=limit - found_count,
        )
        size = larger_size if index_filter else size * _WINDOW_GROWTH
    return documents


def _next_window_size(
    size: int, *, scanned_numbers: int, found_count: int, missing_count: int
) -> int:
    if not found_count:
        return size * _EMPTY_WINDOW_GROWTH
    return max(
        size * _WINDOW_GROWTH, _WINDOW_MARGIN * missing_count * scanned_numbers // found_count
    )
