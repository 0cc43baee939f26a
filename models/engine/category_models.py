"""Scorers of categories: keywords, naive Bayes and a support vector machine."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.engine.vectorizer import Scores, stems
from models.triage.result import Category
from models.triage.similarity import significant_words
from models.triage.skills import stem

_MIN_TERM_LENGTH = 3
_MIN_TEXTS_PER_LABEL = 100
# Additive smoothing of word counts (alpha of naive Bayes), for each text that a label has.
_SMOOTHING_PER_TEXT = 0.00015
# Liblinear is deterministic for a seed, so all workers train the same model.
_SEED = 7


class KeywordScorer:
    """Scores each category by its keywords; a keyword of fewer categories weighs more.

    A category with neither keywords nor a description scores 0: a name alone is not a keyword list.
    """

    def __init__(self, categories: Sequence[Category]) -> None:
        self._label_count = len(categories)
        self._columns_by_term: dict[tuple[str, ...], list[tuple[int, float]]] = {}
        for column, category in enumerate(categories):
            if not category.keywords and not category.description:
                continue
            strong = {tuple(stems(term)) for term in (category.name, *category.keywords)}
            weak = {(word,) for term in strong for word in term}
            described = stems(category.description)
            weak |= {(word,) for word in described if len(word) >= _MIN_TERM_LENGTH}
            for term in strong | weak:
                self._columns_by_term.setdefault(term, []).append(
                    (column, 1.0 if term in strong else 0.5)
                )
        self._max_term_words = max(map(len, self._columns_by_term), default=1)

    def scores(self, texts: Sequence[str]) -> Scores:
        """A row for each text: how strongly it matches each category's keywords."""
        return np.array([self._score_text(text) for text in texts]).reshape(
            len(texts), self._label_count
        )

    def _score_text(self, text: str) -> Scores:
        text_stems = stems(text)
        spans = Counter(
            tuple(text_stems[start : start + length])
            for start in range(len(text_stems))
            for length in range(1, self._max_term_words + 1)
        )
        row = np.zeros(self._label_count)
        for span in spans.keys() & self._columns_by_term.keys():
            columns = self._columns_by_term[span]
            rarity = math.log(1 + self._label_count / len(columns)) * math.sqrt(len(span))
            for column, strength in columns:
                row[column] += strength * rarity * (1 + math.log(spans[span]))
        return row / (1 + math.log(1 + len(text_stems)))


class VocabularyCoverage:
    """Measures how many of a text's significant words occur in the known texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._known_stems = frozenset(chain.from_iterable(map(_significant_stems, texts)))

    def shares(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The share of known words for each text; smoothed, so always between 0 and 1."""
        stem_sets = map(_significant_stems, texts)
        return np.array(
            [(len(found & self._known_stems) + 0.5) / (len(found) + 1) for found in stem_sets]
        )


def _significant_stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, significant_words(text.replace("_", " "))))


class NaiveBayesScorer:
    """Scores labels by naive Bayes, trained on the categories' own texts and the judged texts.

    With few texts for each label it learns more than a discriminative model:
    https://papers.nips.cc/paper/2020-2001-on-discriminative-vs-generative-classifiers
    With many it learns less, so it then scores 0.
    """

    def __init__(self, vectors: Any, columns: NDArray[np.int64], label_count: int) -> None:
        self._label_count = label_count
        self._weights: Any = None
        if label_count < len(columns) and not _has_many_texts_per_label(columns, label_count):
            from sklearn.naive_bayes import MultinomialNB  # noqa: PLC0415  # heavy

            smoothing = _SMOOTHING_PER_TEXT * len(columns) / label_count
            log_shares = MultinomialNB(alpha=smoothing).fit(vectors, columns).feature_log_prob_
            self._weights = (log_shares - log_shares.mean(axis=0)).T.astype(np.float32)

    def scores(self, vectors: Any) -> Scores:
        """How much more common a text's words are in each label than in the average label."""
        if self._weights is None:
            return np.zeros((vectors.shape[0], self._label_count))
        return np.asarray(vectors @ self._weights, dtype=np.float64)


class SvmScorer:
    """Scores labels by a linear SVM, trained on the categories' own texts and the judged texts.

    Args:
        vectors: the texts, a row each.
        columns: the number of each text's label.
        label_count: how many labels there are.
        column_weights: factors for the columns of the vectors.
    """

    def __init__(
        self,
        vectors: Any,
        columns: NDArray[np.int64],
        label_count: int,
        *,
        column_weights: NDArray[np.float32],
    ) -> None:
        self._label_count = label_count
        self._seen_columns = np.unique(columns)
        self._weights: Any = None
        # With fewer than two texts for each label on average there is nothing to learn yet.
        if len(self._seen_columns) > 1 and 2 * len(self._seen_columns) <= len(columns):
            from scipy.sparse import diags_array  # noqa: PLC0415  # heavy
            from sklearn.svm import LinearSVC  # noqa: PLC0415  # heavy

            # Among many texts some have the wrong label: a smaller C keeps the model from
            # learning them by heart. Among few texts, balanced weights let the rare labels count
            # as much as the common ones.
            has_many = _has_many_texts_per_label(columns, len(self._seen_columns))
            model = LinearSVC(
                C=0.5 if has_many else 2.0,
                class_weight=None if has_many else "balanced",
                random_state=_SEED,
                tol=1e-2,
            ).fit(vectors @ diags_array(column_weights), columns)
            self._weights = (model.coef_ * column_weights).T.astype(np.float32)
            self._offsets = model.intercept_

    def scores(self, vectors: Any) -> Scores:
        """The distance of each text from each label's boundary; -1 for labels without texts."""
        scores = np.full((vectors.shape[0], self._label_count), -1.0)
        if self._weights is None:
            return scores
        distances = vectors @ self._weights + self._offsets
        if len(self._seen_columns) == 2:  # noqa: PLR2004  # LinearSVC has one column for two labels
            distances = np.hstack([-distances, distances])
        scores[:, self._seen_columns] = distances
        return scores


def _has_many_texts_per_label(columns: NDArray[np.int64], label_count: int) -> bool:
    return len(columns) >= _MIN_TEXTS_PER_LABEL * label_count
