"""Data sets for the evaluation, read from CSV files; the columns of a file decide its use.

- `text` and `category`, `intent` or `label`: the category of a ticket; `oos` means out of scope.
- `text`, `priority` and `created`: the priority of a ticket; each `project` is split by itself.
- `query_id`, `query`, `master_id`, `master`: two tickets about the same problem; each text is a
  title, " . " and a description.
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
# Lowest first: the names that issue trackers use, and Frontdesk's own.
_PRIORITY_SCALES = (
    ("trivial", "minor", "major", "critical", "blocker"),
    ("low", "normal", "high", "urgent"),
)
_TRAINING_SHARE = 0.8
Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CategoryDataset:
    """Tickets with known categories, and the categories with an admin's descriptions.

    Attributes:
        out_of_scope: texts that belong to none of the categories.
    """

    name: str
    categories: tuple[Category, ...]
    examples: tuple[LabelledText, ...]
    out_of_scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PriorityDataset:
    """Tickets with known priorities: older ones to train on, newer ones to test.

    Attributes:
        levels: the priorities, lowest first.
    """

    name: str
    levels: tuple[str, ...]
    training_examples: tuple[LabelledText, ...]
    test_examples: tuple[LabelledText, ...]


@dataclass(frozen=True, slots=True)
class DuplicatePair:
    """A ticket, and the id of the ticket that it duplicates."""

    ticket_id: str
    text: str
    duplicate_of: str


@dataclass(frozen=True, slots=True)
class DuplicateDataset:
    """Pairs of duplicates, and the texts to search.

    Attributes:
        texts: the searched texts, by ticket id.
    """

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
    """The tickets with known categories; None if there are none.

    Args:
        name: the name of the data set.
        rows: the rows of a CSV file.
        categories: the described categories; if empty, they get the labels' names only.
    """
    column = next((name for name in _LABEL_COLUMNS if rows and name in rows[0]), None)
    if column is None or "text" not in rows[0]:
        return None
    examples = tuple(
        LabelledText(row["text"], row[column])
        for row in rows
        if row[column] not in {"", _OUT_OF_SCOPE_LABEL}
    )
    labels = sorted({example.label for example in examples})
    all_categories = tuple(categories) or tuple(Category(name=label) for label in labels)
    out_of_scope = tuple(row["text"] for row in rows if row[column] == _OUT_OF_SCOPE_LABEL)
    return CategoryDataset(name, all_categories, examples, out_of_scope) if examples else None


def priority_dataset(name: str, rows: Sequence[Row]) -> PriorityDataset | None:
    """The tickets with known priorities, or None; the older 80 % of each project are for training.

    All priorities of the file must belong to one scale.
    """
    if not rows or not {"text", "priority", "created"} <= set(rows[0]):
        return None
    priorities = {row["priority"].casefold() for row in rows}
    scale = next((levels for levels in _PRIORITY_SCALES if priorities <= set(levels)), None)
    if scale is None:
        return None
    training: list[LabelledText] = []
    test: list[LabelledText] = []
    # `created` is compared as text, so all times of a file must be in one time zone.
    ordered = sorted(rows, key=lambda row: (row.get("project", ""), row["created"]))
    for _, project_rows in groupby(ordered, key=lambda row: row.get("project", "")):
        examples = [
            LabelledText(_text_with_form_fields(row), row["priority"].casefold())
            for row in project_rows
        ]
        border = int(_TRAINING_SHARE * len(examples))
        training += examples[:border]
        test += examples[border:]
    return PriorityDataset(name, scale, tuple(training), tuple(test))


def duplicate_dataset(name: str, rows: Sequence[Row], *, pool_size: int) -> DuplicateDataset | None:
    """The pairs of duplicates, or None.

    Args:
        name: the name of the data set.
        rows: the rows of a CSV file.
        pool_size: the number of texts to search, if the file has as many.
    """
    if not rows or not {"query_id", "query", "master_id", "master"} <= set(rows[0]):
        return None
    texts = {row["master_id"]: row["master"] for row in rows}
    for row in rows:
        if len(texts) < pool_size:
            texts.setdefault(row["query_id"], row["query"])
    pairs = tuple(DuplicatePair(row["query_id"], row["query"], row["master_id"]) for row in rows)
    return DuplicateDataset(name, pairs, texts)


def title_part(text: str) -> str:
    """The part before the first " . ", or "" if there is none."""
    title, dot, _ = text.partition(" . ")
    return title if dot else ""


def _text_with_form_fields(row: Row) -> str:
    """The text after the other fields of its form, which take the place of Frontdesk's category."""
    fields = (row.get(name, "").replace(" ", "") for name in ("project", "component", "type"))
    return " ".join([*filter(None, fields), row["text"]])
