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


class KeywordScorer:
    """Evidence by keywords: each counts more the fewer categories have it.

    Of a category that is only a name it says nothing: a name is no list of words to look for.
    """

    def __init__(self, categories: Sequence[Category]) -> None:
        self._label_count = len(categories)
        self._columns_by_term: dict[tuple[str, ...], list[tuple[int, float]]] = {}
        for column, category in enumerate(categories):
            if not category.keywords and not category.description:
                continue
            strong = {tuple(stems(term)) for term in (category.name, *category.keywords)}
            weak = {(one,) for term in strong for one in term}
            weak |= {(one,) for one in stems(category.description) if len(one) >= _MIN_TERM_LENGTH}
            for term in strong | weak:
                self._columns_by_term.setdefault(term, []).append(
                    (column, 1.0 if term in strong else 0.5)
                )
        self._max_term_words = max(map(len, self._columns_by_term), default=1)

    def scores(self, texts: Sequence[str]) -> Scores:
        """How much of each category's words stands in each text."""
        return np.array([self._score_text(text) for text in texts]).reshape(
            len(texts), self._label_count
        )

    def _score_text(self, text: str) -> Scores:
        found = stems(text)
        spans = Counter(
            tuple(found[start : start + length])
            for start in range(len(found))
            for length in range(1, self._max_term_words + 1)
        )
        row = np.zeros(self._label_count)
        for span in spans.keys() & self._columns_by_term.keys():
            owners = self._columns_by_term[span]
            rare = math.log(1 + self._label_count / len(owners)) * math.sqrt(len(span))
            for column, strength in owners:
                row[column] += strength * rare * (1 + math.log(spans[span]))
        return row / (1 + math.log(1 + len(found)))


class VocabularyCoverage:
    """How much of a text is known: the share of its telling words that stood in others."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._known_stems = frozenset(chain.from_iterable(map(_significant_stems, texts)))

    def shares(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The share for each text, between 0 and 1; of few words it is never quite either."""
        each = map(_significant_stems, texts)
        return np.array([(len(one & self._known_stems) + 0.5) / (len(one) + 1) for one in each])


def _significant_stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, significant_words(text.replace("_", " "))))


class NaiveBayesScorer:
    """What corrections teach: how often each word stands in texts of each label (naive Bayes).

    Of a few texts of each label it learns more than a machine that draws lines between them:
    https://papers.nips.cc/paper/2020-2001-on-discriminative-vs-generative-classifiers
    Of many it learns less, so then it says nothing.
    """

    def __init__(self, vectors: Any, columns: NDArray[np.int64], label_count: int) -> None:
        self._label_count = label_count
        self._weights: Any = None
        if label_count < len(columns) and not _has_many_texts_per_label(columns, label_count):
            from sklearn.naive_bayes import MultinomialNB  # noqa: PLC0415  # heavy

            before = _SMOOTHING_PER_TEXT * len(columns) / label_count
            often = MultinomialNB(alpha=before).fit(vectors, columns).feature_log_prob_
            self._weights = (often - often.mean(axis=0)).T.astype(np.float32)

    def scores(self, vectors: Any) -> Scores:
        """By how much a text's words are commoner with each label than with the others."""
        if self._weights is None:
            return np.zeros((vectors.shape[0], self._label_count))
        return np.asarray(vectors @ self._weights, dtype=np.float64)


class SvmScorer:
    """What corrections teach: a linear support vector machine for each label.

    Args:
        emphasis: by what each column of the vectors is multiplied.
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
        # Of labels with hardly a text each there is nothing to learn yet.
        if len(self._seen_columns) > 1 and 2 * len(self._seen_columns) <= len(columns):
            from scipy.sparse import diags_array  # noqa: PLC0415  # heavy
            from sklearn.svm import LinearSVC  # noqa: PLC0415  # heavy

            # With many texts of each label some are labelled wrong: not to be learnt by heart.
            # With few, those of the rare labels have to count as much as those of the common ones.
            many = _has_many_texts_per_label(columns, len(self._seen_columns))
            machine = LinearSVC(
                C=0.5 if many else 2.0,
                class_weight=None if many else "balanced",
                random_state=_SEED,
                tol=1e-2,
            ).fit(vectors @ diags_array(column_weights), columns)
            self._weights = (machine.coef_ * column_weights).T.astype(np.float32)
            self._offsets = machine.intercept_

    def scores(self, vectors: Any) -> Scores:
        """How far on each label's side a text is; a label that was never seen is far off."""
        scores = np.full((vectors.shape[0], self._label_count), -1.0)
        if self._weights is None:
            return scores
        found = vectors @ self._weights + self._offsets
        if len(self._seen_columns) == 2:  # noqa: PLR2004  # then there is one machine for both
            found = np.hstack([-found, found])
        scores[:, self._seen_columns] = found
        return scores


def _has_many_texts_per_label(columns: NDArray[np.int64], label_count: int) -> bool:
    return len(columns) >= _MIN_TEXTS_PER_LABEL * label_count


_MIN_TERM_LENGTH = 3


_MIN_TEXTS_PER_LABEL = 100


# As if each word had been seen so often more in texts of every label, for each such text there is.
_SMOOTHING_PER_TEXT = 0.00015


# Liblinear is deterministic for a seed, so that each worker learns the same.
_SEED = 7
