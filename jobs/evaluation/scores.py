"""Holds what else triage says against what is known: priority, likeness, what is of no category.

Each is a table of its own, with a baseline that anybody would write in its rows.
"""

import random
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, roc_auc_score
from sklearn.pipeline import make_pipeline

from jobs.evaluation.baselines import bm25_scorer, category_text, tfidf_scorer
from jobs.evaluation.datasets import CategoryDataset, DuplicateDataset, PriorityDataset, title_part
from jobs.evaluation.replay import Predictions, Predictor, builtin_predictor, top_categories
from models.engine.classifier import LabelledText
from models.engine.priority_model import PriorityModel
from models.engine.vectorizer import Scores
from models.triage.result import Category
from models.triage.similarity import ComparableTicket, SolvedTicket, rank_similar
from models.triage.skills import words

_RECALL_AT = 5
# The upper two levels of a scale are what must not be missed.
_HIGH_LEVELS = 2


def priority_table(dataset: PriorityDataset) -> Iterator[str]:
    """How well priority is told; accuracy says little where one level is common."""
    yield "| data | asked | engine | weighted kappa | AUC of high | high ones missed |"
    yield "|---|---:|---|---:|---:|---:|"
    levels = dataset.levels
    ordering = PriorityModel(levels, dataset.training_examples)
    texts = [example.text for example in dataset.test_examples]
    told = [levels.index(level) for level in ordering.predict(texts) or []]
    yield _priority_row(dataset, "builtin", told, ordering.decision_function(texts))
    machine = make_pipeline(
        TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10, max_iter=300)
    ).fit(
        [one.text for one in dataset.training_examples],
        [levels.index(one.label) for one in dataset.training_examples],
    )
    places = machine.predict_proba(texts) @ machine.classes_
    yield _priority_row(dataset, "logistic", list(machine.predict(texts)), places)
    had = [levels.index(one.label) for one in dataset.training_examples]
    common = max(sorted(set(had)), key=had.count)
    yield _priority_row(dataset, "majority", [common] * len(texts), np.zeros(len(texts)))


def _priority_row(
    dataset: PriorityDataset, engine: str, predicted: Sequence[int], scores: NDArray[np.float64]
) -> str:
    right = np.array([dataset.levels.index(one.label) for one in dataset.test_examples])
    high = right >= len(dataset.levels) - _HIGH_LEVELS
    missed = float((np.array(predicted)[high] < len(dataset.levels) - _HIGH_LEVELS).mean())
    kappa = cohen_kappa_score(right, predicted, weights="quadratic")
    area = roc_auc_score(high, scores)
    asked = f"{len(dataset.test_examples):,}"
    return f"| {dataset.name} | {asked} | {engine} | {kappa:.3f} | {area:.3f} | {missed:.3f} |"


def out_of_scope_table(dataset: CategoryDataset, training_sizes: Sequence[int]) -> Iterator[str]:
    """Whether a text of no category is told from the others.

    The engine tells it by how sure it is, which is what people see; the baselines by how much
    speaks for the best category.

    Args:
        lessons: after how many the engine is asked; the baselines know only the categories.
    """
    yield (
        "| data | lessons | others | of no category | engine | AUROC | AUROC, of those told right |"
    )
    yield "|---|---:|---:|---:|---|---:|---:|"
    known = list(dataset.examples)
    random.Random(0).shuffle(known)  # noqa: S311  # the same draw each time is wanted
    profiles = [category_text(category) for category in dataset.categories]
    for count in [count for count in training_sizes if count < len(known)]:
        taught = builtin_predictor(dataset.categories, known[:count])
        yield _out_of_scope_row(dataset, "builtin", known, count, taught)
    for engine, scores in (("bm25", bm25_scorer(profiles)), ("tfidf", tfidf_scorer(profiles))):
        yield _out_of_scope_row(
            dataset, engine, known, 0, _top_score_predictor(dataset.categories, scores)
        )


def _top_score_predictor(
    categories: Sequence[Category], scorer: Callable[[Sequence[str]], Scores]
) -> Predictor:
    def answer(texts: Sequence[str]) -> Predictions:
        found = scorer(texts)
        return Predictions(top_categories(categories, found), found.max(axis=1))

    return answer


def _out_of_scope_row(
    dataset: CategoryDataset,
    engine: str,
    examples: Sequence[LabelledText],
    training_size: int,
    predictor: Predictor,
) -> str:
    asked = examples[training_size:]
    own, foreign = (
        predictor([example.text for example in asked]),
        predictor(dataset.out_of_scope).confidence,
    )
    hit = np.array([said == one.label for said, one in zip(own.labels, asked, strict=True)])
    areas = (_auroc(own.confidence, foreign), _auroc(own.confidence[hit], foreign))
    counts = f"{training_size:,} | {len(asked):,} | {len(foreign):,}"
    return f"| {dataset.name} | {counts} | {engine} | {areas[0]:.3f} | {areas[1]:.3f} |"


def _auroc(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    right = np.repeat([1, 0], [len(positives), len(negatives)])
    return float(roc_auc_score(right, np.concatenate([positives, negatives])))


def duplicate_table(dataset: DuplicateDataset) -> Iterator[str]:
    """How often the ticket about the same is among the first that are shown."""
    yield f"| data | asked | among | engine | recall at {_RECALL_AT} |"
    yield "|---|---:|---:|---|---:|"
    texts = list(dataset.texts.values())
    for engine, found in (
        ("builtin", _builtin_rankings(dataset)),
        ("bm25", _scorer_rankings(dataset, bm25_scorer(texts))),
        ("tfidf", _scorer_rankings(dataset, tfidf_scorer(texts))),
    ):
        hit = [pair.duplicate_of in some for pair, some in zip(dataset.pairs, found, strict=True)]
        counts = f"{len(hit):,} | {len(texts):,}"
        yield f"| {dataset.name} | {counts} | {engine} | {sum(hit) / len(hit):.3f} |"


def _builtin_rankings(dataset: DuplicateDataset) -> Iterator[list[str]]:
    past = [
        ComparableTicket(
            SolvedTicket(ticket_id=name, title=title_part(text), solution=""), tuple(words(text))
        )
        for name, text in dataset.texts.items()
    ]
    for pair in dataset.pairs:
        others = [one for one in past if one.ticket.ticket_id != pair.ticket_id]
        found = rank_similar(
            title_part(pair.text), pair.text, others, min_score=0, limit=_RECALL_AT
        )
        yield [one.ticket_id for one in found]


def _scorer_rankings(
    dataset: DuplicateDataset, scorer: Callable[[Sequence[str]], Scores]
) -> Iterator[list[str]]:
    names = list(dataset.texts)
    for pair, row in zip(dataset.pairs, scorer([one.text for one in dataset.pairs]), strict=True):
        order = [names[place] for place in np.argsort(-row, kind="stable")]
        yield [name for name in order if name != pair.ticket_id][:_RECALL_AT]
