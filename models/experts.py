"""What speaks for a category: words found, likeness to its profile, and what was corrected before.

The words and pieces of words are weighed by TF-IDF, and a linear support vector machine learns
from the corrections: on short texts still among the best there is, and light.
https://scikit-learn.org/stable/modules/feature_extraction.html#text-feature-extraction
https://www.csie.ntu.edu.tw/~cjlin/papers/liblinear.pdf
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.similar import telling
from models.skill import stem, words
from models.triage import Category

Scores = NDArray[np.float64]
"""A row for each text, a column for each label."""

_MOST_FEATURES = 30_000
_SHORTEST_TERM = 3
_MANY = 1000
_MANY_EACH = 100
_OF_LITTLE_WORDS = 0.2
# As if each word had been seen so often more in texts of every label, for each such text there is.
_SEEN_BEFORE = 0.00015
_WORDS_SHARE = 0.15
# Liblinear is deterministic for a seed, so that each worker learns the same.
_SEED = 7


def stems(text: str) -> list[str]:
    """The stems of a text, in order; an underscore separates words."""
    return [stem(word) for word in words(text.replace("_", " "))]


def profile(category: Category) -> str:
    """All that an admin has said of a category, its name twice where there is more than a name."""
    name = category.name.replace("_", " ")
    more = (name, category.description, *category.keywords)
    return " ".join((name, *more) if any(more[1:]) else (name,))


class Keywords:
    """Evidence by keywords: each counts more the fewer categories have it.

    Of a category that is only a name it says nothing: a name is no list of words to look for.
    """

    def __init__(self, categories: Sequence[Category]) -> None:
        self._labels = len(categories)
        self._known: dict[tuple[str, ...], list[tuple[int, float]]] = {}
        for column, category in enumerate(categories):
            if not category.keywords and not category.description:
                continue
            strong = {tuple(stems(term)) for term in (category.name, *category.keywords)}
            weak = {(one,) for term in strong for one in term}
            weak |= {(one,) for one in stems(category.description) if len(one) >= _SHORTEST_TERM}
            for term in strong | weak:
                self._known.setdefault(term, []).append((column, 1.0 if term in strong else 0.5))
        self._longest = max(map(len, self._known), default=1)

    def scores(self, texts: Sequence[str]) -> Scores:
        """How much of each category's words stands in each text."""
        return np.array([self._of(text) for text in texts]).reshape(len(texts), self._labels)

    def _of(self, text: str) -> Scores:
        found = stems(text)
        spans = Counter(
            tuple(found[start : start + length])
            for start in range(len(found))
            for length in range(1, self._longest + 1)
        )
        row = np.zeros(self._labels)
        for span in spans.keys() & self._known.keys():
            owners = self._known[span]
            rare = math.log(1 + self._labels / len(owners)) * math.sqrt(len(span))
            for column, strength in owners:
                row[column] += strength * rare * (1 + math.log(spans[span]))
        return row / (1 + math.log(1 + len(found)))


