"""What the built-in engine is held against: what anybody would write first, each a few lines.

https://scikit-learn.org/stable/tutorial/text_analytics/working_with_text_data.html
https://en.wikipedia.org/wiki/Okapi_BM25
"""

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.feature_extraction.text import (
    ENGLISH_STOP_WORDS,
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.svm import LinearSVC

from jobs.evaluation.replay import Predictions, Predictor, PredictorFactory, top_categories
from models.engine.category_models import KeywordScorer
from models.engine.classifier import LabelledText
from models.engine.vectorizer import Scores, stems
from models.triage.result import Category
from models.triage.skills import stem

_BM25_K1, _BM25_B = 1.2, 0.75
_SEED = 7
_HASH_FEATURES = 2**18
# Below that there is nothing to tell apart.
_MIN_LABELS = 2
_STOP_STEMS = frozenset(map(stem, ENGLISH_STOP_WORDS))


def majority(categories: Sequence[Category], examples: Sequence[LabelledText]) -> Predictor:
    """Always the commonest category."""
    had = [example.label for example in examples] or [categories[0].name]
    commonest = max(sorted(set(had)), key=had.count)
    share = had.count(commonest) / len(had)
    return lambda texts: Predictions([commonest] * len(texts), np.full(len(texts), share))


def first_match(categories: Sequence[Category], _examples: Sequence[LabelledText]) -> Predictor:
    """The first category of which a word is in the text, as a regular expression; or the last."""
    patterns = [
        re.compile(rf"(?i)\b(?:{'|'.join(map(re.escape, _category_keywords(category)))})\b")
        for category in categories
    ]

    def answer(texts: Sequence[str]) -> Predictions:
        found = np.array([[bool(pattern.search(text)) for pattern in patterns] for text in texts])
        found[:, -1] |= ~found.any(axis=1)
        return Predictions(top_categories(categories, found), np.full(len(texts), 0.5))

    return answer


def keywords(categories: Sequence[Category], _examples: Sequence[LabelledText]) -> Predictor:
    """The words that admins list, rare ones counting more."""
    listed = [one.model_copy(update={"keywords": _category_keywords(one)}) for one in categories]
    return _score_share_predictor(categories, KeywordScorer(listed).scores)


def bm25(categories: Sequence[Category], _examples: Sequence[LabelledText]) -> Predictor:
    """BM25 of the text to what is said of each category."""
    return _score_share_predictor(
        categories, bm25_scorer([category_text(one) for one in categories])
    )


def bm25_scorer(documents: Sequence[str]) -> Callable[[Sequence[str]], Scores]:
    """How much each of these documents is like a text, by BM25."""
    counting = CountVectorizer(tokenizer=stems, token_pattern=None)
    counts = counting.fit_transform(documents).tocsr().astype(float)
    length = np.asarray(counts.sum(axis=1)).ravel()
    having = np.asarray((counts > 0).sum(axis=0)).ravel()
    rarity = np.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
    damped = _BM25_K1 * (1 - _BM25_B + _BM25_B * length / length.mean())
    rows = np.repeat(np.arange(len(documents)), np.diff(counts.indptr))
    counts.data *= (_BM25_K1 + 1) / (counts.data + damped[rows])
    weights = counts.multiply(rarity).tocsr()
    return lambda texts: ((counting.transform(texts) > 0) @ weights.T).toarray()


def tfidf(categories: Sequence[Category], _examples: Sequence[LabelledText]) -> Predictor:
    """TF-IDF of words and pieces, by the angle to what is said of each category."""
    return _score_share_predictor(
        categories, tfidf_scorer([category_text(one) for one in categories])
    )


def tfidf_scorer(documents: Sequence[str]) -> Callable[[Sequence[str]], Scores]:
    """How much each of these documents is like a text, by TF-IDF of words and pieces."""
    by_words = TfidfVectorizer(sublinear_tf=True, tokenizer=_significant_stems, token_pattern=None)
    by_pieces = TfidfVectorizer(sublinear_tf=True, ngram_range=(2, 4), analyzer="char_wb")
    # Of a short name a whole word is too much to hang on.
    weights = {"words": 0.5, "pieces": 1.0}
    reader = FeatureUnion([("words", by_words), ("pieces", by_pieces)], transformer_weights=weights)
    known = reader.fit_transform(documents)
    return lambda texts: (reader.transform(texts) @ known.T).toarray()


def svc(categories: Sequence[Category], examples: Sequence[LabelledText]) -> Predictor:
    """TF-IDF of words and pieces, and a linear support vector machine."""
    return _trained_predictor(
        make_pipeline(_word_and_ngram_features(), LinearSVC(random_state=_SEED)),
        categories,
        examples,
    )


def logistic(categories: Sequence[Category], examples: Sequence[LabelledText]) -> Predictor:
    """TF-IDF of words, and logistic regression."""
    regression = LogisticRegression(C=10, max_iter=300)
    return _trained_predictor(
        make_pipeline(TfidfVectorizer(sublinear_tf=True), regression), categories, examples
    )


def hashing(categories: Sequence[Category], examples: Sequence[LabelledText]) -> Predictor:
    """Hashed words, and a linear machine that learns from one ticket after the other, each once."""
    reader = HashingVectorizer(n_features=_HASH_FEATURES, ngram_range=(1, 2), alternate_sign=False)
    machine = SGDClassifier(loss="log_loss", shuffle=False, random_state=_SEED)
    labels = [category.name for category in categories]
    # All in one call is one after the other, too, without a copy of the machine for each.
    known = reader.transform([example.text for example in examples])
    machine.partial_fit(known, [example.label for example in examples], classes=labels)

    def answer(texts: Sequence[str]) -> Predictions:
        likely = machine.predict_proba(reader.transform(texts))
        return Predictions(
            [str(machine.classes_[at]) for at in likely.argmax(1)], likely.max(axis=1)
        )

    return answer


BASELINES: dict[str, PredictorFactory] = {
    "majority": majority,
    "first match": first_match,
    "keywords": keywords,
    "bm25": bm25,
    "tfidf": tfidf,
    "svc": svc,
    "logistic": logistic,
    "hashing": hashing,
}
TRAINED_BASELINES = frozenset({"svc", "logistic", "hashing"})


def category_text(category: Category) -> str:
    """All that is said of a category, each word as often as it is said."""
    return " ".join((category.name.replace("_", " "), category.description, *category.keywords))


def _significant_stems(text: str) -> list[str]:
    """The stems of a text without those of English words that say nothing."""
    return [one for one in stems(text) if one not in _STOP_STEMS]


def _word_and_ngram_features() -> Any:
    return make_union(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)),
        TfidfVectorizer(sublinear_tf=True, ngram_range=(2, 5), analyzer="char_wb"),
    )


