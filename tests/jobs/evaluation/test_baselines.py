"""What the built-in engine is held against is as strong as it can be in a few lines."""

from jobs.evaluation.baselines import bm25, bm25_scorer, tfidf, tfidf_scorer
from models.triage.result import Category

CATEGORIES = (
    Category(name="Other"),
    Category(name="lost_badge", keywords=("turnstile",)),
    Category(name="Printing", description="Paper jams."),
)


def most_alike(text: str, *documents: str) -> str:
    return documents[int(tfidf_scorer(documents)([text])[0].argmax())]


def ranked_first(text: str, *documents: str) -> str:
    return documents[int(bm25_scorer(documents)([text])[0].argmax())]


def test_by_likeness_words_that_say_nothing_do_not_count() -> None:
    assert most_alike("my badge is not here", "not here yet", "badges") == "badges"


def test_by_likeness_pieces_of_words_count_more_than_words() -> None:
    long, short = "phone contract extension", "bookkeeping"

    assert most_alike("bookkeepers phone", long, short) == short


def test_by_likeness_words_count_beside_their_pieces() -> None:
    whole, pieces = "account closed", "bookkeeping"

    assert most_alike("bookkeeper account", whole, pieces) == whole


def test_by_bm25_a_rare_word_counts_more() -> None:
    documents = ("laptop screen", "laptop battery", "toner tray")

    assert ranked_first("laptop toner", *documents) == "toner tray"


def test_by_bm25_a_word_counts_more_in_a_short_document() -> None:
    assert ranked_first("badge", "badge of the office on the third floor", "badge") == "badge"


def test_by_bm25_a_word_that_is_repeated_counts_less_each_time() -> None:
    documents = ("vpn vpn vpn vpn", "vpn wifi slow net", "wifi mail")

    assert ranked_first("vpn wifi", *documents) == "vpn wifi slow net"


def test_both_go_by_name_description_and_keywords_in_whatever_form() -> None:
    texts = ["Badges lost", "a turnstile", "no more papers"]

    for baseline in (bm25, tfidf):
        answers = baseline(CATEGORIES, [])(texts)
        assert answers.labels == ["lost_badge", "lost_badge", "Printing"]
