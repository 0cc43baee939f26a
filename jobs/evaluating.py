"""The command `frontdesk eval`: reads tickets, replays engines over them, prints or writes tables.

frontdesk eval tickets.csv --engines builtin,keywords --lessons 0,50,200
frontdesk eval --team T0123 --engines builtin,gemini --most 100 --price 0.10
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import TypeAdapter
from rich.progress import Progress

from jobs import judging
from jobs.baselines import BASELINES, NEED_LESSONS
from jobs.evaluation import Engine, Replay, Score, builtin, replay, score
from jobs.known import Data, Levelled, Twins, categorised, levelled, rows_of, twins
from jobs.learning import MOST_LESSONS
from jobs.replaying import gemini
from models.classifier import Example
from models.opening import open_desk
from models.settings import read_settings
from models.triage import Category

GEMINI = "gemini"
_HEAD = (
    "| data | lessons | engine | accuracy | macro-F1 | ECE | coverage | ms | learns in s "
    "| tokens | cost |"
)
_SECONDS = 8
_AMONG = 1000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """How an engine did, in some draws together."""

    data: str
    lessons: int
    engine: str
    score: Score


def evaluate(words: Sequence[str]) -> None:
    """Do as the command line says; exits with a sentence where it can't."""
    wanted = _parser().parse_args(words)
    known = {"builtin", GEMINI, *BASELINES}
    if unknown := sorted(set(wanted.engines) - known):
        sys.exit(f"No engine is called {unknown[0]}; there are {', '.join(sorted(known))}.")
    described = _described(wanted.categories)
    files = {path.stem: rows_of(path) for path in _files(wanted.paths)}
    data = [categorised(name, rows, described.get(name, ())) for name, rows in files.items()]
    if wanted.team:
        data.append(asyncio.run(_history(wanted.team, open_only=GEMINI in wanted.engines)))
    found = [each for each in data if each and each.known]
    levels = [one for name, rows in files.items() if (one := levelled(name, rows))]
    pairs = [two for name, rows in files.items() if (two := twins(name, rows, among=_AMONG))]
    if not (found or levels or pairs):
        sys.exit("There are no tickets to replay: name a CSV file, a folder of them, or --team.")
    for name, lines in _sections(found, levels, pairs, wanted):
        table = "\n".join(lines)
        print(f"{table}\n", flush=True)
        if wanted.into:
            place_table(wanted.into, name, table)


def place_table(path: Path, name: str, table: str) -> None:
    """Put a table between the markers of its name on a page."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = path.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, marker, after = rest.partition(end)
    if not marker:
        sys.exit(f"{path} has no place for the table: {begin} and {end}")
    path.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


def _sections(
    found: Sequence[Data],
    levels: Sequence[Levelled],
    pairs: Sequence[Twins],
    wanted: argparse.Namespace,
) -> Iterator[tuple[str, list[str]]]:
    """The tables, each with its name, as they become known."""
    if found:
        results = list(_replayed(found, wanted))
        yield "eval", list(_table(results, wanted.price))
        if wanted.engines[0] == "builtin" and len(wanted.engines) > 1:
            yield "eval-best", list(_beside_the_best(results))
    if strange := [each for each in found if each.strangers]:
        told = (judging.strangers(each, wanted.lessons) for each in strange)
        yield "eval-none", _under_one_head(told)
    if levels:
        yield "eval-priority", _under_one_head(map(judging.priorities, levels))
    if pairs:
        yield "eval-similar", _under_one_head(map(judging.twins_found, pairs))


def _under_one_head(tables: Iterable[Iterator[str]]) -> list[str]:
    each = [list(table) for table in tables]
    return each[0][:2] + [line for table in each for line in table[2:]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="frontdesk eval", description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="CSV files, or folders of them")
    parser.add_argument("--team", help="replay what this workspace's moderators have corrected")
    parser.add_argument("--categories", type=Path, help="JSON: file name → list of categories")
    parser.add_argument(
        "--engines", type=_listed, default=["builtin", *BASELINES], help="e.g. builtin,gemini"
    )
    parser.add_argument("--lessons", type=_numbers, default=[0, 50, 200, 1000], help="e.g. 0,50")
    parser.add_argument("--draws", type=int, default=1, help="how often to shuffle anew")
    parser.add_argument("--most", type=int, default=1000, help="tickets to ask about at most")
    parser.add_argument("--price", type=float, default=0.0, help="of a million tokens")
    parser.add_argument("--into", type=Path, help="a page to write the tables into")
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


async def _history(team_id: str, *, open_only: bool) -> Data:
    """What a workspace's moderators have said; what is confidential is for no AI."""
    async with open_desk(
        read_settings(), database_seconds=_SECONDS, slack_seconds=_SECONDS, hurried=True
    ) as desk:
        lessons = await desk.lessons.latest(team_id, limit=MOST_LESSONS)
        configuration = await desk.store.configuration(team_id)
    shown = [lesson for lesson in lessons if not (open_only and lesson.confidential)]
    known = tuple(Example(lesson.text, lesson.category) for lesson in shown)
    return Data(team_id, configuration.categories, known)


