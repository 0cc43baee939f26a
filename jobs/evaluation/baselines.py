"""Simple baselines to compare the built-in engine with; each takes only a few lines.

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
# With fewer labels there is nothing to classify.
_MIN_LABELS = 2
_STOP_STEMS = frozenset(map(stem, ENGLISH_STOP_WORDS))


def majority(categories: Sequence[Category], examples: Sequence[LabelledText]) -> Predictor:
    """Always the most common category."""
    labels = [example.label for example in examples] or [categories[0].name]
    most_common = max(sorted(set(labels)), key=labels.count)
    share = labels.count(most_common) / len(labels)
    return lambda texts: Predictions([most_common] * len(texts), np.full(len(texts), share))


def first_match(categories: Sequence[Category], _examples: Sequence[LabelledText]) -> Predictor:
    """The first category with a keyword in the text, by regular expressions; or the last one."""
    patterns = [
        re.compile(rf"(?i)\b(?:{'|'.join(map(re.escape, _category_keywords(category)))})\b")
        for category in categories
    ]

    def predict(texts: Sequence[str]) -> Predictions:
        matches = np.array([[bool(pattern.search(text)) for pattern in patterns] for text in texts])
        matches[:, -1] |= ~matches.any(axis=1)
        return Predictions(top_categories(categories, matches), np.full(len(texts), 0.5))

    return predict


def keywords(categories: Sequence[Category], _examples: Sequence[LabelledText]) -> Predictor:
    """The keywords of the categories; rare keywords weigh more."""
    with_names = [
        category.model_copy(update={"keywords": _category_keywords(category)})
        for category in categories
    ]
    return _score_share_predictor(categories, KeywordScorer(with_names).scores)


def bm25(categories: Sequence[Category], _examples: Sequence[LabelledText]) -> Predictor:
    """BM25 similarity of the text to each category's own text."""
    return _score_share_predictor(
        categories, bm25_scorer([category_text(category) for category in categories])
    )


def bm25_scorer(documents: Sequence[str]) -> Callable[[Sequence[str]], Scores]:
    """A function that scores these documents for texts, by BM25."""
    vectorizer = CountVectorizer(tokenizer=stems, token_pattern=None)
    counts = vectorizer.fit_transform(documents).tocsr().astype(float)
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    document_frequency = np.asarray((counts > 0).sum(axis=0)).ravel()
    idf = np.log(1 + (len(documents) - document_frequency + 0.5) / (document_frequency + 0.5))
    saturation = _BM25_K1 * (1 - _BM25_B + _BM25_B * lengths / lengths.mean())
    rows = np.repeat(np.arange(len(documents)), np.diff(counts.indptr))
    counts.data *= (_BM25_K1 + 1) / (counts.data + saturation[rows])
    weights = counts.multiply(idf).tocsr()
    return lambda texts: ((vectorizer.transform(texts) > 0) @ weights.T).toarray()


def tfidf(categories: Sequence[Category], _examples: Sequence[LabelledText]) -> Predictor:
    """TF-IDF similarity of the text to each category's own text, by words and n-grams."""
    return _score_share_predictor(
        categories, tfidf_scorer([category_text(category) for category in categories])
    )


def tfidf_scorer(documents: Sequence[str]) -> Callable[[Sequence[str]], Scores]:
    """A function that scores these documents for texts, by TF-IDF of words and n-grams."""
    word_vectorizer = TfidfVectorizer(
        sublinear_tf=True, tokenizer=_significant_stems, token_pattern=None
    )
    ngram_vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(2, 4), analyzer="char_wb")
    # N-grams weigh more: a text rarely contains the whole words of a short category name.
    vectorizer = FeatureUnion(
        [("words", word_vectorizer), ("ngrams", ngram_vectorizer)],
        transformer_weights={"words": 0.5, "ngrams": 1.0},
    )
    vectors = vectorizer.fit_transform(documents)
    return lambda texts: (vectorizer.transform(texts) @ vectors.T).toarray()


def svc(categories: Sequence[Category], examples: Sequence[LabelledText]) -> Predictor:
    """A linear support vector machine on TF-IDF of words and n-grams."""
    return _trained_predictor(
        make_pipeline(_word_and_ngram_features(), LinearSVC(random_state=_SEED)),
        categories,
        examples,
    )


def logistic(categories: Sequence[Category], examples: Sequence[LabelledText]) -> Predictor:
    """Logistic regression on TF-IDF of words."""
    regression = LogisticRegression(C=10, max_iter=300)
    return _trained_predictor(
        make_pipeline(TfidfVectorizer(sublinear_tf=True), regression), categories, examples
    )


def hashing(categories: Sequence[Category], examples: Sequence[LabelledText]) -> Predictor:
    """Online learning: a linear model on hashed words, which sees each ticket once, in order."""
    vectorizer = HashingVectorizer(
        n_features=_HASH_FEATURES, ngram_range=(1, 2), alternate_sign=False
    )
    model = SGDClassifier(loss="log_loss", shuffle=False, random_state=_SEED)
    labels = [category.name for category in categories]
    # One call of partial_fit also goes through the tickets in order, and is faster than many.
    vectors = vectorizer.transform([example.text for example in examples])
    model.partial_fit(vectors, [example.label for example in examples], classes=labels)

    def predict(texts: Sequence[str]) -> Predictions:
        probabilities = model.predict_proba(vectorizer.transform(texts))
        return _to_predictions(model.classes_, probabilities)

    return predict


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
    """The category's own text: name, description and keywords."""
    return " ".join((category.name.replace("_", " "), category.description, *category.keywords))


def _significant_stems(text: str) -> list[str]:
    """The stems of a text without English stop words."""
    return [text_stem for text_stem in stems(text) if text_stem not in _STOP_STEMS]


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
    """The category with the highest score; its share of all scores is the confidence."""

    def predict(texts: Sequence[str]) -> Predictions:
        scores = scorer(texts)
        total = np.maximum(scores.sum(axis=1), 1e-9)
        return Predictions(top_categories(categories, scores), scores.max(axis=1) / total)

    return predict


def _trained_predictor(
    pipeline: Any, categories: Sequence[Category], examples: Sequence[LabelledText]
) -> Predictor:
    labels = [example.label for example in examples]
    if len(set(labels)) < _MIN_LABELS:
        return majority(categories, examples)
    with warnings.catch_warnings():
        # scikit-learn warns about many categories with few tickets; the evaluation tests this too.
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        pipeline.fit([example.text for example in examples], labels)

    def predict(texts: Sequence[str]) -> Predictions:
        return _to_predictions(pipeline.classes_, _probabilities(pipeline, texts))

    return predict


def _to_predictions(labels: Sequence[Any], probabilities: NDArray[np.float64]) -> Predictions:
    top_labels = [str(labels[column]) for column in probabilities.argmax(axis=1)]
    return Predictions(top_labels, probabilities.max(axis=1))


def _probabilities(pipeline: Any, texts: Sequence[str]) -> NDArray[np.float64]:
    if hasattr(pipeline, "predict_proba"):
        return np.asarray(pipeline.predict_proba(texts))
    # LinearSVC has no probabilities; softmax of its distances is the usual substitute.
    distances = np.asarray(pipeline.decision_function(texts))
    if distances.ndim == 1:
        distances = np.stack([-distances, distances], axis=1)
    return np.asarray(softmax(distances, axis=1))
