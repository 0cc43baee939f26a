"""Trains models in a subprocess, which does not block the event loop and frees all its memory.

A thread would block the event loop, since vectorizing many texts holds Python's GIL for long.
`python -m jobs.engines.training_process` reads pickled training data from its standard input and
writes the pickled models to its standard output. Only the worker that started it can write there.
"""

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass

from models.engine.classifier import Classifier, LabelledText
from models.engine.priority_model import PriorityModel
from models.triage.result import Category, Priority
from models.triage.training_example import TrainingExample

# With fewer examples, starting a process takes longer than the training.
_MIN_SUBPROCESS_EXAMPLES = 200
_MIN_PRIORITY_EXAMPLES = 200
# Triage of tickets goes before training.
_NICENESS = 10

TrainedParts = tuple[Classifier, PriorityModel | None]
"""The classifier of categories, and the priority model if there are enough examples."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The data to train on.

    Attributes:
        categories: the workspace's categories.
        rows: text, category and priority of each example; plain strings, which pickle fast.
    """

    categories: tuple[Category, ...]
    rows: tuple[tuple[str, str, str], ...]

    @classmethod
    def from_examples(
        cls, categories: tuple[Category, ...], training_examples: Sequence[TrainingExample]
    ) -> "TrainingData":
        """The data of these examples."""
        rows = tuple(
            (example.text, example.category, example.priority.value)
            for example in training_examples
        )
        return cls(categories, rows)


def train(training_data: TrainingData) -> TrainedParts:
    """The models, trained in this thread."""
    examples = [LabelledText(text, category) for text, category, _ in training_data.rows]
    classifier = Classifier(training_data.categories, examples)
    if len(examples) < _MIN_PRIORITY_EXAMPLES:
        return classifier, None
    # The category in front of the text, since priority depends much on the category.
    levels = [
        LabelledText(f"{category} {text}", level) for text, category, level in training_data.rows
    ]
    return classifier, PriorityModel(
        [level.value for level in Priority], levels, classifier.features
    )


async def train_in_subprocess(training_data: TrainingData) -> TrainedParts:
    """The models, trained without blocking the event loop; in a thread if examples are few."""
    if len(training_data.rows) < _MIN_SUBPROCESS_EXAMPLES:
        return await asyncio.to_thread(train, training_data)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jobs.engines.training_process", stdin=PIPE, stdout=PIPE
    )
    try:
        output, _ = await process.communicate(pickle.dumps(training_data))
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise ChildProcessError(f"the training process exited with status {process.returncode}")
    models: TrainedParts = await asyncio.to_thread(pickle.loads, output)
    return models


def main() -> None:
    """Train on the data from standard input, and write the models to standard output."""
    os.nice(_NICENESS)
    training_data = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the worker that started it
    pickle.dump(train(training_data), sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
