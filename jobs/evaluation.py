"""`frontdesk eval`: holds engines against tickets whose category is known, side by side.

Each engine learns from the first tickets of a shuffled list, and is asked about the last ones.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.classifier import Classifier, Example
from models.triage import Category

_BINS = 10
PRECISION = 0.9


@dataclass(frozen=True, slots=True)
class Answers:
    """What an engine says of some texts: a label and how sure it is, for each."""

    labels: list[str]
    sure: NDArray[np.float64]
    tokens: int = 0


Answering = Callable[[Sequence[str]], Answers]
Engine = Callable[[Sequence[Category], Sequence[Example]], Answering]
"""Learns from examples, and gives what answers texts."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What an engine answered, and what is right; milliseconds for a ticket, seconds to learn."""

    answers: Answers
    right: Sequence[str]
    ms: float
    learning: float


@dataclass(frozen=True, slots=True)
class Score:
    """How good answers were: shares from 0 to 1, and what they took.

    Attributes:
        macro_f1: the mean over the categories, so that rare ones count as much.
        ece: how far the confidence was from what came true, on average.
        coverage: the largest share of tickets, the surest first, that is right 9 times of 10.
        ms: for one ticket, without learning.
        learning: seconds it took to learn.
        tokens: of a model, for all that it was asked.
    """

    accuracy: float
    macro_f1: float
    ece: float
    coverage: float
    ms: float
    learning: float
    tokens: float = 0.0


def builtin(categories: Sequence[Category], examples: Sequence[Example]) -> Answering:
    """The desk's built-in engine."""
    classifier = Classifier(categories, examples)

    def answer(texts: Sequence[str]) -> Answers:
        likely = classifier.likelihoods(texts)
        return Answers(named(categories, likely), classifier.confidence(texts, likely))

    return answer


def replay(
    engine: Engine,
    categories: Sequence[Category],
    known: Sequence[Example],
    *,
    lessons: int,
    draw: int,
    most: int,
) -> Replay | None:
    """Teach an engine so many lessons, and ask it; None where too few tickets are left to ask."""
    shuffled = list(known)
    random.Random(draw).shuffle(shuffled)  # noqa: S311  # the same draw each time is wanted
    asked = shuffled[lessons:][-most:]
    if len(asked) < _BINS:
        return None
    begun = time.perf_counter()
    answer = engine(categories, shuffled[:lessons])
    learnt = time.perf_counter()
    answers = answer([example.text for example in asked])
    ms = (time.perf_counter() - learnt) * 1000 / len(asked)
    return Replay(answers, [each.label for each in asked], ms=ms, learning=learnt - begun)


def score(replays: Sequence[Replay]) -> Score:
    """Hold the answers of some draws against what is right, all together.

    The fewer answers there are in a bin, the worse calibration looks that is perfect.
    """
    said = [label for one in replays for label in one.answers.labels]
    right = [label for one in replays for label in one.right]
    sure = np.concatenate([one.answers.sure for one in replays])
    hit = np.array([label == its for label, its in zip(said, right, strict=True)])
    return Score(
        accuracy=float(hit.mean()),
        macro_f1=_macro_f1(said, right),
        ece=_ece(sure, hit),
        coverage=_coverage(sure, hit),
        ms=float(np.mean([one.ms for one in replays])),
        learning=float(np.mean([one.learning for one in replays])),
        tokens=float(np.mean([one.answers.tokens for one in replays])),
    )


def named(categories: Sequence[Category], scores: NDArray[Any]) -> list[str]:
    """For each row of scores, the category that has the highest."""
    return [categories[place].name for place in scores.argmax(axis=1)]


def _macro_f1(said: Sequence[str], right: Sequence[str]) -> float:
    each = []
    for label in sorted(set(right)):
        both = sum(a == b == label for a, b in zip(said, right, strict=True))
        each.append(2 * both / (list(said).count(label) + list(right).count(label)))
    return float(np.mean(each))


def _ece(sure: NDArray[np.float64], hit: NDArray[np.bool_]) -> float:
    """Expected calibration error in ten bins: https://arxiv.org/abs/1706.04599."""
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    gaps = (abs(float((sure[bins == b] - hit[bins == b]).sum())) for b in range(_BINS))
    return sum(gaps) / len(hit)


def _coverage(sure: NDArray[np.float64], hit: NDArray[np.bool_]) -> float:
    surest = np.argsort(-sure, kind="stable")
    precision = np.cumsum(hit[surest]) / np.arange(1, len(hit) + 1)
    enough = np.flatnonzero(precision >= PRECISION)
    return float((enough[-1] + 1) / len(hit)) if len(enough) else 0.0
