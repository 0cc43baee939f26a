"""Reads what is known of tickets, for engines to be held against: CSV files, told by their columns.

`text` and `category`, `intent` or `label`: what a ticket is; a category called `oos` is none.
`text`, `priority` and `created`: how pressing it was; with `project`, each is a desk of its own.
`query_id`, `query`, `master_id`, `master`: two tickets about the same, each a title, " . ", a text.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from models.engine.classifier import LabelledText
from models.triage.result import Category

_LABEL_COLUMNS = ("category", "intent", "label")
_OUT_OF_SCOPE_LABEL = "oos"
# From the lowest on, as trackers name them, and as the desk does.
_PRIORITY_SCALES = (
    ("trivial", "minor", "major", "critical", "blocker"),
    ("low", "normal", "high", "urgent"),
)
_TRAINING_SHARE = 0.8
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CategoryDataset:
    """Tickets of which the category is known, and the categories as an admin describes them.

    Attributes:
        strangers: texts that are of none of the categories.
    """

    name: str
    categories: tuple[Category, ...]
    examples: tuple[LabelledText, ...]
    out_of_scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PriorityDataset:
    """Tickets of which the priority is known: older ones to learn from, newer ones to ask about."""

    name: str
    levels: tuple[str, ...]
    training_examples: tuple[LabelledText, ...]
    test_examples: tuple[LabelledText, ...]


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """A ticket, and the id of the one that is about the same."""

    ticket_id: str
    text: str
    duplicate_of: str


@dataclass(frozen=True, slots=True)
class DuplicateDataset:
    """Tickets about the same, and all texts among which the other one is to be found."""

    name: str
    pairs: tuple[DuplicatePair, ...]
    texts: Mapping[str, str]


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def category_dataset(
    name: str, rows: Sequence[Row], categories: Sequence[Category]
) -> CategoryDataset | None:
    """The tickets of which the category is known; None where none is."""
    column = next((one for one in _LABEL_COLUMNS if rows and one in rows[0]), None)
    if column is None or "text" not in rows[0]:
        return None
    known = tuple(
        LabelledText(row["text"], row[column])
        for row in rows
        if row[column] not in {"", _OUT_OF_SCOPE_LABEL}
    )
    names = sorted({example.label for example in known})
    described = tuple(categories) or tuple(Category(name=one) for one in names)
    strangers = tuple(row["text"] for row in rows if row[column] == _OUT_OF_SCOPE_LABEL)
    return CategoryDataset(name, described, known, strangers) if known else None


def priority_dataset(name: str, rows: Sequence[Row]) -> PriorityDataset | None:
    """The tickets of which the priority is known; the older ones of each project are learnt."""
    if not rows or not {"text", "priority", "created"} <= set(rows[0]):
        return None
    found = {row["priority"].casefold() for row in rows}
    scale = next((one for one in _PRIORITY_SCALES if found <= set(one)), None)
    if scale is None:
        return None
    learnt: list[LabelledText] = []
    asked: list[LabelledText] = []
    # By words, since a file may mix time zones no more than this shows.
    in_order = sorted(rows, key=lambda row: (row.get("project", ""), row["created"]))
    for _, of_project in groupby(in_order, key=lambda row: row.get("project", "")):
        some = [
            LabelledText(_text_with_form_fields(row), row["priority"].casefold())
            for row in of_project
        ]
        learnt += some[: int(_TRAINING_SHARE * len(some))]
        asked += some[int(_TRAINING_SHARE * len(some)) :]
    return PriorityDataset(name, scale, tuple(learnt), tuple(asked))


def duplicate_dataset(name: str, rows: Sequence[Row], *, pool_size: int) -> DuplicateDataset | None:
    """The tickets about the same; `among` so many texts, if there are as many."""
    if not rows or not {"query_id", "query", "master_id", "master"} <= set(rows[0]):
        return None
    texts = {row["master_id"]: row["master"] for row in rows}
    for row in rows:
        if len(texts) < pool_size:
            texts.setdefault(row["query_id"], row["query"])
    pairs = tuple(DuplicatePair(row["query_id"], row["query"], row["master_id"]) for row in rows)
    return DuplicateDataset(name, pairs, texts)


def title_part(text: str) -> str:
    """What stands before the first dot by itself, where there is one."""
    title, dot, _ = text.partition(" . ")
    return title if dot else ""


def _text_with_form_fields(row: Row) -> str:
    """The text, after what its form said besides: for the desk that is the category."""
    form = (row.get(name, "").replace(" ", "") for name in ("project", "component", "type"))
    return " ".join([*filter(None, form), row["text"]])
