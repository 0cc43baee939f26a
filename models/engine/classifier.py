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

from models.engine.category_models import (
    KeywordScorer,
    NaiveBayesScorer,
    SvmScorer,
    VocabularyCoverage,
)
from models.engine.vectorizer import Scores, TfidfFeatures, category_text
from models.triage.result import Category

# The more corrections, the fewer folds are needed: from so many corrections on, so many folds.
_FOLDS_BY_EXAMPLE_COUNT = ((2000, 3), (500, 5), (0, 10))
# Keywords, likeness to the profile, likeness to what was corrected, the learned machine, how often
# each word stood with each category, and how common a category is: what they count before anything
# is known about how good they are.
_INITIAL_WEIGHTS = np.array([2.0, 12.0, 6.0, 0.5, 0.03, 0.3])
_PRIOR_STRENGTH = 2.0
# Likeness goes by pieces of words mostly; who learns can make more of whole words.
_TRAINED_WORD_SHARE = 0.5
# Without corrections it is less often right than it seems, and less yet where it knows few words.
_UNTRAINED_CALIBRATION = np.array([0.4, 2.0, -1.3])
_MIN_EXAMPLES = 15


@dataclass(frozen=True, slots=True)
class LabelledText:
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

    def __init__(self, categories: Sequence[Category], examples: Sequence[LabelledText]) -> None:
        self.labels = tuple(category.name for category in categories)
        place = {label: column for column, label in enumerate(self.labels)}
        known = [example for example in examples if example.label in place]
        texts = [example.text for example in known]
        self._label_columns = np.array([place[example.label] for example in known], dtype=np.int64)
        profiles = [category_text(category) for category in categories]
        self._keyword_scorer = KeywordScorer(categories)
        self.features = TfidfFeatures(profiles, texts)
        self._category_vectors = self.features.vectors(profiles)
        self._example_vectors = (
            self.features.vectors(texts) if texts else self._category_vectors[:0]
        )
        # By column: a text has few of them, and only those are looked at.
        self._transposed_vectors = self._category_vectors.T.tocsr(), self._example_vectors.T.tocsr()
        self.expert_weights = _INITIAL_WEIGHTS
        self._calibration = _UNTRAINED_CALIBRATION
        self._vocabulary_coverage = VocabularyCoverage([*profiles, *texts])
        if len(known) >= _MIN_EXAMPLES:
            fold = _assign_folds(len(known))
            said, familiar = self._cross_validate(profiles, texts, fold)
            self.expert_weights = _fit_stacking(said, self._label_columns)
            foretold = _out_of_fold_probabilities(said, self._label_columns, fold)
            hit = foretold.argmax(axis=1) == self._label_columns
            self._calibration = _fit_calibration(_calibration_features(foretold, familiar), hit)
        everything = np.arange(len(known))
        self._trained_experts = self._train_experts(everything)

    def decision_scores(self, texts: Sequence[str]) -> Scores:
        """What speaks for each category, in sum."""
        return _weighted_sum(
            self._expert_scores(texts, self.features.vectors(texts), self._trained_experts),
            self.expert_weights,
        )

    def probabilities(self, texts: Sequence[str]) -> Scores:
        """How likely each category is, for each text."""
        return _softmax(self.decision_scores(texts))

    def confidence(self, texts: Sequence[str], probabilities: Scores) -> NDArray[np.float64]:
        """How often an answer like each of these was right, to a text of which as much is known."""
        return _sigmoid(
            _calibration_features(probabilities, self._vocabulary_coverage.shares(texts))
            @ self._calibration
        )

    def nearest_examples(self, text: str, *, limit: int) -> list[tuple[int, float]]:
        """The examples most like a text, and how much, by the place of their label being known."""
        likeness = (self.features.vectors([text]) @ self._transposed_vectors[1]).toarray().ravel()
        return [(int(row), float(likeness[row])) for row in np.argsort(-likeness)[:limit]]

    def _train_experts(self, rows: NDArray[np.int64]) -> "_TrainedExperts":
        emphasis = self.features.column_weights(_TRAINED_WORD_SHARE)
        return _TrainedExperts(
            self._category_vectors, self._example_vectors[rows], self._label_columns[rows], emphasis
        )

    def _expert_scores(
        self, texts: Sequence[str], vectors: Any, trained_experts: "_TrainedExperts"
    ) -> NDArray[Any]:
        return np.stack(
            [
                self._keyword_scorer.scores(texts),
                (vectors @ self._transposed_vectors[0]).toarray(),
                *trained_experts.scores_by_expert(vectors),
            ]
        )

    def _cross_validate(
        self, category_texts: Sequence[str], texts: Sequence[str], fold_numbers: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """What the experts say of each example, and how familiar it is, without having seen it."""
        said = np.zeros((len(_INITIAL_WEIGHTS), len(texts), len(self.labels)))
        familiar = np.zeros(len(texts))
        for held in range(fold_numbers.max() + 1):
            rows = np.flatnonzero(fold_numbers == held)
            others = np.flatnonzero(fold_numbers != held)
            some = [texts[int(row)] for row in rows]
            vectors = self.features.masked(
                self._example_vectors[rows], [self._category_vectors, self._example_vectors[others]]
            )
            said[:, rows] = self._expert_scores(some, vectors, self._train_experts(others))
            read = (texts[int(row)] for row in others)
            familiar[rows] = VocabularyCoverage(chain(category_texts, read)).shares(some)
        return said, familiar


class _TrainedExperts:
    """The experts that learn: centres of what was corrected, the machine, counts, the shares."""

    def __init__(
        self,
        category_vectors: Any,
        example_vectors: Any,
        columns: NDArray[np.int64],
        column_weights: NDArray[np.float32],
    ) -> None:
        from scipy.sparse import csr_matrix, vstack  # noqa: PLC0415  # heavy

        labels = category_vectors.shape[0]
        counts = np.bincount(columns, minlength=labels)
        member = csr_matrix(
            (np.ones(len(columns)), (columns, np.arange(len(columns)))), (labels, len(columns))
        )
        # A profile is as good as two tickets.
        centres = (member @ example_vectors + category_vectors * 2).tocsr()
        lengths = np.sqrt(np.asarray(centres.multiply(centres).sum(axis=1)).ravel())
        self._centroids = centres.multiply(1 / np.maximum(lengths, 1e-9)[:, None]).T.tocsr()
        matter = (
            vstack([category_vectors, example_vectors]).tocsr(),
            np.concatenate([np.arange(labels), columns]),
        )
        self._svm_scorer = SvmScorer(*matter, labels, column_weights=column_weights)
        self._naive_bayes_scorer = NaiveBayesScorer(*matter, labels)
        self._log_priors = np.log((counts + 1) / (counts.sum() + labels))

    def scores_by_expert(self, vectors: Any) -> list[Scores]:
        shares = np.broadcast_to(self._log_priors, (vectors.shape[0], len(self._log_priors)))
        near = (vectors @ self._centroids).toarray()
        return [
            near,
            self._svm_scorer.scores(vectors),
            self._naive_bayes_scorer.scores(vectors),
            shares,
        ]


def _assign_folds(example_count: int) -> NDArray[np.int64]:
    """With which others each example is held back."""
    folds = next(folds for least, folds in _FOLDS_BY_EXAMPLE_COUNT if example_count >= least)
    fold: NDArray[np.int64] = np.random.default_rng(0).permutation(example_count) % folds
    return fold


def _out_of_fold_probabilities(
    expert_scores: NDArray[Any], correct_columns: NDArray[np.int64], fold_numbers: NDArray[np.int64]
) -> Scores:
    """How likely each category was found, by trust that the example itself did not earn."""
    foretold = np.zeros(expert_scores.shape[1:])
    for held in range(fold_numbers.max() + 1):
        own = fold_numbers == held
        foretold[own] = _softmax(
            _weighted_sum(
                expert_scores[:, own], _fit_stacking(expert_scores[:, ~own], correct_columns[~own])
            )
        )
    return foretold


def _fit_stacking(
    expert_scores: NDArray[Any], correct_columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """How much each expert counts, so that what is right was found likeliest; never below 0."""
    from scipy.optimize import minimize  # noqa: PLC0415  # heavy

    rows = np.arange(len(correct_columns))
    here = expert_scores[:, rows, correct_columns]

    def surprise(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        trust = np.exp(logs)
        likely = _softmax(_weighted_sum(expert_scores, trust))
        slope = (np.einsum("knc,nc->k", expert_scores, likely) - here.sum(axis=1)) * trust
        far = logs - np.log(_INITIAL_WEIGHTS)
        loss = -np.log(np.maximum(likely[rows, correct_columns], 1e-12)).sum()
        return float(loss + _PRIOR_STRENGTH * far @ far / 2), slope + _PRIOR_STRENGTH * far

    found = minimize(surprise, np.log(_INITIAL_WEIGHTS), jac=True, method="L-BFGS-B")
    earned: NDArray[np.float64] = np.exp(found.x)
    return earned


def _weighted_sum(expert_scores: NDArray[Any], expert_weights: NDArray[np.float64]) -> Scores:
    total: Scores = np.tensordot(expert_weights, expert_scores, axes=1)
    return total


def _softmax(scores: Scores) -> Scores:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Scores = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _top_log_odds(probabilities: Scores) -> NDArray[np.float64]:
    """The logarithm of the odds of what is likeliest."""
    top = np.clip(probabilities.max(axis=1), 1e-6, 1 - 1e-6)
    odds: NDArray[np.float64] = np.log(top / (1 - top))
    return odds


def _sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
    return shares


def _calibration_features(
    probabilities: Scores, coverage: NDArray[np.float64]
) -> NDArray[np.float64]:
    """What tells whether an answer is right: its odds, and how many of the words are known."""
    return np.stack([_top_log_odds(probabilities), coverage, np.ones(len(coverage))], axis=1)


def _fit_calibration(
    features: NDArray[np.float64], is_correct: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """What each sign counts, for how often what is likeliest is right (Platt)."""
    from scipy.optimize import minimize  # noqa: PLC0415  # heavy

    usual = np.array([1.0, 1.0, 0.0])

    def surprise(line: NDArray[np.float64]) -> float:
        signed = np.where(is_correct, 1, -1) * (features @ line)
        far = (line - usual)[:2]
        return float(np.logaddexp(0, -signed).sum() + far @ far)

    found = minimize(
        surprise, usual, method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)]
    )
    line: NDArray[np.float64] = found.x
    return line
