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

from jobs.engines.trained_engine import MAX_TRAINING_EXAMPLES
from jobs.evaluation import scores
from jobs.evaluation.baselines import BASELINES, TRAINED_BASELINES
from jobs.evaluation.datasets import (
    CategoryDataset,
    DuplicateDataset,
    PriorityDataset,
    category_dataset,
    duplicate_dataset,
    priority_dataset,
    read_rows,
)
from jobs.evaluation.gemini_replay import gemini_predictor
from jobs.evaluation.replay import (
    EvaluationRun,
    PredictorFactory,
    Score,
    builtin_predictor,
    run_engine,
    score_runs,
)
from models.engine.classifier import LabelledText
from models.open_app import open_app
from models.settings import read_settings
from models.triage.result import Category

GEMINI = "gemini"
_RESULTS_HEADER = (
    "| data | lessons | engine | accuracy | macro-F1 | ECE | coverage | ms | learns in s "
    "| tokens | cost |"
)
_TIMEOUT_SECONDS = 8
_DUPLICATE_POOL_SIZE = 1000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class EngineResult:
    """How an engine did, in some draws together."""

    dataset: str
    training_size: int
    engine: str
    score: Score


def run_cli(arguments: Sequence[str]) -> None:
    """Do as the command line says; exits with a sentence where it can't."""
    wanted = _argument_parser().parse_args(arguments)
    known = {"builtin", GEMINI, *BASELINES}
    if unknown := sorted(set(wanted.engines) - known):
        sys.exit(f"No engine is called {unknown[0]}; there are {', '.join(sorted(known))}.")
    described = _read_categories(wanted.categories)
    files = {path.stem: read_rows(path) for path in _csv_files(wanted.paths)}
    data = [category_dataset(name, rows, described.get(name, ())) for name, rows in files.items()]
    if wanted.team:
        data.append(
            asyncio.run(
                _workspace_dataset(wanted.team, without_confidential=GEMINI in wanted.engines)
            )
        )
    found = [each for each in data if each and each.examples]
    levels = [one for name, rows in files.items() if (one := priority_dataset(name, rows))]
    pairs = [
        two
        for name, rows in files.items()
        if (two := duplicate_dataset(name, rows, pool_size=_DUPLICATE_POOL_SIZE))
    ]
    if not (found or levels or pairs):
        sys.exit("There are no tickets to replay: name a CSV file, a folder of them, or --team.")
    for name, lines in _tables(found, levels, pairs, wanted):
        table = "\n".join(lines)
        print(f"{table}\n", flush=True)
        if wanted.into:
            write_table(wanted.into, name, table)


def write_table(path: Path, name: str, table: str) -> None:
    """Put a table between the markers of its name on a page."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = path.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, marker, after = rest.partition(end)
    if not marker:
        sys.exit(f"{path} has no place for the table: {begin} and {end}")
    path.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


def _tables(
    category_datasets: Sequence[CategoryDataset],
    priority_datasets: Sequence[PriorityDataset],
    duplicate_datasets: Sequence[DuplicateDataset],
    options: argparse.Namespace,
) -> Iterator[tuple[str, list[str]]]:
    """The tables, each with its name, as they become known."""
    if category_datasets:
        results = list(_run_engines(category_datasets, options))
        yield "eval", list(_results_table(results, options.price))
        if options.engines[0] == "builtin" and len(options.engines) > 1:
            yield "eval-best", list(_best_comparison_table(results))
    if strange := [each for each in category_datasets if each.out_of_scope]:
        told = (scores.out_of_scope_table(each, options.lessons) for each in strange)
        yield "eval-none", _merge_tables(told)
    if priority_datasets:
        yield "eval-priority", _merge_tables(map(scores.priority_table, priority_datasets))
    if duplicate_datasets:
        yield "eval-similar", _merge_tables(map(scores.duplicate_table, duplicate_datasets))


def _merge_tables(tables: Iterable[Iterator[str]]) -> list[str]:
    each = [list(table) for table in tables]
    return each[0][:2] + [line for table in each for line in table[2:]]


def _argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="frontdesk eval", description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="CSV files, or folders of them")
    parser.add_argument("--team", help="replay what this workspace's moderators have corrected")
    parser.add_argument("--categories", type=Path, help="JSON: file name → list of categories")
    parser.add_argument(
        "--engines", type=_split_list, default=["builtin", *BASELINES], help="e.g. builtin,gemini"
    )
    parser.add_argument(
        "--lessons", type=_split_numbers, default=[0, 50, 200, 1000], help="e.g. 0,50"
    )
    parser.add_argument("--draws", type=int, default=1, help="how often to shuffle anew")
    parser.add_argument("--most", type=int, default=1000, help="tickets to ask about at most")
    parser.add_argument("--price", type=float, default=0.0, help="of a million tokens")
    parser.add_argument("--into", type=Path, help="a page to write the tables into")
    return parser


def _split_list(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _split_numbers(text: str) -> list[int]:
    return [int(word) for word in _split_list(text)]


def _csv_files(paths: Sequence[Path]) -> list[Path]:
    for path in paths:
        if not path.exists():
            sys.exit(f"There is no {path}: name a CSV file, or a folder of them.")
    return [
        file for path in paths for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])
    ]


def _read_categories(path: Path | None) -> dict[str, list[Category]]:
    if path is None:
        return {}
    return TypeAdapter(dict[str, list[Category]]).validate_python(json.loads(path.read_bytes()))


async def _workspace_dataset(team_id: str, *, without_confidential: bool) -> CategoryDataset:
    """What a workspace's moderators have said; what is confidential is for no AI."""
    async with open_app(
        read_settings(),
        database_timeout_seconds=_TIMEOUT_SECONDS,
        slack_timeout_seconds=_TIMEOUT_SECONDS,
        interactive=True,
    ) as service:
        lessons = await service.training_store.latest(team_id, limit=MAX_TRAINING_EXAMPLES)
        configuration = await service.taxonomies.get_taxonomy(team_id)
    shown = [lesson for lesson in lessons if not (without_confidential and lesson.confidential)]
    known = tuple(LabelledText(lesson.text, lesson.category) for lesson in shown)
    return CategoryDataset(team_id, configuration.categories, known)


