"""Text classifier: probabilities of the categories, from a weighted sum of several experts.

Without training examples only the experts that need none have an effect. With examples, weights
are fitted to out-of-fold scores (stacking: https://doi.org/10.1016/S0893-6080(05)80023-1).
The confidence of the answers is calibrated on the same scores (https://arxiv.org/abs/1706.04599).
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

# (minimum number of examples, folds): with more examples, fewer folds are enough.
_FOLDS_BY_EXAMPLE_COUNT = ((2000, 3), (500, 5), (0, 10))
# The weights of the experts before any example is known, in the order of `_expert_scores`:
# keywords, similarity to the category's own text, similarity to its centroid, SVM, naive Bayes,
# frequency.
_INITIAL_WEIGHTS = np.array([2.0, 12.0, 6.0, 0.5, 0.03, 0.3])
_PRIOR_STRENGTH = 2.0
# Similarity relies mostly on character n-grams; a trained model gains more from whole words.
_TRAINED_WORD_SHARE = 0.5
# Without examples the classifier is right less often than its probabilities say. If it knows few of
# the text's words, it is right even less often.
_UNTRAINED_CALIBRATION = np.array([0.4, 2.0, -1.3])
_MIN_EXAMPLES = 15


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text and its correct label."""

    text: str
    label: str


