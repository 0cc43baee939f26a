"""Says how likely each category is: several experts, each believed as much as it has earned.

Cold, the experts that need no corrections speak alone. With corrections, how much each counts is
chosen so that corrections which were held back would have been foretold best (stacking:
https://doi.org/10.1016/S0893-6080(05)80023-1); the same sets how sure the answers are (temperature:
https://arxiv.org/abs/1706.04599).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.experts import Counted, Familiar, Keywords, Learned, Reader, Scores, profile
from models.triage import Category

# The more corrections, the fewer folds are needed: from so many corrections on, so many folds.
_FOLDS = ((2000, 3), (500, 5), (0, 10))
# Keywords, likeness to the profile, likeness to what was corrected, the learned machine, how often
# each word stood with each category, and how common a category is: what they count before anything
# is known about how good they are.
_START = np.array([2.0, 12.0, 6.0, 0.5, 0.03, 0.3])
_PULL = 2.0
# Likeness goes by pieces of words mostly; who learns can make more of whole words.
_WORDS_LEARNT = 0.5
# Without corrections it is less often right than it seems, and less yet where it knows few words.
_COLD_SURENESS = np.array([0.4, 2.0, -1.3])
_FEWEST = 15


@dataclass(frozen=True, slots=True)
class Example:
    """A text, and the category that is right for it."""

    text: str
    label: str


class Classifier:
    """Tells a text's category; made of the desk's categories and of what was corrected.

    Attributes:
        labels: what it tells apart, as the columns are.
        trust: how much each expert counts.
        reader: makes vectors of texts.
    """

    def __init__(self, categories: Sequence[Category], examples: Sequence[Example]) -> None:
        self.labels = tuple(category.name for category in categories)
        place = {label: column for column, label in enumerate(self.labels)}
        known = [example for example in examples if example.label in place]
        texts = [example.text for example in known]
        self._columns = np.array([place[example.label] for example in known], dtype=np.int64)
        profiles = [profile(category) for category in categories]
        self._keywords = Keywords(categories)
        self.reader = Reader(profiles, texts)
        self._profiles = self.reader.vectors(profiles)
        self._texts = self.reader.vectors(texts) if texts else self._profiles[:0]
        # By column: a text has few of them, and only those are looked at.
        self._across = self._profiles.T.tocsr(), self._texts.T.tocsr()
        self.trust = _START
        self._sureness = _COLD_SURENESS
        self._familiar = Familiar([*profiles, *texts])
        if len(known) >= _FEWEST:
            fold = _folded(len(known))
            said, familiar = self._held_back(profiles, texts, fold)
            self.trust = _earned(said, self._columns)
            foretold = _foretold(said, self._columns, fold)
            hit = foretold.argmax(axis=1) == self._columns
            self._sureness = _calibrated(_signs(foretold, familiar), hit)
        everything = np.arange(len(known))
        self._told = self._taught(everything)

    def evidence(self, texts: Sequence[str]) -> Scores:
        """What speaks for each category, in sum."""
        return _weighed(self._opinions(texts, self.reader.vectors(texts), self._told), self.trust)

    def likelihoods(self, texts: Sequence[str]) -> Scores:
        """How likely each category is, for each text."""
        return _softmax(self.evidence(texts))

    def confidence(self, texts: Sequence[str], likelihoods: Scores) -> NDArray[np.float64]:
        """How often an answer like each of these was right, to a text of which as much is known."""
        return _certain(_signs(likelihoods, self._familiar.shares(texts)) @ self._sureness)

    def nearest(self, text: str, *, most: int) -> list[tuple[int, float]]:
        """The examples most like a text, and how much, by the place of their label being known."""
        likeness = (self.reader.vectors([text]) @ self._across[1]).toarray().ravel()
        return [(int(row), float(likeness[row])) for row in np.argsort(-likeness)[:most]]

    def _taught(self, rows: NDArray[np.int64]) -> "_Taught":
        emphasis = self.reader.emphasis(_WORDS_LEARNT)
        return _Taught(self._profiles, self._texts[rows], self._columns[rows], emphasis)

    def _opinions(self, texts: Sequence[str], vectors: Any, taught: "_Taught") -> NDArray[Any]:
        return np.stack(
            [
                self._keywords.scores(texts),
                (vectors @ self._across[0]).toarray(),
                *taught.opinions(vectors),
            ]
        )

    def _held_back(
        self, profiles: Sequence[str], texts: Sequence[str], fold: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """What the experts say of each example, and how familiar it is, without having seen it."""
        said = np.zeros((len(_START), len(texts), len(self.labels)))
        familiar = np.zeros(len(texts))
        for held in range(fold.max() + 1):
            rows = np.flatnonzero(fold == held)
            others = np.flatnonzero(fold != held)
            some = [texts[int(row)] for row in rows]
            vectors = self.reader.as_new(self._texts[rows], [self._profiles, self._texts[others]])
            said[:, rows] = self._opinions(some, vectors, self._taught(others))
            read = (texts[int(row)] for row in others)
            familiar[rows] = Familiar(chain(profiles, read)).shares(some)
        return said, familiar


class _Taught:
    """The experts that learn: centres of what was corrected, the machine, counts, the shares."""

    def __init__(
        self,
        profiles: Any,
        vectors: Any,
        columns: NDArray[np.int64],
        emphasis: NDArray[np.float32],
    ) -> None:
        from scipy.sparse import csr_matrix, vstack  # noqa: PLC0415  # heavy

        labels = profiles.shape[0]
        counts = np.bincount(columns, minlength=labels)
        member = csr_matrix(
            (np.ones(len(columns)), (columns, np.arange(len(columns)))), (labels, len(columns))
        )
        # A profile is as good as two tickets.
        centres = (member @ vectors + profiles * 2).tocsr()
        lengths = np.sqrt(np.asarray(centres.multiply(centres).sum(axis=1)).ravel())
        self._centres = centres.multiply(1 / np.maximum(lengths, 1e-9)[:, None]).T.tocsr()
        matter = vstack([profiles, vectors]).tocsr(), np.concatenate([np.arange(labels), columns])
        self._machine = Learned(*matter, labels, emphasis=emphasis)
        self._counted = Counted(*matter, labels)
        self._shares = np.log((counts + 1) / (counts.sum() + labels))

    def opinions(self, vectors: Any) -> list[Scores]:
        shares = np.broadcast_to(self._shares, (vectors.shape[0], len(self._shares)))
        near = (vectors @ self._centres).toarray()
        return [near, self._machine.scores(vectors), self._counted.scores(vectors), shares]


def _folded(examples: int) -> NDArray[np.int64]:
    """With which others each example is held back."""
    folds = next(folds for least, folds in _FOLDS if examples >= least)
    fold: NDArray[np.int64] = np.random.default_rng(0).permutation(examples) % folds
    return fold


def _foretold(said: NDArray[Any], right: NDArray[np.int64], fold: NDArray[np.int64]) -> Scores:
    """How likely each category was found, by trust that the example itself did not earn."""
    foretold = np.zeros(said.shape[1:])
    for held in range(fold.max() + 1):
        own = fold == held
        foretold[own] = _softmax(_weighed(said[:, own], _earned(said[:, ~own], right[~own])))
    return foretold


def _earned(said: NDArray[Any], right: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much each expert counts, so that what is right was found likeliest; never below 0."""
    from scipy.optimize import minimize  # noqa: PLC0415  # heavy

    rows = np.arange(len(right))
    here = said[:, rows, right]

    def surprise(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        trust = np.exp(logs)
        likely = _softmax(_weighed(said, trust))
        slope = (np.einsum("knc,nc->k", said, likely) - here.sum(axis=1)) * trust
        far = logs - np.log(_START)
        loss = -np.log(np.maximum(likely[rows, right], 1e-12)).sum()
        return float(loss + _PULL * far @ far / 2), slope + _PULL * far

    found = minimize(surprise, np.log(_START), jac=True, method="L-BFGS-B")
    earned: NDArray[np.float64] = np.exp(found.x)
    return earned


def _weighed(said: NDArray[Any], trust: NDArray[np.float64]) -> Scores:
    total: Scores = np.tensordot(trust, said, axes=1)
    return total


def _softmax(scores: Scores) -> Scores:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Scores = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _odds(likelihoods: Scores) -> NDArray[np.float64]:
    """The logarithm of the odds of what is likeliest."""
    top = np.clip(likelihoods.max(axis=1), 1e-6, 1 - 1e-6)
    odds: NDArray[np.float64] = np.log(top / (1 - top))
    return odds


def _certain(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return shares


def _signs(likelihoods: Scores, familiar: NDArray[np.float64]) -> NDArray[np.float64]:
    """What tells whether an answer is right: its odds, and how many of the words are known."""
    return np.stack([_odds(likelihoods), familiar, np.ones(len(familiar))], axis=1)


def _calibrated(signs: NDArray[np.float64], hit: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What each sign counts, for how often what is likeliest is right (Platt)."""
    from scipy.optimize import minimize  # noqa: PLC0415  # heavy

    usual = np.array([1.0, 1.0, 0.0])

    def surprise(line: NDArray[np.float64]) -> float:
        signed = np.where(hit, 1, -1) * (signs @ line)
        far = (line - usual)[:2]
        return float(np.logaddexp(0, -signed).sum() + far @ far)

    found = minimize(
        surprise, usual, method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)]
    )
    line: NDArray[np.float64] = found.x
    return line
