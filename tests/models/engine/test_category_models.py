"""The category models: a category's own text, and training on few or many examples."""

import numpy as np

from models.engine.category_models import SvmScorer
from models.engine.vectorizer import TfidfFeatures, category_text
from models.triage.result import Category


def test_category_text_repeats_the_name_only_with_more_text() -> None:
    name = "office_supplies"

    assert category_text(Category(name=name)) == "office supplies"
    described = Category(name=name, description="Pens and paper.")
    assert category_text(described).split(" ", 4)[:4] == ["office", "supplies"] * 2
    listed = Category(name=name, keywords=("pen", "paper"))
    assert category_text(listed).split() == [*["office", "supplies"] * 2, "pen", "paper"]


def test_svm_balances_labels_if_texts_are_few() -> None:
    """The rare label's word is also in a tenth of the common label's texts, which are more."""
    texts = ["the laptop is slow"] * 54 + ["the badge is slow"] * 6 + ["the badge is slow"] * 3
    columns = np.array([0] * 60 + [1] * 3)
    features = TfidfFeatures((), texts)

    def predict(times: int) -> int:
        vectors = features.vectors(texts * times)
        scorer = SvmScorer(
            vectors, np.tile(columns, times), 2, column_weights=features.column_weights(0.15)
        )
        return int(scorer.scores(features.vectors(["my badge is slow"]))[0].argmax())

    with_few, with_many = predict(1), predict(4)
    assert (with_few, with_many) == (1, 0)
