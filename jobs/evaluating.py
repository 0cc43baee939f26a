"""The command `frontdesk eval`: reads tickets, replays engines over them, prints or writes tables.

frontdesk eval tickets.csv --engines builtin,keywords --lessons 0,50,200
frontdesk eval --team T0123
"""

import argparse
import asyncio
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter
from rich.progress import Progress

from jobs.evaluation import ENGINES, Score, mean, replay
from jobs.learning import MOST_LESSONS
from models.classifier import Example
from models.opening import open_desk
from models.settings import read_settings
from models.triage import Category

BEGIN, END = "<!-- eval: begin -->", "<!-- eval: end -->"
_LABELS = ("category", "intent", "label")
_NO_CATEGORY = "oos"
_HEAD = (
    "| data | lessons | engine | accuracy | macro-F1 | ECE | coverage | ms | learns in s | cost |"
)
_SECONDS = 8


@dataclass(frozen=True, slots=True)
class Data:
    """Tickets of which the category is known, and the categories as an admin describes them."""

    name: str
    categories: tuple[Category, ...]
    known: tuple[Example, ...]


def evaluate(words: Sequence[str]) -> None:
    """Do as the command line says; exits with a sentence where it can't."""
    wanted = _parser().parse_args(words)
    unknown = sorted(set(wanted.engines) - set(ENGINES))
    if unknown:
        sys.exit(f"No engine is called {unknown[0]}; there are {', '.join(ENGINES)}.")
    described = _described(wanted.categories)
    data = [read(path, described.get(path.stem, ())) for path in _files(wanted.paths)]
    if wanted.team:
        data.append(asyncio.run(_history(wanted.team)))
    if not any(each.known for each in data):
        sys.exit("There are no tickets to replay: name a CSV file, a folder of them, or --team.")
    table = "\n".join(_table([each for each in data if each.known], wanted))
    print(table)
    if wanted.into:
        place_table(wanted.into, table)


def read(path: Path, categories: Sequence[Category]) -> Data:
    """The tickets of a CSV file: its column `text`, and its category, intent or label."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    column = next((name for name in _LABELS if rows and name in rows[0]), None)
    if column is None or "text" not in rows[0]:
        return Data(path.stem, (), ())
    known = tuple(
        Example(row["text"], row[column]) for row in rows if row[column] not in {"", _NO_CATEGORY}
    )
    names = sorted({example.label for example in known})
    return Data(path.stem, tuple(categories) or tuple(Category(name=n) for n in names), known)


def place_table(path: Path, table: str) -> None:
    """Put a table between the markers of a page."""
    page = path.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, marker, after = rest.partition(END)
    if not marker:
        sys.exit(f"{path} has no place for the table: {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="frontdesk eval", description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="CSV files, or folders of them")
    parser.add_argument("--team", help="replay what this workspace's moderators have corrected")
    parser.add_argument("--categories", type=Path, help="JSON: file name → list of categories")
    parser.add_argument(
        "--engines", type=_listed, default=list(ENGINES), help="e.g. builtin,keywords"
    )
    parser.add_argument("--lessons", type=_numbers, default=[0, 50, 200, 1000], help="e.g. 0,50")
    parser.add_argument("--draws", type=int, default=1, help="how often to shuffle anew")
    parser.add_argument("--into", type=Path, help="a page to write the table into")
    return parser


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",")]


def _numbers(words: str) -> list[int]:
    return [int(word) for word in _listed(words)]


def _files(paths: Sequence[Path]) -> list[Path]:
    for path in paths:
        if not path.exists():
            sys.exit(f"There is no {path}: name a CSV file, or a folder of them.")
    return [
        file for path in paths for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])
    ]


def _described(path: Path | None) -> dict[str, list[Category]]:
    if path is None:
        return {}
    return TypeAdapter(dict[str, list[Category]]).validate_python(json.loads(path.read_bytes()))


async def _history(team_id: str) -> Data:
    async with open_desk(
        read_settings(), database_seconds=_SECONDS, slack_seconds=_SECONDS, hurried=True
    ) as desk:
        lessons = await desk.lessons.latest(team_id, limit=MOST_LESSONS)
        configuration = await desk.store.configuration(team_id)
    known = tuple(Example(lesson.text, lesson.category) for lesson in lessons)
    return Data(team_id, configuration.categories, known)


def _table(data: Sequence[Data], wanted: argparse.Namespace) -> Iterator[str]:
    yield _HEAD
    yield "|---|" + "---:|" * (_HEAD.count("|") - 2)
    with Progress(transient=True) as progress:
        rounds = len(data) * len(wanted.lessons) * len(wanted.engines) * wanted.draws
        task = progress.add_task("Replaying", total=rounds)
        for each in data:
            for lessons in wanted.lessons:
                for engine in wanted.engines:
                    progress.update(task, description=f"{each.name}, {lessons} lessons, {engine}")
                    scores = []
                    for draw in range(wanted.draws):
                        found = replay(
                            ENGINES[engine], each.categories, each.known, lessons=lessons, draw=draw
                        )
                        scores += [found] if found else []
                        progress.advance(task)
                    if scores:
                        yield _row(each.name, lessons, engine, mean(scores))


def _row(data: str, lessons: int, engine: str, score: Score) -> str:
    shares = (score.accuracy, score.macro_f1, score.ece, score.coverage)
    cells = [data, f"{lessons:,}", engine, *(f"{share:.3f}" for share in shares)]
    return f"| {' | '.join([*cells, f'{score.ms:.2f}', f'{score.learning:.1f}', '0'])} |"