def _category_keywords(category: Category) -> tuple[str, ...]:
    return (category.name.replace("_", " "), *category.keywords)


def _score_share_predictor(
    categories: Sequence[Category], scorer: Callable[[Sequence[str]], Scores]
) -> Predictor:
    """What has the most, and as sure as its share of all is."""

    def answer(texts: Sequence[str]) -> Predictions:
        found = scorer(texts)
        total = np.maximum(found.sum(axis=1), 1e-9)
        return Predictions(top_categories(categories, found), found.max(axis=1) / total)

    return answer


def _trained_predictor(
    pipeline: Any, categories: Sequence[Category], examples: Sequence[LabelledText]
) -> Predictor:
    labels = [example.label for example in examples]
    if len(set(labels)) < _MIN_LABELS:
        return majority(categories, examples)
    with warnings.catch_warnings():
        # It says so where categories are many and tickets few; that is what is to be seen.
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        pipeline.fit([example.text for example in examples], labels)

    def answer(texts: Sequence[str]) -> Predictions:
        likely = _probabilities(pipeline, texts)
        return Predictions(
            [str(pipeline.classes_[at]) for at in likely.argmax(1)], likely.max(axis=1)
        )

    return answer


def _probabilities(pipeline: Any, texts: Sequence[str]) -> NDArray[np.float64]:
    if hasattr(pipeline, "predict_proba"):
        return np.asarray(pipeline.predict_proba(texts))
    # It gives none; distances made so are what is usually taken for them.
    distances = np.asarray(pipeline.decision_function(texts))
    if distances.ndim == 1:
        distances = np.stack([-distances, distances], axis=1)
    return np.asarray(softmax(distances, axis=1))
