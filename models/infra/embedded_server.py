"""Queries in the form that the embedded server answers fast; MongoDB answers either form fast.

The sandbox runs SecantusDB where no `mongod` is installed. Each function names the plain query that
it stands for. Measured with SecantusDB 0.7.0b3 and 20,000 documents, plain → here:

- It chooses an index only if the index has all fields of the query: 739 → 9 ms (`match_stages`).
- It sorts all matches before it returns the first ones: 658 → 16 ms (`newest_by_number`),
  693 → 33 ms (`newest_by_time`), 934 → 36 ms (`first_by_number`).
- With the index of the audit log, `$gte` leaves out equal times; so `newest_by_time` uses `$gt`.
- It uses no index for `$elemMatch` without a hint: 20,000 → 120 documents (`find_by_index`).

Two choices of the data model have the same cause. `due` and `dead` are fields of the ticket itself,
and their indexes are sparse: a partial index was not used (298 → 3 ms).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from models.clock import utc_now
from models.infra.database import Collection, Document, DocumentCursor

# Ticket numbers: the size of the first window, and the growth of the next ones.
_FIRST_WINDOW = 200
_WINDOW_GROWTH, _EMPTY_WINDOW_GROWTH = 4, 64
# The next window is sized for this many times the missing documents, as they are spread unevenly.
_WINDOW_MARGIN = 3
_TIME_WINDOWS = (
    timedelta(minutes=10),
    timedelta(hours=3),
    timedelta(days=2),
    timedelta(days=30),
    timedelta(days=500),
)
# The first documents are most likely among these numbers.
_FIRST_NUMBERS = 300


def match_stages(index_filter: Document, other_filters: Document) -> list[Document]:
    """The stages of an aggregation for the documents that match both filters.

    Plain: `find({**index_filter, **other_filters})`.

    Args:
        index_filter: the condition that an index serves.
    """
    return [{"$match": index_filter}, {"$match": other_filters}]


def find_by_index(collection: Collection, query: Document, index_name: str) -> DocumentCursor:
    """The matching documents, by this index.

    Plain: `find(query)`.
    """
    return collection.find(query).hint(index_name)


async def first_by_number(collection: Collection, query: Document) -> Document | None:
    """The matching document with the lowest number.

    Plain: `find_one(query, sort=[("number", 1)])`.
    """
    for numbers in ({"$lte": _FIRST_NUMBERS}, {"$gt": _FIRST_NUMBERS}):
        document: Document | None = await collection.find_one(
            {**query, "number": numbers}, sort=[("number", 1)]
        )
        if document:
            break
    return document


async def newest_by_number(
    collection: Collection,
    index_filter: Document,
    other_filters: Document,
    *,
    before_number: int,
    limit: int,
    is_selective: bool,
) -> list[Document]:
    """The matching documents with the highest numbers below `before_number`, in this order.

    They are read in windows of numbers, until there are enough of them. Plain:
    `find({**index_filter, **other_filters, "number": {"$lt": before_number}})`
    `.sort("number", -1).limit(limit)`.

    Args:
        index_filter: the condition that an index serves together with the number.
        is_selective: whether few documents match `index_filter`. Then the next window is as large
            as the missing documents probably need.
    """
    documents: list[Document] = []
    start = end = before_number
    size = _FIRST_WINDOW
    while end > 1 and len(documents) < limit:
        begin = max(1, end - size)
        window = {**index_filter, "number": {"$gte": begin, "$lt": end}}
        stages = [
            *match_stages(window, other_filters),
            {"$sort": {"number": -1}},
            {"$limit": limit - len(documents)},
        ]
        documents += await collection.aggregate(stages).to_list()
        end, found_count = begin, len(documents)
        larger_size = _next_window_size(
            size,
            scanned_numbers=start - end,
            found_count=found_count,
            missing_count=limit - found_count,
        )
        size = larger_size if is_selective else size * _WINDOW_GROWTH
    return documents


def _next_window_size(
    size: int, *, scanned_numbers: int, found_count: int, missing_count: int
) -> int:
    if not found_count:
        return size * _EMPTY_WINDOW_GROWTH
    return max(
        size * _WINDOW_GROWTH, _WINDOW_MARGIN * missing_count * scanned_numbers // found_count
    )


async def newest_by_time(
    collection: Collection,
    query: Document,
    *,
    before: Document | None = None,
    limit: int,
    fields: Sequence[str] = (),
) -> list[Document]:
    """The matching documents with the newest `at`, the newest first, and equal times by id.

    They are read in windows of time, until there are enough of them. Plain:
    `find({**query, "at": {"$lte": before["at"]}, "$or": [{"at": {"$lt": before["at"]}},`
    `{"_id": {"$lt": before["_id"]}}]}, fields).sort({"at": -1, "_id": -1}).limit(limit)`.

    Args:
        query: the condition that an index serves together with the time.
        before: return only documents after this one; None: from the newest on.
        fields: the fields to return; none for all.
    """
    at = before["at"] if before else None
    older: Document = (
        {"$or": [{"at": {"$lt": at}}, {"_id": {"$lt": before["_id"]}}]} if before else {}
    )
    rest: list[Document] = [{"$project": dict.fromkeys(fields, 1)}] if fields else []
    documents: list[Document] = []
    for window in _time_windows(at):
        stages = [
            *match_stages({**query, "at": window}, older),
            {"$sort": {"at": -1, "_id": -1}},
            {"$limit": limit - len(documents)},
            *rest,
        ]
        documents += await collection.aggregate(stages).to_list()
        if len(documents) >= limit:
            break
    return documents


def _time_windows(end: datetime | None) -> list[dict[str, Any]]:
    """The windows before this time, the newest first; the first one includes it."""
    bounds = [(end or utc_now()) - age for age in _TIME_WINDOWS]
    newest: dict[str, Any] = {"$gt": bounds[0]} | ({"$lte": end} if end else {})
    between = [
        {"$gt": begin, "$lte": until} for begin, until in zip(bounds[1:], bounds, strict=False)
    ]
    return [newest, *between, {"$lte": bounds[-1]}]
