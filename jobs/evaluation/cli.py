"""The command `frontdesk eval`: evaluates engines on known tickets and prints or writes tables.

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

from jobs.engines.few_shot_examples import is_shareable
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
from models.services import Services, open_connections
from models.settings import read_settings
from models.triage.result import Category

GEMINI = "gemini"
_RESULTS_HEADER = (
    "| data set | training examples | engine | accuracy | macro-F1 | ECE | coverage "
    "| ms per ticket | training (s) | tokens | cost |"
)
_TIMEOUT_SECONDS = 8
_DUPLICATE_POOL_SIZE = 1000
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class EngineResult:
    """The score of an engine on one data set, over all draws together."""

    dataset: str
    training_size: int
    engine: str
    score: Score


def run_cli(arguments: Sequence[str]) -> None:
    """Run the command; exits with a message if the arguments are unusable."""
    options = _argument_parser().parse_args(arguments)
    engines = {"builtin", GEMINI, *BASELINES}
    if unknown := sorted(set(options.engines) - engines):
        sys.exit(f"There is no engine {unknown[0]}. Choose from {', '.join(sorted(engines))}.")
    categories = _read_categories(options.categories)
    files = {path.stem: read_rows(path) for path in _csv_files(options.paths)}
    datasets = [
        category_dataset(name, rows, categories.get(name, ())) for name, rows in files.items()
    ]
    if options.team:
        datasets.append(
            asyncio.run(
                _workspace_dataset(options.team, without_confidential=GEMINI in options.engines)
            )
        )
    by_category = [dataset for dataset in datasets if dataset and dataset.examples]
    by_priority = [
        priorities for name, rows in files.items() if (priorities := priority_dataset(name, rows))
    ]
    duplicates = [
        pairs
        for name, rows in files.items()
        if (pairs := duplicate_dataset(name, rows, pool_size=_DUPLICATE_POOL_SIZE))
    ]
    if not (by_category or by_priority or duplicates):
        sys.exit("Found no tickets. Name a CSV file, a folder of CSV files, or --team.")
    for name, lines in _tables(by_category, by_priority, duplicates, options):
        table = "\n".join(lines)
        print(f"{table}\n", flush=True)
        if options.into:
            write_table(options.into, name, table)


def write_table(path: Path, name: str, table: str) -> None:
    """Replace the table between the markers of this name on a page."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = path.read_text(encoding="utf-8")
    before, _, from_table = page.partition(begin)
    _, marker, after = from_table.partition(end)
    if not marker:
        sys.exit(f"{path} has no markers for the table {name}. Add {begin} and {end}.")
    path.write_text(f"{before}{begin}\n{table}\n{end}{after}", encoding="utf-8")


def _tables(
    category_datasets: Sequence[CategoryDataset],
    priority_datasets: Sequence[PriorityDataset],
    duplicate_datasets: Sequence[DuplicateDataset],
    options: argparse.Namespace,
) -> Iterator[tuple[str, list[str]]]:
    """The tables with their names; each is computed when it is asked for."""
    if category_datasets:
        results = list(_run_engines(category_datasets, options))
        yield "eval", list(_results_table(results, options.price))
        if options.engines[0] == "builtin" and len(options.engines) > 1:
            yield "eval-best", list(_best_comparison_table(results))
    if with_out_of_scope := [dataset for dataset in category_datasets if dataset.out_of_scope]:
        tables = (
            scores.out_of_scope_table(dataset, options.lessons) for dataset in with_out_of_scope
        )
        yield "eval-none", _merge_tables(tables)
    if priority_datasets:
        yield "eval-priority", _merge_tables(map(scores.priority_table, priority_datasets))
    if duplicate_datasets:
        yield "eval-similar", _merge_tables(map(scores.duplicate_table, duplicate_datasets))


def _merge_tables(tables: Iterable[Iterator[str]]) -> list[str]:
    """The rows of all tables below one header (two lines)."""
    tables_as_lines = [list(table) for table in tables]
    return tables_as_lines[0][:2] + [line for lines in tables_as_lines for line in lines[2:]]


def _argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="frontdesk eval", description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", type=Path, help="CSV files or folders of CSV files")
    parser.add_argument("--team", help="id of a workspace; uses the tickets its moderators judged")
    parser.add_argument("--categories", type=Path, help="JSON file: data set → list of categories")
    parser.add_argument(
        "--engines",
        type=_split_list,
        default=["builtin", *BASELINES],
        help="engines to compare, e.g. builtin,gemini",
    )
    parser.add_argument(
        "--lessons",
        type=_split_numbers,
        default=[0, 50, 200, 1000],
        help="numbers of training examples, e.g. 0,50",
    )
    parser.add_argument("--draws", type=int, default=1, help="number of random draws of the data")
    parser.add_argument("--most", type=int, default=1000, help="maximum number of test tickets")
    parser.add_argument("--price", type=float, default=0.0, help="price of a million tokens")
    parser.add_argument("--into", type=Path, help="page to write the tables into")
    return parser


