"""The baselines of the evaluation are as strong as a few lines allow."""

from jobs.evaluation.baselines import bm25, bm25_scorer, tfidf, tfidf_scorer
from models.triage.result import Category

CATEGORIES = (
    Category(name="Other"),
    Category(name="lost_badge", keywords=("turnstile",)),
    Category(name="Printing", description="Paper jams."),
)


def most_similar(text: str, *documents: str) -> str:
    return documents[int(tfidf_scorer(documents)([text])[0].argmax())]


def top_by_bm25(text: str, *documents: str) -> str:
    return documents[int(bm25_scorer(documents)([text])[0].argmax())]


def test_tfidf_ignores_stop_words() -> None:
    assert most_similar("my badge is not here", "not here yet", "badges") == "badges"


def test_tfidf_weighs_ngrams_more_than_words() -> None:
    long, short = "phone contract extension", "bookkeeping"

    assert most_similar("bookkeepers phone", long, short) == short


def test_tfidf_also_weighs_whole_words() -> None:
    with_word, with_ngrams = "account closed", "bookkeeping"

    assert most_similar("bookkeeper account", with_word, with_ngrams) == with_word


def test_bm25_weighs_rare_words_more() -> None:
    documents = ("laptop screen", "laptop battery", "toner tray")

    assert top_by_bm25("laptop toner", *documents) == "toner tray"


def test_bm25_weighs_a_word_more_in_a_short_document() -> None:
    assert top_by_bm25("badge", "badge of the office on the third floor", "badge") == "badge"


def test_bm25_weighs_repetitions_less_and_less() -> None:
    documents = ("vpn vpn vpn vpn", "vpn wifi slow net", "wifi mail")

    assert top_by_bm25("vpn wifi", *documents) == "vpn wifi slow net"


def test_both_use_stems_of_name_description_and_keywords() -> None:
    texts = ["Badges lost", "a turnstile", "no more papers"]

    for baseline in (bm25, tfidf):
        predictions = baseline(CATEGORIES, [])(texts)
        assert predictions.labels == ["lost_badge", "lost_badge", "Printing"]