class Classifier:
    """Predicts the category of a text, from the taxonomy and from the examples.

    Attributes:
        labels: the categories, in the order of the columns.
        expert_weights: the weight of each expert.
        features: turns texts into vectors.
    """

    def __init__(self, categories: Sequence[Category], examples: Sequence[LabelledText]) -> None:
        self.labels = tuple(category.name for category in categories)
        columns = {label: column for column, label in enumerate(self.labels)}
        usable = [example for example in examples if example.label in columns]
        texts = [example.text for example in usable]
        self._label_columns = np.array(
            [columns[example.label] for example in usable], dtype=np.int64
        )
        profiles = [category_text(category) for category in categories]
        self._keyword_scorer = KeywordScorer(categories)
        self.features = TfidfFeatures(profiles, texts)
        self._category_vectors = self.features.vectors(profiles)
        self._example_vectors = (
            self.features.vectors(texts) if texts else self._category_vectors[:0]
        )
        # Transposed, so that a product visits only the few columns that a text has.
        self._transposed_vectors = self._category_vectors.T.tocsr(), self._example_vectors.T.tocsr()
        self.expert_weights = _INITIAL_WEIGHTS
        self._calibration = _UNTRAINED_CALIBRATION
        self._vocabulary_coverage = VocabularyCoverage([*profiles, *texts])
        if len(usable) >= _MIN_EXAMPLES:
            folds = _assign_folds(len(usable))
            scores, coverage = self._cross_validate(profiles, texts, folds)
            self.expert_weights = _fit_stacking(scores, self._label_columns)
            predicted = _out_of_fold_probabilities(scores, self._label_columns, folds)
            is_correct = predicted.argmax(axis=1) == self._label_columns
            features = _calibration_features(predicted, coverage)
            self._calibration = _fit_calibration(features, is_correct)
        all_rows = np.arange(len(usable))
        self._trained_experts = self._train_experts(all_rows)

    def decision_scores(self, texts: Sequence[str]) -> Scores:
        """The weighted sum of the experts' scores: a row for each text, a column for each label."""
        return _weighted_sum(
            self._expert_scores(texts, self.features.vectors(texts), self._trained_experts),
            self.expert_weights,
        )

    def probabilities(self, texts: Sequence[str]) -> Scores:
        """The probability of each category, a row for each text."""
        return _softmax(self.decision_scores(texts))

    def confidence(self, texts: Sequence[str], probabilities: Scores) -> NDArray[np.float64]:
        """The calibrated probability that each prediction is correct.

        It depends on the probability of the top category and on the share of known words.
        """
        return _sigmoid(
            _calibration_features(probabilities, self._vocabulary_coverage.shares(texts))
            @ self._calibration
        )

    def nearest_examples(self, text: str, *, limit: int) -> list[tuple[int, float]]:
        """Positions and cosine similarities of the examples most like a text, most similar first.

        Positions count only the examples whose label is one of `labels`.
        """
        similarity = (self.features.vectors([text]) @ self._transposed_vectors[1]).toarray().ravel()
        return [(int(row), float(similarity[row])) for row in np.argsort(-similarity)[:limit]]

    def _train_experts(self, rows: NDArray[np.int64]) -> "_TrainedExperts":
        return _TrainedExperts(
            self._category_vectors,
            self._example_vectors[rows],
            self._label_columns[rows],
            self.features.column_weights(_TRAINED_WORD_SHARE),
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
        """Out-of-fold scores of the experts and vocabulary coverage, for each example."""
        scores = np.zeros((len(_INITIAL_WEIGHTS), len(texts), len(self.labels)))
        coverage = np.zeros(len(texts))
        for fold in range(fold_numbers.max() + 1):
            test_rows = np.flatnonzero(fold_numbers == fold)
            train_rows = np.flatnonzero(fold_numbers != fold)
            test_texts = [texts[int(row)] for row in test_rows]
            vectors = self.features.masked(
                self._example_vectors[test_rows],
                [self._category_vectors, self._example_vectors[train_rows]],
            )
            scores[:, test_rows] = self._expert_scores(
                test_texts, vectors, self._train_experts(train_rows)
            )
            train_texts = (texts[int(row)] for row in train_rows)
            vocabulary = VocabularyCoverage(chain(category_texts, train_texts))
            coverage[test_rows] = vocabulary.shares(test_texts)
        return scores, coverage


class _TrainedExperts:
    """The experts that learn from examples: centroids, SVM, naive Bayes, category frequencies."""

    def __init__(
        self,
        category_vectors: Any,
        example_vectors: Any,
        columns: NDArray[np.int64],
        column_weights: NDArray[np.float32],
    ) -> None:
        from scipy.sparse import csr_matrix, vstack  # noqa: PLC0415  # heavy

        label_count = category_vectors.shape[0]
        counts = np.bincount(columns, minlength=label_count)
        is_in_category = csr_matrix(
            (np.ones(len(columns)), (columns, np.arange(len(columns)))), (label_count, len(columns))
        )
        # The category's own text weighs as much as two examples.
        sums = (is_in_category @ example_vectors + category_vectors * 2).tocsr()
        lengths = np.sqrt(np.asarray(sums.multiply(sums).sum(axis=1)).ravel())
        self._centroids = sums.multiply(1 / np.maximum(lengths, 1e-9)[:, None]).T.tocsr()
        training_data = (
            vstack([category_vectors, example_vectors]).tocsr(),
            np.concatenate([np.arange(label_count), columns]),
        )
        self._svm_scorer = SvmScorer(*training_data, label_count, column_weights=column_weights)
        self._naive_bayes_scorer = NaiveBayesScorer(*training_data, label_count)
        self._log_priors = np.log((counts + 1) / (counts.sum() + label_count))

    def scores_by_expert(self, vectors: Any) -> list[Scores]:
        return [
            (vectors @ self._centroids).toarray(),
            self._svm_scorer.scores(vectors),
            self._naive_bayes_scorer.scores(vectors),
            np.broadcast_to(self._log_priors, (vectors.shape[0], len(self._log_priors))),
        ]


def _assign_folds(example_count: int) -> NDArray[np.int64]:
    """The number of each example's fold."""
    folds = next(folds for least, folds in _FOLDS_BY_EXAMPLE_COUNT if example_count >= least)
    numbers: NDArray[np.int64] = np.random.default_rng(0).permutation(example_count) % folds
    return numbers


def _out_of_fold_probabilities(
    expert_scores: NDArray[Any], correct_columns: NDArray[np.int64], fold_numbers: NDArray[np.int64]
) -> Scores:
    """Probabilities of the categories, with weights fitted without the example's own fold."""
    probabilities = np.zeros(expert_scores.shape[1:])
    for fold in range(fold_numbers.max() + 1):
        in_fold = fold_numbers == fold
        weights = _fit_stacking(expert_scores[:, ~in_fold], correct_columns[~in_fold])
        probabilities[in_fold] = _softmax(_weighted_sum(expert_scores[:, in_fold], weights))
    return probabilities


def _fit_stacking(
    expert_scores: NDArray[Any], correct_columns: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Positive weights of the experts that make the correct categories most probable."""
    from scipy.optimize import minimize  # noqa: PLC0415  # heavy

    rows = np.arange(len(correct_columns))
    correct_scores = expert_scores[:, rows, correct_columns]

    def compute_loss(log_weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = np.exp(log_weights)
        probabilities = _softmax(_weighted_sum(expert_scores, weights))
        expected_scores = np.einsum("knc,nc->k", expert_scores, probabilities)
        gradient = (expected_scores - correct_scores.sum(axis=1)) * weights
        distance = log_weights - np.log(_INITIAL_WEIGHTS)
        loss = -np.log(np.maximum(probabilities[rows, correct_columns], 1e-12)).sum()
        return (
            float(loss + _PRIOR_STRENGTH * distance @ distance / 2),
            gradient + _PRIOR_STRENGTH * distance,
        )

    result = minimize(compute_loss, np.log(_INITIAL_WEIGHTS), jac=True, method="L-BFGS-B")
    fitted: NDArray[np.float64] = np.exp(result.x)
    return fitted


def _weighted_sum(expert_scores: NDArray[Any], expert_weights: NDArray[np.float64]) -> Scores:
    total: Scores = np.tensordot(expert_weights, expert_scores, axes=1)
    return total


def _softmax(scores: Scores) -> Scores:
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities: Scores = exponentials / exponentials.sum(axis=1, keepdims=True)
    return probabilities


def _top_log_odds(probabilities: Scores) -> NDArray[np.float64]:
    """The log odds of the most probable category."""
    top = np.clip(probabilities.max(axis=1), 1e-6, 1 - 1e-6)
    odds: NDArray[np.float64] = np.log(top / (1 - top))
    return odds


def _sigmoid(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
    return probabilities


def _calibration_features(
    probabilities: Scores, coverage: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The inputs of the calibration: log odds of the top category, known words, a constant."""
    return np.stack([_top_log_odds(probabilities), coverage, np.ones(len(coverage))], axis=1)


def _fit_calibration(
    features: NDArray[np.float64], is_correct: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Coefficients of the probability that the top category is correct (Platt scaling)."""
    from scipy.optimize import minimize  # noqa: PLC0415  # heavy

    initial = np.array([1.0, 1.0, 0.0])

    def compute_loss(coefficients: NDArray[np.float64]) -> float:
        margins = np.where(is_correct, 1, -1) * (features @ coefficients)
        distance = (coefficients - initial)[:2]
        return float(np.logaddexp(0, -margins).sum() + distance @ distance)

    result = minimize(
        compute_loss, initial, method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)]
    )
    fitted: NDArray[np.float64] = result.x
    return fitted