def _split_list(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _split_numbers(text: str) -> list[int]:
    return [int(word) for word in _split_list(text)]


def _csv_files(paths: Sequence[Path]) -> list[Path]:
    for path in paths:
        if not path.exists():
            sys.exit(f"{path} does not exist. Name a CSV file or a folder of CSV files.")
    return [
        file for path in paths for file in (sorted(path.glob("*.csv")) if path.is_dir() else [path])
    ]


def _read_categories(path: Path | None) -> dict[str, list[Category]]:
    if path is None:
        return {}
    return TypeAdapter(dict[str, list[Category]]).validate_python(json.loads(path.read_bytes()))


async def _workspace_dataset(team_id: str, *, without_confidential: bool) -> CategoryDataset:
    """The tickets that a workspace's moderators judged."""
    async with open_connections(
        read_settings(),
        database_timeout_seconds=_TIMEOUT_SECONDS,
        slack_timeout_seconds=_TIMEOUT_SECONDS,
        interactive=True,
    ) as connections:
        services = Services(connections)
        judged = await services.training_store.latest(team_id, limit=MAX_TRAINING_EXAMPLES)
        taxonomy = await services.taxonomies.get_taxonomy(team_id)
    examples = tuple(
        LabelledText(example.text, example.category)
        for example in judged
        if not without_confidential or is_shareable(example, taxonomy)
    )
    return CategoryDataset(team_id, taxonomy.categories, examples)


def _run_engines(
    datasets: Sequence[CategoryDataset], options: argparse.Namespace
) -> Iterator[EngineResult]:
    with Progress(transient=True) as progress:
        run_count = len(datasets) * len(options.lessons) * len(options.engines) * options.draws
        task = progress.add_task("Evaluating", total=run_count)

        def advance_progress(share: float) -> None:
            progress.advance(task, share)

        for dataset in datasets:
            engines: dict[str, PredictorFactory] = {
                **BASELINES,
                "builtin": builtin_predictor,
                GEMINI: partial(gemini_predictor, dataset.name, advance_progress),
            }
            for training_size in options.lessons:
                for name in options.engines:
                    progress.update(
                        task, description=f"{dataset.name}, {training_size} examples, {name}"
                    )
                    runs: list[EvaluationRun] = []
                    for draw in range(options.draws):
                        before = progress.tasks[task].completed
                        runs += _run_once(
                            dataset,
                            engines[name],
                            name,
                            training_size=training_size,
                            seed=draw,
                            max_tickets=options.most,
                        )
                        progress.update(task, completed=round(before) + 1)
                    if runs:
                        yield EngineResult(dataset.name, training_size, name, score_runs(runs))


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
    run = run_engine(
        engine,
        dataset.categories,
        dataset.examples,
        training_size=training_size,
        seed=seed,
        max_tickets=max_tickets,
    )
    return [run] if run else []


def _results_table(
    results: Sequence[EngineResult], price_per_million_tokens: float
) -> Iterator[str]:
    yield _RESULTS_HEADER
    yield "|---|" + "---:|" * (_RESULTS_HEADER.count("|") - 2)
    for result in results:
        score = result.score
        shares = (score.accuracy, score.macro_f1, score.ece, score.coverage)
        cost = score.tokens * price_per_million_tokens / _MILLION
        cells = [
            result.dataset,
            f"{result.training_size:,}",
            result.engine,
            *(f"{share:.3f}" for share in shares),
            f"{score.ms_per_ticket:.2f}",
            f"{score.training_seconds:.1f}",
            f"{score.tokens:,.0f}",
            f"{cost:.4f}" if score.tokens else "0",
        ]
        yield f"| {' | '.join(cells)} |"


def _best_comparison_table(results: Sequence[EngineResult]) -> Iterator[str]:
    """The accuracy of the built-in engine beside that of the best other engine, for each row."""
    yield "| data set | training examples | built-in | best other | engine | difference |"
    yield "|---|---:|---:|---:|---|---:|"
    for builtin in (result for result in results if result.engine == "builtin"):
        others = [
            result
            for result in results
            if (result.dataset, result.training_size) == (builtin.dataset, builtin.training_size)
            and result is not builtin
        ]
        best = max(others, key=lambda result: result.score.accuracy)
        ours, theirs = builtin.score.accuracy, best.score.accuracy
        cells = f"{ours:.3f} | {theirs:.3f} | {best.engine} | {ours - theirs:+.3f}"
        yield f"| {builtin.dataset} | {builtin.training_size:,} | {cells} |"
