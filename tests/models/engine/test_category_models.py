"""What speaks for a category: what admins have said of it, and what few or many corrections say."""

import numpy as np

from models.engine.category_models import SvmScorer
from models.engine.vectorizer import TfidfFeatures, category_text
from models.triage.result import Category


def test_the_name_is_said_twice_only_where_there_is_more_than_a_name() -> None:
    name = "office_supplies"

    assert category_text(Category(name=name)) == "office supplies"
    described = Category(name=name, description="Pens and paper.")
    assert category_text(described).split(" ", 4)[:4] == ["office", "supplies"] * 2
    listed = Category(name=name, keywords=("pen", "paper"))
    assert category_text(listed).split() == [*["office", "supplies"] * 2, "pen", "paper"]


def test_of_few_texts_those_of_a_rare_label_count_as_much_as_those_of_a_common_one() -> None:
    """The rare one's word stands in more texts of the common one, but in a tenth of them only."""
    texts = ["the laptop is slow"] * 54 + ["the badge is slow"] * 6 + ["the badge is slow"] * 3
    columns = np.array([0] * 60 + [1] * 3)
    reader = TfidfFeatures((), texts)

    def likelier(times: int) -> int:
        vectors = reader.vectors(texts * times)
        machine = SvmScorer(
            vectors, np.tile(columns, times), 2, column_weights=reader.column_weights(0.15)
        )
        return int(machine.scores(reader.vectors(["my badge is slow"]))[0].argmax())

    few, many = likelier(1), likelier(4)
    assert (few, many) == (1, 0)
