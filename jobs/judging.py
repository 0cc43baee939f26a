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

from jobs.baselines import described, likeness, ranking
from jobs.evaluation import Answering, Answers, builtin, named
from jobs.known import Data, Levelled, Twins, title_of
from models.classifier import Example
from models.experts import Scores
from models.ordering import Ordering
from models.similar import Past, Solved, alike
from models.skill import words
from models.triage import Category

_SHOWN = 5
# The upper two levels of a scale are what must not be missed.
_HIGH = 2


def priorities(data: Levelled) -> Iterator[str]:
    """How well priority is told; accuracy says little where one level is common."""
    yield "| data | asked | engine | weighted kappa | AUC of high | high ones missed |"
    yield "|---|---:|---|---:|---:|---:|"
    levels = data.levels
    ordering = Ordering(levels, data.learnt)
    texts = [example.text for example in data.asked]
    told = [levels.index(level) for level in ordering.told(texts) or []]
    yield _priority_row(data, "builtin", told, ordering.scores(texts))
    machine = make_pipeline(
        TfidfVectorizer(sublinear_tf=True), LogisticRegression(C=10, max_iter=300)
    ).fit([one.text for one in data.learnt], [levels.index(one.label) for one in data.learnt])
    places = machine.predict_proba(texts) @ machine.classes_
    yield _priority_row(data, "logistic", list(machine.predict(texts)), places)
    had = [levels.index(one.label) for one in data.learnt]
    common = max(sorted(set(had)), key=had.count)
    yield _priority_row(data, "majority", [common] * len(texts), np.zeros(len(texts)))


def _priority_row(
    data: Levelled, engine: str, told: Sequence[int], scores: NDArray[np.float64]
) -> str:
    right = np.array([data.levels.index(one.label) for one in data.asked])
    high = right >= len(data.levels) - _HIGH
    missed = float((np.array(told)[high] < len(data.levels) - _HIGH).mean())
    kappa = cohen_kappa_score(right, told, weights="quadratic")
    area = roc_auc_score(high, scores)
    asked = f"{len(data.asked):,}"
    return f"| {data.name} | {asked} | {engine} | {kappa:.3f} | {area:.3f} | {missed:.3f} |"


def strangers(data: Data, lessons: Sequence[int]) -> Iterator[str]:
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
    known = list(data.known)
    random.Random(0).shuffle(known)  # noqa: S311  # the same draw each time is wanted
    profiles = [described(category) for category in data.categories]
    for count in [count for count in lessons if count < len(known)]:
        taught = builtin(data.categories, known[:count])
        yield _strangers_row(data, "builtin", known, count, taught)
    for engine, scores in (("bm25", ranking(profiles)), ("tfidf", likeness(profiles))):
        yield _strangers_row(data, engine, known, 0, _by_best(data.categories, scores))


def _by_best(
    categories: Sequence[Category], scores: Callable[[Sequence[str]], Scores]
) -> Answering:
    def answer(texts: Sequence[str]) -> Answers:
        found = scores(texts)
        return Answers(named(categories, found), found.max(axis=1))

    return answer


def _strangers_row(
    data: Data, engine: str, known: Sequence[Example], lessons: int, answer: Answering
) -> str:
    asked = known[lessons:]
    own, foreign = answer([example.text for example in asked]), answer(data.strangers).sure
    hit = np.array([said == one.label for said, one in zip(own.labels, asked, strict=True)])
    areas = (_area(own.sure, foreign), _area(own.sure[hit], foreign))
    counts = f"{lessons:,} | {len(asked):,} | {len(foreign):,}"
    return f"| {data.name} | {counts} | {engine} | {areas[0]:.3f} | {areas[1]:.3f} |"


def _area(above: NDArray[np.float64], below: NDArray[np.float64]) -> float:
    right = np.repeat([1, 0], [len(above), len(below)])
    return float(roc_auc_score(right, np.concatenate([above, below])))


def twins_found(data: Twins) -> Iterator[str]:
    """How often the ticket about the same is among the first that are shown."""
    yield f"| data | asked | among | engine | recall at {_SHOWN} |"
    yield "|---|---:|---:|---|---:|"
    texts = list(data.texts.values())
    for engine, found in (
        ("builtin", _alike(data)),
        ("bm25", _by_scores(data, ranking(texts))),
        ("tfidf", _by_scores(data, likeness(texts))),
    ):
        hit = [pair.same_as in some for pair, some in zip(data.pairs, found, strict=True)]
        counts = f"{len(hit):,} | {len(texts):,}"
        yield f"| {data.name} | {counts} | {engine} | {sum(hit) / len(hit):.3f} |"


def _alike(data: Twins) -> Iterator[list[str]]:
    past = [
        Past(Solved(ticket_id=name, title=title_of(text), solution=""), tuple(words(text)))
        for name, text in data.texts.items()
    ]
    for pair in data.pairs:
        others = [one for one in past if one.solved.ticket_id != pair.ticket_id]
        found = alike(title_of(pair.text), pair.text, others, at_least=0, most=_SHOWN)
        yield [one.ticket_id for one in found]


def _by_scores(data: Twins, scores: Callable[[Sequence[str]], Scores]) -> Iterator[list[str]]:
    names = list(data.texts)
    for pair, row in zip(data.pairs, scores([one.text for one in data.pairs]), strict=True):
        order = [names[place] for place in np.argsort(-row, kind="stable")]
        yield [name for name in order if name != pair.ticket_id][:_SHOWN]
