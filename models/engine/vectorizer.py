"""Vectorizer: turns texts into TF-IDF vectors of words, word pairs and character n-grams.

The classifier compares these vectors and trains a linear support vector machine on them. On short
texts this is still among the best methods, and it is light.
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
    """The stems of a text's words, in order; an underscore separates words."""
    return [stem(word) for word in words(text.replace("_", " "))]


def category_text(category: Category) -> str:
    """The category's own text: name, description and keywords.

    The name stands twice, unless it is all there is.
    """
    name = category.name.replace("_", " ")
    details = (category.description, *category.keywords)
    return " ".join((name, name, *details) if any(details) else (name,))


class TfidfFeatures:
    """Vectors of length 1 for texts: words, pairs of words and character n-grams.

    Args:
        category_texts: the categories' own texts.
        texts: the texts of the training examples.
        word_share: the share of words in the similarity of two texts; the rest is n-grams.
    """

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
        all_texts = [*category_texts, *texts]
        min_df = 2 if len(all_texts) > _MIN_TEXTS_TO_DROP_RARE_TERMS else 1
        options = {"sublinear_tf": True, "min_df": min_df, "max_features": _MAX_FEATURES}
        self._word_vectorizer = TfidfVectorizer(
            ngram_range=(1, 2), tokenizer=stems, token_pattern=None, **options
        )
        self._ngram_vectorizer = TfidfVectorizer(
            ngram_range=(2, 4), analyzer="char_wb", preprocessor=_join_words, **options
        )
        # A few category texts say little about the rarity of words in tickets. So they dampen IDF:
        # to the square root if there are no examples, hardly at all if there are many.
        idf_exponent = 1 - len(category_texts) / (2 * max(len(all_texts), 1))
        for vectorizer in (self._word_vectorizer, self._ngram_vectorizer):
            # TfidfVectorizer.fit raises if no text has a word, hence one more word in two texts.
            vectorizer.fit([*all_texts, "other", "other"])
            vectorizer.idf_ = vectorizer.idf_**idf_exponent
        stop_stems = {stem(word) for word in ENGLISH_STOP_WORDS}
        # There are too few categories for IDF alone to give words like "the" a low weight.
        weights = [
            _STOP_WORD_WEIGHT if stop_stems.issuperset(term.split()) else 1.0
            for term in self._word_vectorizer.get_feature_names_out()
        ]
        self._word_vectorizer.idf_ = self._word_vectorizer.idf_ * np.array(weights)

    def vectors(self, texts: Sequence[str]) -> Any:
        """A sparse row of length 1 for each text; a text without known terms gets zeros."""
        from scipy.sparse import hstack  # noqa: PLC0415  # heavy

        halves = (
            self._word_vectorizer.transform(texts) * math.sqrt(self._word_share),
            self._ngram_vectorizer.transform(texts) * math.sqrt(1 - self._word_share),
        )
        return hstack(halves).tocsr().astype(np.float32)

    def masked(self, vectors: Any, training_vectors: Sequence[Any]) -> Any:
        """The vectors as if their texts were new: without terms that no training text has.

        The rest is scaled to length 1 again.

        Args:
            vectors: vectors of texts that are held out.
            training_vectors: the vectors that a model is trained on.
        """
        from scipy.sparse import diags_array, hstack  # noqa: PLC0415  # heavy

        columns = np.concatenate([matrix.indices for matrix in training_vectors])
        is_known = np.bincount(columns, minlength=vectors.shape[1]) > 0
        kept = (vectors @ diags_array(is_known.astype(np.float32))).tocsc()
        border = len(self._word_vectorizer.vocabulary_)
        halves = zip(
            (kept[:, :border], kept[:, border:]),
            (self._word_share, 1 - self._word_share),
            strict=True,
        )
        return hstack([_scale_rows(half, math.sqrt(share)) for half, share in halves]).tocsr()

    def column_weights(self, word_share: float) -> NDArray[np.float32]:
        """Factors for the columns that change the share of words to this one."""
        word_factor = math.sqrt(word_share / self._word_share)
        ngram_factor = math.sqrt((1 - word_share) / (1 - self._word_share))
        counts = [
            len(vectorizer.vocabulary_)
            for vectorizer in (self._word_vectorizer, self._ngram_vectorizer)
        ]
        return np.repeat([word_factor, ngram_factor], counts).astype(np.float32)


def _scale_rows(vectors: Any, length: float) -> Any:
    from scipy.sparse import diags_array  # noqa: PLC0415  # heavy

    lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel())
    return diags_array((length / np.maximum(lengths, 1e-9)).astype(np.float32)) @ vectors


def _join_words(text: str) -> str:
    return " ".join(words(text.replace("_", " ")))