class Familiar:
    """How much of a text is known: the share of its telling words that stood in others."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._known = frozenset(chain.from_iterable(map(_telling_stems, texts)))

    def shares(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """The share for each text, between 0 and 1; of few words it is never quite either."""
        each = map(_telling_stems, texts)
        return np.array([(len(one & self._known) + 0.5) / (len(one) + 1) for one in each])


def _telling_stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, telling(text.replace("_", " "))))


class Reader:
    """Texts as vectors: words and pairs of words, and pieces of words; length one."""

    def __init__(
        self,
        profiles: Sequence[str],
        texts: Sequence[str] = (),
        *,
        words_share: float = _WORDS_SHARE,
    ) -> None:
        from sklearn.feature_extraction.text import (  # noqa: PLC0415  # heavy
            ENGLISH_STOP_WORDS,
            TfidfVectorizer,
        )

        self._share = words_share
        known = [*profiles, *texts]
        least = 2 if len(known) > _MANY else 1
        common = {"sublinear_tf": True, "min_df": least, "max_features": _MOST_FEATURES}
        self._words = TfidfVectorizer(
            ngram_range=(1, 2), tokenizer=stems, token_pattern=None, **common
        )
        self._pieces = TfidfVectorizer(
            ngram_range=(2, 4), analyzer="char_wb", preprocessor=_only_words, **common
        )
        # How rare something is in what people write, a few profiles tell only by half.
        told = 1 - len(profiles) / (2 * max(len(known), 1))
        for reader in (self._words, self._pieces):
            # So that there is a word even where no text has one.
            reader.fit([*known, "other", "other"])
            reader.idf_ = reader.idf_**told
        empty = {stem(word) for word in ENGLISH_STOP_WORDS}
        # Categories are too few to tell from them alone that "the" says nothing.
        weight = [
            _OF_LITTLE_WORDS if empty.issuperset(term.split()) else 1.0
            for term in self._words.get_feature_names_out()
        ]
        self._words.idf_ = self._words.idf_ * np.array(weight)

    def vectors(self, texts: Sequence[str]) -> Any:
        """A sparse row of length one for each text (or none, where nothing in it is known)."""
        from scipy.sparse import hstack  # noqa: PLC0415  # heavy

        halves = (
            self._words.transform(texts) * math.sqrt(self._share),
            self._pieces.transform(texts) * math.sqrt(1 - self._share),
        )
        return hstack(halves).tocsr().astype(np.float32)

    def as_new(self, vectors: Any, read: Sequence[Any]) -> Any:
        """The vectors as they would be of texts never seen before.

        What stands in none of those that were read is unknown: it is nowhere and has no length.
        """
        from scipy.sparse import diags_array, hstack  # noqa: PLC0415  # heavy

        places = np.concatenate([some.indices for some in read])
        known = np.bincount(places, minlength=vectors.shape[1]) > 0
        kept = (vectors @ diags_array(known.astype(np.float32))).tocsc()
        border = len(self._words.vocabulary_)
        halves = zip(
            (kept[:, :border], kept[:, border:]), (self._share, 1 - self._share), strict=True
        )
        return hstack([_of_length(half, math.sqrt(share)) for half, share in halves]).tocsr()

    def emphasis(self, words_share: float) -> NDArray[np.float32]:
        """By what to multiply each column for words to count as if they had this share."""
        words = math.sqrt(words_share / self._share)
        pieces = math.sqrt((1 - words_share) / (1 - self._share))
        counts = [len(half.vocabulary_) for half in (self._words, self._pieces)]
        return np.repeat([words, pieces], counts).astype(np.float32)


def _of_length(vectors: Any, length: float) -> Any:
    from scipy.sparse import diags_array  # noqa: PLC0415  # heavy

    had = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return diags_array((length / np.maximum(had, 1e-9)).astype(np.float32)) @ vectors


def _only_words(text: str) -> str:
    return " ".join(words(text.replace("_", " ")))


class Counted:
    """What corrections teach: how often each word stands in texts of each label (naive Bayes).

    Of a few texts of each label it learns more than a machine that draws lines between them:
    https://papers.nips.cc/paper/2020-2001-on-discriminative-vs-generative-classifiers
    Of many it learns less, so then it says nothing.
    """

    def __init__(self, vectors: Any, columns: NDArray[np.int64], labels: int) -> None:
        self._labels = labels
        self._weights: Any = None
        if labels < len(columns) and not _many_each(columns, labels):
            from sklearn.naive_bayes import MultinomialNB  # noqa: PLC0415  # heavy

            before = _SEEN_BEFORE * len(columns) / labels
            often = MultinomialNB(alpha=before).fit(vectors, columns).feature_log_prob_
            self._weights = (often - often.mean(axis=0)).T.astype(np.float32)

    def scores(self, vectors: Any) -> Scores:
        """By how much a text's words are commoner with each label than with the others."""
        if self._weights is None:
            return np.zeros((vectors.shape[0], self._labels))
        return np.asarray(vectors @ self._weights, dtype=np.float64)


class Learned:
    """What corrections teach: a linear support vector machine for each label.

    Args:
        emphasis: by what each column of the vectors is multiplied.
    """

    def __init__(
        self,
        vectors: Any,
        columns: NDArray[np.int64],
        labels: int,
        *,
        emphasis: NDArray[np.float32],
    ) -> None:
        self._labels = labels
        self._seen = np.unique(columns)
        self._weights: Any = None
        # Of labels with hardly a text each there is nothing to learn yet.
        if len(self._seen) > 1 and 2 * len(self._seen) <= len(columns):
            from scipy.sparse import diags_array  # noqa: PLC0415  # heavy
            from sklearn.svm import LinearSVC  # noqa: PLC0415  # heavy

            # With many texts of each label some are labelled wrong: not to be learnt by heart.
            # With few, those of the rare labels have to count as much as those of the common ones.
            many = _many_each(columns, len(self._seen))
            machine = LinearSVC(
                C=0.5 if many else 2.0,
                class_weight=None if many else "balanced",
                random_state=_SEED,
                tol=1e-2,
            ).fit(vectors @ diags_array(emphasis), columns)
            self._weights = (machine.coef_ * emphasis).T.astype(np.float32)
            self._offsets = machine.intercept_

    def scores(self, vectors: Any) -> Scores:
        """How far on each label's side a text is; a label that was never seen is far off."""
        scores = np.full((vectors.shape[0], self._labels), -1.0)
        if self._weights is None:
            return scores
        found = vectors @ self._weights + self._offsets
        if len(self._seen) == 2:  # noqa: PLR2004  # then there is one machine for both
            found = np.hstack([-found, found])
        scores[:, self._seen] = found
        return scores


def _many_each(columns: NDArray[np.int64], labels: int) -> bool:
    return len(columns) >= _MANY_EACH * labels