def _replayed(data: Sequence[Data], wanted: argparse.Namespace) -> Iterator[Result]:
    with Progress(transient=True) as progress:
        rounds = len(data) * len(wanted.lessons) * len(wanted.engines) * wanted.draws
        task = progress.add_task("Replaying", total=rounds)

        def ticked(share: float) -> None:
            progress.advance(task, share)

        for each in data:
            engines: dict[str, Engine] = {
                **BASELINES,
                "builtin": builtin,
                GEMINI: partial(gemini, each.name, ticked),
            }
            for lessons in wanted.lessons:
                for name in wanted.engines:
                    progress.update(task, description=f"{each.name}, {lessons} lessons, {name}")
                    replays: list[Replay] = []
                    for draw in range(wanted.draws):
                        before = progress.tasks[task].completed
                        replays += _once(
                            each, engines[name], name, lessons=lessons, draw=draw, most=wanted.most
                        )
                        progress.update(task, completed=round(before) + 1)
                    if replays:
                        yield Result(each.name, lessons, name, score(replays))


def _once(
    data: Data, engine: Engine, name: str, *, lessons: int, draw: int, most: int
) -> list[Replay]:
    if name in NEED_LESSONS and not lessons:
        return []
    found = replay(engine, data.categories, data.known, lessons=lessons, draw=draw, most=most)
    return [found] if found else []


def _table(results: Sequence[Result], price: float) -> Iterator[str]:
    yield _HEAD
    yield "|---|" + "---:|" * (_HEAD.count("|") - 2)
    for one in results:
        its = one.score
        shares = (its.accuracy, its.macro_f1, its.ece, its.coverage)
        cells = [one.data, f"{one.lessons:,}", one.engine, *(f"{share:.3f}" for share in shares)]
        cost = f"{its.tokens * price / _MILLION:.4f}" if its.tokens else "0"
        more = [f"{its.ms:.2f}", f"{its.learning:.1f}", f"{its.tokens:,.0f}", cost]
        yield f"| {' | '.join([*cells, *more])} |"


def _beside_the_best(results: Sequence[Result]) -> Iterator[str]:
    """The first engine's accuracy, beside the best of all others at each point."""
    yield "| data | lessons | builtin | best of the others | by | ahead |"
    yield "|---|---:|---:|---:|---|---:|"
    for ours in (one for one in results if one.engine == "builtin"):
        others = [
            one
            for one in results
            if (one.data, one.lessons) == (ours.data, ours.lessons) and one is not ours
        ]
        best = max(others, key=lambda one: one.score.accuracy)
        pair = (ours.score.accuracy, best.score.accuracy)
        shown = f"{pair[0]:.3f} | {pair[1]:.3f} | {best.engine} | {pair[0] - pair[1]:+.3f}"
        yield f"| {ours.data} | {ours.lessons:,} | {shown} |"
