"""What the built-in engine makes of categories, and what corrections teach it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import vstack

from models.engine.category_models import KeywordScorer, NaiveBayesScorer
from models.engine.classifier import Classifier, LabelledText
from models.engine.priority_model import PriorityModel
from models.engine.vectorizer import TfidfFeatures
from models.triage.result import Category
from models.triage.skills import stem

CATEGORIES = (
    Category(name="Network", description="Connections.", keywords=("vpn", "wifi", "router")),
    Category(name="Printing", description="Printers and paper.", keywords=("printer", "toner")),
    Category(name="Other"),
)
LESSONS = [
    LabelledText(f"the {thing} {number} makes trouble again", label)
    for number in range(10)
    for thing, label in (("gizmo", "Network"), ("widget", "Printing"), ("doohickey", "Other"))
]


def likeliest(classifier: Classifier, text: str) -> str:
    return classifier.labels[int(classifier.probabilities([text])[0].argmax())]


def test_keywords_in_another_form_point_to_their_category_on_the_first_day() -> None:
    cold = Classifier(CATEGORIES, [])

    assert likeliest(cold, "Both printers want toner") == "Printing"
    assert likeliest(cold, "no VPN since noon") == "Network"


def test_corrections_teach_words_that_no_admin_has_listed() -> None:
    taught = Classifier(CATEGORIES, LESSONS)

    assert likeliest(taught, "my widget is gone") == "Printing"
    assert likeliest(taught, "my gizmo is gone") == "Network"


def test_corrections_overrule_a_keyword_that_misleads() -> None:
    wrong = [LabelledText(f"router table of project {n}", "Printing") for n in range(40)]

    taught = Classifier(CATEGORIES, [*LESSONS, *wrong])

    assert likeliest(taught, "router table of project x") == "Printing"


def test_the_same_lessons_make_the_same_engine() -> None:
    texts = ["my widget is gone", "vpn", "", "ein Drucker"]

    one, other = (Classifier(CATEGORIES, LESSONS).probabilities(texts) for _ in range(2))

    assert np.array_equal(one, other)


def test_likelihoods_add_up_and_confidence_is_a_share_even_of_nothing() -> None:
    taught = Classifier(CATEGORIES, LESSONS)

    likely = taught.probabilities(["", "🤷", "vpn " * 1000])

    assert np.allclose(likely.sum(axis=1), 1)
    assert all(0 <= sure <= 1 for sure in taught.confidence(["", "🤷", "vpn " * 1000], likely))


def test_lessons_of_a_category_that_is_gone_are_left_out() -> None:
    taught = Classifier(CATEGORIES, [LabelledText("vpn", "Gone")])

    assert taught.labels == ("Network", "Printing", "Other")


def test_noise_makes_it_unsure() -> None:
    random = np.random.default_rng(1)
    labels = random.choice(["Network", "Printing", "Other"], 120)
    noise = [LabelledText(f"thing {number % 7}", str(label)) for number, label in enumerate(labels)]
    taught = Classifier(CATEGORIES, noise)

    sure = taught.confidence(["thing 3"], taught.probabilities(["thing 3"]))

    assert sure[0] < 0.6


def test_a_rare_keyword_counts_more_than_one_of_several_categories() -> None:
    categories = [Category(name=name, keywords=("slow",)) for name in ("Alpha", "Beta")]
    categories.append(Category(name="Gamma", keywords=("toner",)))

    found = KeywordScorer(categories).scores(["slow toner"])[0]

    assert found[2] > found[0]


def test_a_stem_stays_long_enough_to_be_a_word() -> None:
    assert stem("printers") == stem("printer") == "printer"
    assert stem("bus") == "bus"


def test_a_likeness_is_highest_with_the_text_itself() -> None:
    texts = ["no paper in the printer", "vpn drops at noon", "new chair"]
    vectors = TfidfFeatures((), texts).vectors(texts)

    assert (vectors @ vectors.T).toarray().argmax(axis=1).tolist() == [0, 1, 2]


def test_profiles_alone_tell_only_by_half_how_rare_something_is() -> None:
    texts = ["no paper in the printer", "vpn drops at noon", "no new chair"]

    by_profiles, by_texts = (
        TfidfFeatures(texts).vectors(["no chair"]),
        TfidfFeatures((), texts).vectors(["no chair"]),
    )

    def emphasis(vectors: Any) -> float:
        shares = np.unique(vectors.toarray().round(6))
        return float(shares[-1] / shares[shares > 0][0])

    assert emphasis(by_profiles) < emphasis(by_texts)


def test_of_a_few_texts_each_it_counts_words_and_of_many_it_does_not() -> None:
    texts = ["paper jam", "vpn drops", "paper tray", "vpn slow"]
    columns = np.array([0, 1, 0, 1])
    vectors = TfidfFeatures((), texts).vectors(texts)

    few = NaiveBayesScorer(vectors, columns, 2).scores(vectors)
    many = NaiveBayesScorer(vstack([vectors] * 50).tocsr(), np.tile(columns, 50), 2).scores(vectors)

    assert few.argmax(axis=1).tolist() == [0, 1, 0, 1]
    assert not many.any()


def test_what_is_held_back_is_read_as_if_it_were_new() -> None:
    texts = ["no paper", "vpn drops", "paper zebra"]
    reader = TfidfFeatures((), texts)
    vectors = reader.vectors(texts)

    new = reader.masked(vectors[2:], [vectors[:2]])

    assert np.allclose(new.toarray(), reader.vectors(["paper"]).toarray())


def test_levels_are_given_as_often_as_they_were_in_the_corrections() -> None:
    texts = [f"all is down {n}" for n in range(20)] + [f"a small wish {n}" for n in range(60)]
    levels = ["high"] * 20 + ["low"] * 60

    ordering = PriorityModel(
        ["low", "high"], [LabelledText(*pair) for pair in zip(texts, levels, strict=True)]
    )

    told = ordering.predict(texts)
    assert told is not None
    assert told[:20].count("high") >= 18
    assert told[20:].count("high") <= 2
    assert PriorityModel(["low", "high"], []).predict(["x"]) is None


def test_it_is_less_sure_of_a_text_whose_words_it_does_not_know() -> None:
    for lessons in ([], LESSONS):
        taught = Classifier(CATEGORIES, lessons)
        texts = ["router", "router quokka marzipan trombone"]
        likely = taught.probabilities(["router", "router"])

        known, strange = taught.confidence(texts, likely)

        assert known > strange


def _doubt(strange_label: Callable[[int], str]) -> float:
    """By how much it is less sure of a text whose words it does not know, as odds."""
    plain = [
        LabelledText(f"the {thing} makes trouble", label)
        for thing, label in 20 * [("gizmo", "Network"), ("widget", "Printing")]
    ]
    strange = [LabelledText(f"gizmo qua{n} mar{n} tro{n}", strange_label(n)) for n in range(60)]
    taught = Classifier(CATEGORIES, [*plain, *strange])
    texts = ["the gizmo makes trouble", "gizmo marzipan quokka trombone"]
    sure = taught.confidence(texts, taught.probabilities(texts[:1] * 2))
    known, unknown = np.log(sure / (1 - sure))
    return float(known - unknown)


def test_unknown_words_make_it_the_less_sure_the_more_often_it_was_wrong_about_such_texts() -> None:
    labels = [category.name for category in CATEGORIES]

    assert _doubt(lambda n: labels[n % 3]) > 1.2 * _doubt(lambda _: "Network")
