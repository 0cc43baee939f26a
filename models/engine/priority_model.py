"""Says how pressing a text is, from what was corrected: a nudge, never a verdict.

A ridge regression gives each text a place on the scale; levels are cut where as many texts lie
above as there were in the corrections. The likeliest level alone would nearly always be the common
one. https://scikit-learn.org/stable/modules/linear_model.html#ridge-regression-and-classification
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.engine.classifier import LabelledText
from models.engine.vectorizer import TfidfFeatures

_PENALTY = 3.0
_FOLD_COUNT = 5
# Of fewer there is nothing to cut.
_MIN_EXAMPLES = 15


class PriorityModel:
    """Puts texts on levels, the lowest first, as the examples were."""

    def __init__(
        self,
        levels: Sequence[str],
        examples: Sequence[LabelledText],
        features: TfidfFeatures | None = None,
    ) -> None:
        self.levels = tuple(levels)
        known = [example for example in examples if example.label in self.levels]
        self._weights: Any = None
        if len(known) < _MIN_EXAMPLES:
            return
        texts = [example.text for example in known]
        self._features = features or TfidfFeatures((), texts)
        vectors = self._features.vectors(texts)
        places = np.array([self.levels.index(example.label) for example in known])
        machine = _make_ridge().fit(vectors, places)
        self._weights, self._offset = machine.coef_, float(machine.intercept_)
        below = np.cumsum(np.bincount(places, minlength=len(self.levels)))[:-1] / len(known)
        self._thresholds = np.quantile(_out_of_fold_predictions(vectors, places), below)

    def decision_function(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """How pressing each text is."""
        found: NDArray[np.float64] = self._features.vectors(texts) @ self._weights + self._offset
        return found

    def predict(self, texts: Sequence[str]) -> list[str] | None:
        """The level of each text, or None where there were too few examples to say."""
        if self._weights is None:
            return None
        places = np.searchsorted(self._thresholds, self.decision_function(texts), side="right")
        return [self.levels[place] for place in places]


def _make_ridge() -> Any:
    from sklearn.linear_model import Ridge  # noqa: PLC0415  # heavy

    return Ridge(alpha=_PENALTY, solver="sparse_cg", tol=1e-3)


def _out_of_fold_predictions(vectors: Any, level_numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """The place of each text by what was learnt without it."""
    fold = np.random.default_rng(0).permutation(len(level_numbers)) % _FOLD_COUNT
    said = np.zeros(len(level_numbers))
    for held in range(_FOLD_COUNT):
        taught = _make_ridge().fit(vectors[fold != held], level_numbers[fold != held])
        said[fold == held] = taught.predict(vectors[fold == held])
    return said
