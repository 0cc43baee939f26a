"""Scores of priorities, similar tickets and out-of-scope texts, as Markdown tables.

Each table compares the built-in engine with simple baselines.
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
# The upper two levels of a scale count as high; missing one of them does the most harm.
_HIGH_LEVELS = 2


def priority_table(dataset: PriorityDataset) -> Iterator[str]:
    """The scores of predicted priorities, a line of the table at a time.

    The table has no accuracy, which says little if one level is common.
    """
    yield (
        "| data set | test tickets | engine | weighted kappa | AUROC of high priority "
        "| high priority missed |"
    )
    yield "|---|---:|---|---:|---:|---:|"
    levels = dataset.levels
    priority_model = PriorityModel(levels, dataset.training_examples)
    texts = [example.text for example in dataset.test_examples]
    predicted = [levels.index(level) for level in priority_model.predict(texts) or []]
    yield _priority_row(dataset, "builtin", predicted, priority_model.decision_function(texts))
    training_levels = [levels.index(example.label) for example in dataset.training_examples]
    pipeline = make_pipeline(
        TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10, max_iter=300)
    ).fit([example.text for example in dataset.training_examples], training_levels)
    expected_levels = pipeline.predict_proba(texts) @ pipeline.classes_
    yield _priority_row(dataset, "logistic", list(pipeline.predict(texts)), expected_levels)
    most_common = max(sorted(set(training_levels)), key=training_levels.count)
    yield _priority_row(dataset, "majority", [most_common] * len(texts), np.zeros(len(texts)))


def _priority_row(
    dataset: PriorityDataset, engine: str, predicted: Sequence[int], scores: NDArray[np.float64]
) -> str:
    correct = np.array([dataset.levels.index(example.label) for example in dataset.test_examples])
    min_high = len(dataset.levels) - _HIGH_LEVELS
    is_high = correct >= min_high
    missed = float((np.array(predicted)[is_high] < min_high).mean())
    kappa = cohen_kappa_score(correct, predicted, weights="quadratic")
    auroc = roc_auc_score(is_high, scores)
    count = f"{len(dataset.test_examples):,}"
    return f"| {dataset.name} | {count} | {engine} | {kappa:.3f} | {auroc:.3f} | {missed:.3f} |"


def out_of_scope_table(dataset: CategoryDataset, training_sizes: Sequence[int]) -> Iterator[str]:
    """The scores for detecting texts that belong to no category, a line of the table at a time.

    The built-in engine is scored by its confidence, which people see. The baselines are scored by
    the score of their best category.

    Args:
        dataset: a data set with out-of-scope texts.
        training_sizes: numbers of training examples for the built-in engine; the baselines use
            only the categories.
    """
    yield (
        "| data set | training examples | in scope | out of scope | engine | AUROC "
        "| AUROC if category is right |"
    )
    yield "|---|---:|---:|---:|---|---:|---:|"
    examples = list(dataset.examples)
    random.Random(0).shuffle(examples)  # noqa: S311  # the draw must be the same each time
    texts = [category_text(category) for category in dataset.categories]
    for size in [size for size in training_sizes if size < len(examples)]:
        predictor = builtin_predictor(dataset.categories, examples[:size])
        yield _out_of_scope_row(dataset, "builtin", examples, size, predictor)
    for engine, scorer in (("bm25", bm25_scorer(texts)), ("tfidf", tfidf_scorer(texts))):
        predictor = _top_score_predictor(dataset.categories, scorer)
        yield _out_of_scope_row(dataset, engine, examples, 0, predictor)


def _top_score_predictor(
    categories: Sequence[Category], scorer: Callable[[Sequence[str]], Scores]
) -> Predictor:
    def predict(texts: Sequence[str]) -> Predictions:
        scores = scorer(texts)
        return Predictions(top_categories(categories, scores), scores.max(axis=1))

    return predict


def _out_of_scope_row(
    dataset: CategoryDataset,
    engine: str,
    examples: Sequence[LabelledText],
    training_size: int,
    predictor: Predictor,
) -> str:
    test_examples = examples[training_size:]
    in_scope = predictor([example.text for example in test_examples])
    out_of_scope = predictor(dataset.out_of_scope).confidence
    is_correct = np.array(
        [
            label == example.label
            for label, example in zip(in_scope.labels, test_examples, strict=True)
        ]
    )
    auroc = _auroc(in_scope.confidence, out_of_scope)
    auroc_if_correct = _auroc(in_scope.confidence[is_correct], out_of_scope)
    counts = f"{training_size:,} | {len(test_examples):,} | {len(out_of_scope):,}"
    return f"| {dataset.name} | {counts} | {engine} | {auroc:.3f} | {auroc_if_correct:.3f} |"


def _auroc(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
    is_positive = np.repeat([1, 0], [len(positives), len(negatives)])
    return float(roc_auc_score(is_positive, np.concatenate([positives, negatives])))


def duplicate_table(dataset: DuplicateDataset) -> Iterator[str]:
    """The share of duplicates among the most similar tickets, a line of the table at a time."""
    yield f"| data set | test tickets | searched tickets | engine | recall at {_RECALL_AT} |"
    yield "|---|---:|---:|---|---:|"
    texts = list(dataset.texts.values())
    for engine, rankings in (
        ("builtin", _builtin_rankings(dataset)),
        ("bm25", _scorer_rankings(dataset, bm25_scorer(texts))),
        ("tfidf", _scorer_rankings(dataset, tfidf_scorer(texts))),
    ):
        is_hit = [
            pair.duplicate_of in ranking
            for pair, ranking in zip(dataset.pairs, rankings, strict=True)
        ]
        counts = f"{len(is_hit):,} | {len(texts):,}"
        yield f"| {dataset.name} | {counts} | {engine} | {sum(is_hit) / len(is_hit):.3f} |"


def _builtin_rankings(dataset: DuplicateDataset) -> Iterator[list[str]]:
    candidates = [
        ComparableTicket(
            SolvedTicket(ticket_id=name, title=title_part(text), solution=""), tuple(words(text))
        )
        for name, text in dataset.texts.items()
    ]
    for pair in dataset.pairs:
        others = [
            candidate for candidate in candidates if candidate.ticket.ticket_id != pair.ticket_id
        ]
        similar = rank_similar(
            title_part(pair.text), pair.text, others, min_score=0, limit=_RECALL_AT
        )
        yield [ticket.ticket_id for ticket in similar]


def _scorer_rankings(
    dataset: DuplicateDataset, scorer: Callable[[Sequence[str]], Scores]
) -> Iterator[list[str]]:
    ticket_ids = list(dataset.texts)
    scores = scorer([pair.text for pair in dataset.pairs])
    for pair, row in zip(dataset.pairs, scores, strict=True):
        ranking = [ticket_ids[column] for column in np.argsort(-row, kind="stable")]
        yield [ticket_id for ticket_id in ranking if ticket_id != pair.ticket_id][:_RECALL_AT]
