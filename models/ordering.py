"""Says how pressing a text is, from what was corrected: a nudge, never a verdict.

Levels are cut where as many texts lie above as there were in the corrections; the likeliest level
alone would nearly always be the common one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.classifier import Classifier, Example
from models.triage import Category


class Ordering:
    """Puts texts on levels, the lowest first, as the examples were."""

    def __init__(self, levels: Sequence[str], examples: Sequence[Example]) -> None:
        self.levels = tuple(levels)
        self._classifier = Classifier([Category(name=level) for level in levels], examples)
        had = [example.label for example in examples if example.label in self.levels]
        below = np.cumsum([had.count(level) for level in self.levels])[:-1] / max(1, len(had))
        foretold = self._pressing(self._classifier.foretold)
        self._cuts = np.quantile(foretold, below) if len(foretold) else np.array([])

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """How pressing each text is."""
        return self._pressing(self._classifier.likelihoods(texts))

    def told(self, texts: Sequence[str]) -> list[str] | None:
        """The level of each text, or None where there were too few examples to say."""
        if not len(self._cuts):
            return None
        places = np.searchsorted(self._cuts, self.scores(texts), side="right")
        return [self.levels[place] for place in places]

    def _pressing(self, likelihoods: NDArray[np.float64]) -> NDArray[np.float64]:
        return likelihoods @ np.arange(len(self.levels), dtype=np.float64)