def _run_engines(
    datasets: Sequence[CategoryDataset], options: argparse.Namespace
) -> Iterator[EngineResult]:
    with Progress(transient=True) as progress:
        rounds = len(datasets) * len(options.lessons) * len(options.engines) * options.draws
        task = progress.add_task("Replaying", total=rounds)

        def ticked(share: float) -> None:
            progress.advance(task, share)

        for each in datasets:
            engines: dict[str, PredictorFactory] = {
                **BASELINES,
                "builtin": builtin_predictor,
                GEMINI: partial(gemini_predictor, each.name, ticked),
            }
            for lessons in options.lessons:
                for name in options.engines:
                    progress.update(task, description=f"{each.name}, {lessons} lessons, {name}")
                    replays: list[EvaluationRun] = []
                    for draw in range(options.draws):
                        before = progress.tasks[task].completed
                        replays += _run_once(
                            each,
                            engines[name],
                            name,
                            training_size=lessons,
                            seed=draw,
                            max_tickets=options.most,
                        )
                        progress.update(task, completed=round(before) + 1)
                    if replays:
                        yield EngineResult(each.name, lessons, name, score_runs(replays))


def _run_once(
    dataset: CategoryDataset,
    engine: PredictorFactory,
    engine_name: str,
    *,
    training_size: int,
    seed: int,
    max_tickets: int,
) -> list[EvaluationRun]:
    if engine_name in TRAINED_BASELINES and not training_size:
        return []
    found = run_engine(
        engine,
        dataset.categories,
        dataset.examples,
        training_size=training_size,
        seed=seed,
        max_tickets=max_tickets,
    )
    return [found] if found else []


def _results_table(
    results: Sequence[EngineResult], price_per_million_tokens: float
) -> Iterator[str]:
    yield _RESULTS_HEADER
    yield "|---|" + "---:|" * (_RESULTS_HEADER.count("|") - 2)
    for one in results:
        its = one.score
        shares = (its.accuracy, its.macro_f1, its.ece, its.coverage)
        cells = [
            one.dataset,
            f"{one.training_size:,}",
            one.engine,
            *(f"{share:.3f}" for share in shares),
        ]
        cost = f"{its.tokens * price_per_million_tokens / _MILLION:.4f}" if its.tokens else "0"
        more = [
            f"{its.ms_per_ticket:.2f}",
            f"{its.training_seconds:.1f}",
            f"{its.tokens:,.0f}",
            cost,
        ]
        yield f"| {' | '.join([*cells, *more])} |"


def _best_comparison_table(results: Sequence[EngineResult]) -> Iterator[str]:
    """The first engine's accuracy, beside the best of all others at each point."""
    yield "| data | lessons | builtin | best of the others | by | ahead |"
    yield "|---|---:|---:|---:|---|---:|"
    for ours in (one for one in results if one.engine == "builtin"):
        others = [
            one
            for one in results
            if (one.dataset, one.training_size) == (ours.dataset, ours.training_size)
            and one is not ours
        ]
        best = max(others, key=lambda one: one.score.accuracy)
        pair = (ours.score.accuracy, best.score.accuracy)
        shown = f"{pair[0]:.3f} | {pair[1]:.3f} | {best.engine} | {pair[0] - pair[1]:+.3f}"
        yield f"| {ours.dataset} | {ours.training_size:,} | {shown} |"
