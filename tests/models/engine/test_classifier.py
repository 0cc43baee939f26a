"""The classifier predicts categories, and learns from training examples."""

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
EXAMPLES = [
    LabelledText(f"the {thing} {number} makes trouble again", label)
    for number in range(10)
    for thing, label in (("gizmo", "Network"), ("widget", "Printing"), ("doohickey", "Other"))
]


def predict(classifier: Classifier, text: str) -> str:
    return classifier.labels[int(classifier.probabilities([text])[0].argmax())]


def test_inflected_keywords_work_without_examples() -> None:
    untrained = Classifier(CATEGORIES, [])

    assert predict(untrained, "Both printers want toner") == "Printing"
    assert predict(untrained, "no VPN since noon") == "Network"


def test_examples_teach_words_that_are_not_keywords() -> None:
    trained = Classifier(CATEGORIES, EXAMPLES)

    assert predict(trained, "my widget is gone") == "Printing"
    assert predict(trained, "my gizmo is gone") == "Network"


def test_examples_overrule_a_misleading_keyword() -> None:
    misleading = [LabelledText(f"router table of project {n}", "Printing") for n in range(40)]

    trained = Classifier(CATEGORIES, [*EXAMPLES, *misleading])

    assert predict(trained, "router table of project x") == "Printing"


def test_training_is_deterministic() -> None:
    texts = ["my widget is gone", "vpn", "", "ein Drucker"]

    first, second = (Classifier(CATEGORIES, EXAMPLES).probabilities(texts) for _ in range(2))

    assert np.array_equal(first, second)


def test_probabilities_sum_to_1_and_confidence_is_between_0_and_1() -> None:
    trained = Classifier(CATEGORIES, EXAMPLES)
    texts = ["", "🤷", "vpn " * 1000]

    probabilities = trained.probabilities(texts)

    assert np.allclose(probabilities.sum(axis=1), 1)
    assert all(0 <= confidence <= 1 for confidence in trained.confidence(texts, probabilities))


def test_examples_of_a_deleted_category_are_ignored() -> None:
    trained = Classifier(CATEGORIES, [LabelledText("vpn", "Gone")])

    assert trained.labels == ("Network", "Printing", "Other")


def test_random_labels_give_low_confidence() -> None:
    random = np.random.default_rng(1)
    labels = random.choice(["Network", "Printing", "Other"], 120)
    noise = [LabelledText(f"thing {number % 7}", str(label)) for number, label in enumerate(labels)]
    trained = Classifier(CATEGORIES, noise)

    confidence = trained.confidence(["thing 3"], trained.probabilities(["thing 3"]))

    assert confidence[0] < 0.6


def test_keyword_of_one_category_weighs_more_than_of_several() -> None:
    categories = [Category(name=name, keywords=("slow",)) for name in ("Alpha", "Beta")]
    categories.append(Category(name="Gamma", keywords=("toner",)))

    scores = KeywordScorer(categories).scores(["slow toner"])[0]

    assert scores[2] > scores[0]


def test_stem_keeps_at_least_three_letters() -> None:
    assert stem("printers") == stem("printer") == "printer"
    assert stem("bus") == "bus"


def test_each_vector_is_most_similar_to_itself() -> None:
    texts = ["no paper in the printer", "vpn drops at noon", "new chair"]
    vectors = TfidfFeatures((), texts).vectors(texts)

    assert (vectors @ vectors.T).toarray().argmax(axis=1).tolist() == [0, 1, 2]


def test_idf_is_dampened_without_examples() -> None:
    texts = ["no paper in the printer", "vpn drops at noon", "no new chair"]

    from_categories, from_examples = (
        TfidfFeatures(texts).vectors(["no chair"]),
        TfidfFeatures((), texts).vectors(["no chair"]),
    )

    def weight_range(vectors: Any) -> float:
        weights = np.unique(vectors.toarray().round(6))
        return float(weights[-1] / weights[weights > 0][0])

    assert weight_range(from_categories) < weight_range(from_examples)


def test_naive_bayes_scores_only_if_texts_are_few() -> None:
    texts = ["paper jam", "vpn drops", "paper tray", "vpn slow"]
    columns = np.array([0, 1, 0, 1])
    vectors = TfidfFeatures((), texts).vectors(texts)

    few = NaiveBayesScorer(vectors, columns, 2).scores(vectors)
    many = NaiveBayesScorer(vstack([vectors] * 50).tocsr(), np.tile(columns, 50), 2).scores(vectors)

    assert few.argmax(axis=1).tolist() == [0, 1, 0, 1]
    assert not many.any()


def test_masked_vectors_lack_words_that_only_held_out_texts_have() -> None:
    texts = ["no paper", "vpn drops", "paper zebra"]
    features = TfidfFeatures((), texts)
    vectors = features.vectors(texts)

    masked = features.masked(vectors[2:], [vectors[:2]])

    assert np.allclose(masked.toarray(), features.vectors(["paper"]).toarray())


def test_priority_model_predicts_levels_as_often_as_examples_have_them() -> None:
    texts = [f"all is down {n}" for n in range(20)] + [f"a small wish {n}" for n in range(60)]
    levels = ["high"] * 20 + ["low"] * 60

    priority_model = PriorityModel(
        ["low", "high"], [LabelledText(*pair) for pair in zip(texts, levels, strict=True)]
    )

    predicted = priority_model.predict(texts)
    assert predicted is not None
    assert predicted[:20].count("high") >= 18
    assert predicted[20:].count("high") <= 2
    assert PriorityModel(["low", "high"], []).predict(["x"]) is None


def test_unknown_words_lower_the_confidence() -> None:
    for examples in ([], EXAMPLES):
        classifier = Classifier(CATEGORIES, examples)
        texts = ["router", "router quokka marzipan trombone"]
        probabilities = classifier.probabilities(["router", "router"])

        with_known_words, with_unknown_words = classifier.confidence(texts, probabilities)

        assert with_known_words > with_unknown_words


def _confidence_drop(label_for_unknown: Callable[[int], str]) -> float:
    """How much unknown words lower the confidence, in log odds."""
    plain = [
        LabelledText(f"the {thing} makes trouble", label)
        for thing, label in 20 * [("gizmo", "Network"), ("widget", "Printing")]
    ]
    unknown = [LabelledText(f"gizmo qua{n} mar{n} tro{n}", label_for_unknown(n)) for n in range(60)]
    trained = Classifier(CATEGORIES, [*plain, *unknown])
    texts = ["the gizmo makes trouble", "gizmo marzipan quokka trombone"]
    confidence = trained.confidence(texts, trained.probabilities(texts[:1] * 2))
    with_known_words, with_unknown_words = np.log(confidence / (1 - confidence))
    return float(with_known_words - with_unknown_words)


def test_unknown_words_lower_the_confidence_more_if_they_led_to_errors() -> None:
    labels = [category.name for category in CATEGORIES]

    drop_after_errors = _confidence_drop(lambda n: labels[n % 3])
    assert drop_after_errors > 1.2 * _confidence_drop(lambda _: "Network")
