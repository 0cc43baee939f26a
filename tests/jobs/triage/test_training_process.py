"""Training in a subprocess gives the same models, and takes no CPU time of this process."""

import os

import numpy as np

from jobs.engines.training_process import TrainingData, train, train_in_subprocess
from models.triage.taxonomy import DEFAULT_TAXONOMY


def make_data(count: int) -> TrainingData:
    """Examples in which gizmos are Printing and payslips are Other."""
    rows = tuple(
        (f"gizmo {n} jams", "Printing", "high") if n % 2 else (f"payslip {n}", "Other", "low")
        for n in range(count)
    )
    return TrainingData(DEFAULT_TAXONOMY.categories, rows)


async def test_many_examples_train_the_same_models_in_a_subprocess() -> None:
    texts = ["the gizmo", "my payslip", ""]
    before = os.times().children_user

    classifier, priority_model = await train_in_subprocess(make_data(300))

    assert os.times().children_user > before
    own_classifier, own_priority_model = train(make_data(300))
    assert np.array_equal(classifier.probabilities(texts), own_classifier.probabilities(texts))
    assert priority_model
    assert own_priority_model
    assert priority_model.predict(texts) == own_priority_model.predict(texts)


async def test_few_examples_are_trained_on_without_a_subprocess() -> None:
    before = os.times().children_user

    classifier, priority_model = await train_in_subprocess(make_data(20))

    assert os.times().children_user == before
    assert classifier.labels[int(classifier.probabilities(["the gizmo"]).argmax())] == "Printing"
    assert priority_model is None
