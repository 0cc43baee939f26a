"""Priority model: ordinal regression on the examples that moderators judged.

A ridge regression places each text on a scale. Thresholds cut the scale so that each level gets
the share of texts that it has among the examples. Choosing the most probable level would nearly
always choose the most common one.
https://scikit-learn.org/stable/modules/linear_model.html#ridge-regression-and-classification
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.engine.classifier import LabelledText
from models.engine.vectorizer import TfidfFeatures

_PENALTY = 3.0
_FOLD_COUNT = 5
# Fewer examples do not fix the thresholds.
_MIN_EXAMPLES = 15


class PriorityModel:
    """Predicts the priority of texts, learnt from examples.

    Attributes:
        levels: the priorities, lowest first.
    """

    def __init__(
        self,
        levels: Sequence[str],
        examples: Sequence[LabelledText],
        features: TfidfFeatures | None = None,
    ) -> None:
        self.levels = tuple(levels)
        usable = [example for example in examples if example.label in self.levels]
        self._weights: Any = None
        if len(usable) < _MIN_EXAMPLES:
            return
        texts = [example.text for example in usable]
        self._features = features or TfidfFeatures((), texts)
        vectors = self._features.vectors(texts)
        level_numbers = np.array([self.levels.index(example.label) for example in usable])
        ridge = _make_ridge().fit(vectors, level_numbers)
        self._weights, self._offset = ridge.coef_, float(ridge.intercept_)
        level_counts = np.bincount(level_numbers, minlength=len(self.levels))
        cumulative_shares = np.cumsum(level_counts)[:-1] / len(usable)
        predictions = _out_of_fold_predictions(vectors, level_numbers)
        self._thresholds = np.quantile(predictions, cumulative_shares)

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The place of each text on the scale; more urgent texts have larger numbers."""
        scores: NDArray[np.float64] = self._features.vectors(texts) @ self._weights + self._offset
        return scores

    def predict(self, texts: Sequence[str]) -> list[str] | None:
        """The level of each text, or None if there are too few examples."""
        if self._weights is None:
            return None
        numbers = np.searchsorted(self._thresholds, self.decision_function(texts), side="right")
        return [self.levels[number] for number in numbers]


def _make_ridge() -> Any:
    from sklearn.linear_model import Ridge  # noqa: PLC0415  # heavy

    return Ridge(alpha=_PENALTY, solver="sparse_cg", tol=1e-3)


def _out_of_fold_predictions(vectors: Any, level_numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """The place of each text on the scale, predicted by a model that was trained without it."""
    fold_numbers = np.random.default_rng(0).permutation(len(level_numbers)) % _FOLD_COUNT
    predictions = np.zeros(len(level_numbers))
    for fold in range(_FOLD_COUNT):
        in_fold = fold_numbers == fold
        ridge = _make_ridge().fit(vectors[~in_fold], level_numbers[~in_fold])
        predictions[in_fold] = ridge.predict(vectors[in_fold])
    return predictions
