"""Runs an engine on tickets with known categories, and scores its predictions.

Each engine is trained on the first tickets of a shuffled list, and tested on the last ones.
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
    """An engine's predictions: a label and a confidence for each text.

    Attributes:
        tokens: the tokens of a model that all predictions used.
    """

    labels: list[str]
    confidence: NDArray[np.float64]
    tokens: int = 0


Predictor = Callable[[Sequence[str]], Predictions]
PredictorFactory = Callable[[Sequence[Category], Sequence[LabelledText]], Predictor]
"""Trains on examples, and returns a function that predicts the labels of texts."""


@dataclass(frozen=True, slots=True)
class EvaluationRun:
    """The predictions of one run with the correct labels and the times that it took."""

    predictions: Predictions
    true_labels: Sequence[str]
    ms_per_ticket: float
    training_seconds: float


@dataclass(frozen=True, slots=True)
class Score:
    """The quality of an engine's predictions, and their cost.

    Attributes:
        accuracy: the share of correct predictions.
        macro_f1: the mean F1 of the categories, so rare categories weigh as much as common ones.
        ece: the expected calibration error: the mean gap between confidence and accuracy.
        coverage: the largest share of tickets, most confident first, of which 90 % are correct.
        ms_per_ticket: the time of one prediction, without training.
        training_seconds: the time of the training.
        tokens: the tokens of a model that all predictions used.
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
    """The built-in engine, trained on these examples."""
    classifier = Classifier(categories, examples)

    def predict(texts: Sequence[str]) -> Predictions:
        probabilities = classifier.probabilities(texts)
        return Predictions(
            top_categories(categories, probabilities), classifier.confidence(texts, probabilities)
        )

    return predict


def run_engine(
    engine: PredictorFactory,
    categories: Sequence[Category],
    examples: Sequence[LabelledText],
    *,
    training_size: int,
    seed: int,
    max_tickets: int,
) -> EvaluationRun | None:
    """One run of an engine; None if too few tickets are left for the test.

    Args:
        engine: trains the engine.
        categories: the categories to choose from.
        examples: the tickets with known categories.
        training_size: the number of tickets to train on.
        seed: selects the draw.
        max_tickets: the number of tickets to test at most.
    """
    shuffled = list(examples)
    random.Random(seed).shuffle(shuffled)  # noqa: S311  # a seed must give the same draw each time
    test_examples = shuffled[training_size:][-max_tickets:]
    if len(test_examples) < _CALIBRATION_BINS:
        return None
    started_at = time.perf_counter()
    predict = engine(categories, shuffled[:training_size])
    trained_at = time.perf_counter()
    predictions = predict([example.text for example in test_examples])
    seconds = time.perf_counter() - trained_at
    return EvaluationRun(
        predictions,
        [example.label for example in test_examples],
        ms_per_ticket=seconds * 1000 / len(test_examples),
        training_seconds=trained_at - started_at,
    )


def score_runs(runs: Sequence[EvaluationRun]) -> Score:
    """The score of all predictions in some runs together.

    Scoring them together matters for calibration: with few predictions in a bin, even a perfectly
    calibrated engine gets a calibration error.
    """
    predicted = [label for run in runs for label in run.predictions.labels]
    correct = [label for run in runs for label in run.true_labels]
    confidence = np.concatenate([run.predictions.confidence for run in runs])
    is_correct = np.array([a == b for a, b in zip(predicted, correct, strict=True)])
    return Score(
        accuracy=float(is_correct.mean()),
        macro_f1=_macro_f1(predicted, correct),
        ece=_ece(confidence, is_correct),
        coverage=_coverage(confidence, is_correct),
        ms_per_ticket=float(np.mean([run.ms_per_ticket for run in runs])),
        training_seconds=float(np.mean([run.training_seconds for run in runs])),
        tokens=float(np.mean([run.predictions.tokens for run in runs])),
    )


def top_categories(categories: Sequence[Category], scores: NDArray[Any]) -> list[str]:
    """The category with the highest score, for each row."""
    return [categories[column].name for column in scores.argmax(axis=1)]


def _macro_f1(predicted: Sequence[str], true_labels: Sequence[str]) -> float:
    f1_scores = []
    for label in sorted(set(true_labels)):
        hits = sum(a == b == label for a, b in zip(predicted, true_labels, strict=True))
        total = list(predicted).count(label) + list(true_labels).count(label)
        f1_scores.append(2 * hits / total)
    return float(np.mean(f1_scores))


def _ece(confidence: NDArray[np.float64], is_correct: NDArray[np.bool_]) -> float:
    """Expected calibration error in ten bins: https://arxiv.org/abs/1706.04599."""
    bins = np.minimum((confidence * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    gaps = (
        abs(float((confidence[bins == b] - is_correct[bins == b]).sum()))
        for b in range(_CALIBRATION_BINS)
    )
    return sum(gaps) / len(is_correct)


def _coverage(confidence: NDArray[np.float64], is_correct: NDArray[np.bool_]) -> float:
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(is_correct[order]) / np.arange(1, len(is_correct) + 1)
    precise = np.flatnonzero(precision >= MIN_PRECISION)
    return float((precise[-1] + 1) / len(is_correct)) if len(precise) else 0.0
