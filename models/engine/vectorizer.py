"""What speaks for a category: words found, likeness to its profile, and what was corrected before.

The words and pieces of words are weighed by TF-IDF, and a linear support vector machine learns
from the corrections: on short texts still among the best there is, and light.
https://scikit-learn.org/stable/modules/feature_extraction.html#text-feature-extraction
https://www.csie.ntu.edu.tw/~cjlin/papers/liblinear.pdf
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.triage.result import Category
from models.triage.skills import stem, words

Scores = NDArray[np.float64]
"""A row for each text, a column for each label."""

_MAX_FEATURES = 30_000
_MIN_TEXTS_TO_DROP_RARE_TERMS = 1000
_STOP_WORD_WEIGHT = 0.2
_WORD_SHARE = 0.15


def stems(text: str) -> list[str]:
    """The stems of a text, in order; an underscore separates words."""
    return [stem(word) for word in words(text.replace("_", " "))]


def category_text(category: Category) -> str:
    """All that an admin has said of a category, its name twice where there is more than a name."""
    name = category.name.replace("_", " ")
    more = (name, category.description, *category.keywords)
    return " ".join((name, *more) if any(more[1:]) else (name,))


class TfidfFeatures:
    """Texts as vectors: words and pairs of words, and pieces of words; length one."""

    def __init__(
        self,
        category_texts: Sequence[str],
        texts: Sequence[str] = (),
        *,
        word_share: float = _WORD_SHARE,
    ) -> None:
        from sklearn.feature_extraction.text import (  # noqa: PLC0415  # heavy
            ENGLISH_STOP_WORDS,
            TfidfVectorizer,
        )

        self._word_share = word_share
        known = [*category_texts, *texts]
        least = 2 if len(known) > _MIN_TEXTS_TO_DROP_RARE_TERMS else 1
        common = {"sublinear_tf": True, "min_df": least, "max_features": _MAX_FEATURES}
        self._word_vectorizer = TfidfVectorizer(
            ngram_range=(1, 2), tokenizer=stems, token_pattern=None, **common
        )
        self._ngram_vectorizer = TfidfVectorizer(
            ngram_range=(2, 4), analyzer="char_wb", preprocessor=_join_words, **common
        )
        # How rare something is in what people write, a few profiles tell only by half.
        told = 1 - len(category_texts) / (2 * max(len(known), 1))
        for reader in (self._word_vectorizer, self._ngram_vectorizer):
            # So that there is a word even where no text has one.
            reader.fit([*known, "other", "other"])
            reader.idf_ = reader.idf_**told
        empty = {stem(word) for word in ENGLISH_STOP_WORDS}
        # Categories are too few to tell from them alone that "the" says nothing.
        weight = [
            _STOP_WORD_WEIGHT if empty.issuperset(term.split()) else 1.0
            for term in self._word_vectorizer.get_feature_names_out()
        ]
        self._word_vectorizer.idf_ = self._word_vectorizer.idf_ * np.array(weight)

    def vectors(self, texts: Sequence[str]) -> Any:
        """A sparse row of length one for each text (or none, where nothing in it is known)."""
        from scipy.sparse import hstack  # noqa: PLC0415  # heavy

        halves = (
            self._word_vectorizer.transform(texts) * math.sqrt(self._word_share),
            self._ngram_vectorizer.transform(texts) * math.sqrt(1 - self._word_share),
        )
        return hstack(halves).tocsr().astype(np.float32)

    def masked(self, vectors: Any, training_vectors: Sequence[Any]) -> Any:
        """The vectors as they would be of texts never seen before.

        What stands in none of those that were read is unknown: it is nowhere and has no length.
        """
        from scipy.sparse import diags_array, hstack  # noqa: PLC0415  # heavy

        places = np.concatenate([some.indices for some in training_vectors])
        known = np.bincount(places, minlength=vectors.shape[1]) > 0
        kept = (vectors @ diags_array(known.astype(np.float32))).tocsc()
        border = len(self._word_vectorizer.vocabulary_)
        halves = zip(
            (kept[:, :border], kept[:, border:]),
            (self._word_share, 1 - self._word_share),
            strict=True,
        )
        return hstack([_scale_rows(half, math.sqrt(share)) for half, share in halves]).tocsr()

    def column_weights(self, word_share: float) -> NDArray[np.float32]:
        """By what to multiply each column for words to count as if they had this share."""
        words = math.sqrt(word_share / self._word_share)
        pieces = math.sqrt((1 - word_share) / (1 - self._word_share))
        counts = [len(half.vocabulary_) for half in (self._word_vectorizer, self._ngram_vectorizer)]
        return np.repeat([words, pieces], counts).astype(np.float32)


def _scale_rows(vectors: Any, length: float) -> Any:
    from scipy.sparse import diags_array  # noqa: PLC0415  # heavy

    had = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return diags_array((length / np.maximum(had, 1e-9)).astype(np.float32)) @ vectors


def _join_words(text: str) -> str:
    return " ".join(words(text.replace("_", " ")))
