"""What is learnt aside is what would be learnt here, and takes none of this process's time."""

import os

import numpy as np

from jobs.engines.training_process import TrainingData, train, train_in_subprocess
from models.triage.taxonomy import DEFAULT_TAXONOMY


def matter(count: int) -> TrainingData:
    """Gizmos are Printing, payslips are Other."""
    lessons = tuple(
        (f"gizmo {n} jams", "Printing", "high") if n % 2 else (f"payslip {n}", "Other", "low")
        for n in range(count)
    )
    return TrainingData(DEFAULT_TAXONOMY.categories, lessons)


async def test_what_much_teaches_is_the_same_here_and_in_another_process() -> None:
    texts = ["the gizmo", "my payslip", ""]
    before = os.times().children_user

    classifier, ordering = await train_in_subprocess(matter(300))

    assert os.times().children_user > before
    here, levels = train(matter(300))
    assert np.array_equal(classifier.probabilities(texts), here.probabilities(texts))
    assert ordering
    assert levels
    assert ordering.predict(texts) == levels.predict(texts)


async def test_a_little_is_learnt_without_another_process() -> None:
    before = os.times().children_user

    classifier, ordering = await train_in_subprocess(matter(20))

    assert os.times().children_user == before
    assert classifier.labels[int(classifier.probabilities(["the gizmo"]).argmax())] == "Printing"
    assert ordering is None
