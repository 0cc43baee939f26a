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

from models.engine.classifier import Classifier, LabelledText
from models.triage.result import Category

_CALIBRATION_BINS = 10
MIN_PRECISION = 0.9


@dataclass(frozen=True, slots=True)
class Predictions:
    """What an engine says of some texts: a label and how sure it is, for each."""

    labels: list[str]
    confidence: NDArray[np.float64]
    tokens: int = 0


Predictor = Callable[[Sequence[str]], Predictions]
PredictorFactory = Callable[[Sequence[Category], Sequence[LabelledText]], Predictor]
"""Learns from examples, and gives what answers texts."""


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """What an engine answered, and what is right; milliseconds for a ticket, seconds to learn."""

    predictions: Predictions
    true_labels: Sequence[str]
    ms_per_ticket: float
    training_seconds: float


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
    ms_per_ticket: float
    training_seconds: float
    tokens: float = 0.0


def builtin_predictor(
    categories: Sequence[Category], examples: Sequence[LabelledText]
) -> Predictor:
    """The desk's built-in engine."""
    classifier = Classifier(categories, examples)

    def answer(texts: Sequence[str]) -> Predictions:
        likely = classifier.probabilities(texts)
        return Predictions(top_categories(categories, likely), classifier.confidence(texts, likely))

    return answer


def run_engine(
    engine: PredictorFactory,
    categories: Sequence[Category],
    examples: Sequence[LabelledText],
    *,
    training_size: int,
    seed: int,
    max_tickets: int,
) -> EvaluationRun | None:
    """Teach an engine so many lessons, and ask it; None where too few tickets are left to ask."""
    shuffled = list(examples)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  # the same draw each time is wanted
    asked = shuffled[training_size:][-max_tickets:]
    if len(asked) < _CALIBRATION_BINS:
        return None
    begun = time.perf_counter()
    answer = engine(categories, shuffled[:training_size])
    learnt = time.perf_counter()
    answers = answer([example.text for example in asked])
    ms = (time.perf_counter() - learnt) * 1000 / len(asked)
    return EvaluationRun(
        answers, [each.label for each in asked], ms_per_ticket=ms, training_seconds=learnt - begun
    )


def score_runs(runs: Sequence[EvaluationRun]) -> Score:
    """Hold the answers of some draws against what is right, all together.

    The fewer answers there are in a bin, the worse calibration looks that is perfect.
    """
    said = [label for one in runs for label in one.predictions.labels]
    right = [label for one in runs for label in one.true_labels]
    sure = np.concatenate([one.predictions.confidence for one in runs])
    hit = np.array([label == its for label, its in zip(said, right, strict=True)])
    return Score(
        accuracy=float(hit.mean()),
        macro_f1=_macro_f1(said, right),
        ece=_ece(sure, hit),
        coverage=_coverage(sure, hit),
        ms_per_ticket=float(np.mean([one.ms_per_ticket for one in runs])),
        training_seconds=float(np.mean([one.training_seconds for one in runs])),
        tokens=float(np.mean([one.predictions.tokens for one in runs])),
    )


def top_categories(categories: Sequence[Category], scores: NDArray[Any]) -> list[str]:
    """For each row of scores, the category that has the highest."""
    return [categories[place].name for place in scores.argmax(axis=1)]


def _macro_f1(predicted: Sequence[str], true_labels: Sequence[str]) -> float:
    each = []
    for label in sorted(set(true_labels)):
        both = sum(a == b == label for a, b in zip(predicted, true_labels, strict=True))
        each.append(2 * both / (list(predicted).count(label) + list(true_labels).count(label)))
    return float(np.mean(each))


def _ece(confidence: NDArray[np.float64], is_correct: NDArray[np.bool_]) -> float:
    """Expected calibration error in ten bins: https://arxiv.org/abs/1706.04599."""
    bins = np.minimum((confidence * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    gaps = (
        abs(float((confidence[bins == b] - is_correct[bins == b]).sum()))
        for b in range(_CALIBRATION_BINS)
    )
    return sum(gaps) / len(is_correct)


def _coverage(confidence: NDArray[np.float64], is_correct: NDArray[np.bool_]) -> float:
    surest = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(is_correct[surest]) / np.arange(1, len(is_correct) + 1)
    enough = np.flatnonzero(precision >= MIN_PRECISION)
    return float((enough[-1] + 1) / len(is_correct)) if len(enough) else 0.0
