"""Learns in a process of its own: no event loop waits for it, and all it took is given back.

A thread would not do: what works through very many texts keeps Python's lock for long. As
`python -m jobs.engines.training_process` it reads from its input what there is to learn, pickled, and writes what
came of it; nobody but the worker that started it can say a word to it.
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

# To start a process takes longer than to learn so few.
_MIN_SUBPROCESS_EXAMPLES = 200
_MIN_PRIORITY_EXAMPLES = 200
# Tickets come first.
_NICENESS = 10

TrainedParts = tuple[Classifier, PriorityModel | None]
"""What tells categories, and, once there is enough to go by, what tells how pressing a text is."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What there is to learn.

    Attributes:
        lessons: of each its text, category and priority; plain, so that they are pickled at once.
    """

    categories: tuple[Category, ...]
    rows: tuple[tuple[str, str, str], ...]

    @classmethod
    def from_examples(
        cls, categories: tuple[Category, ...], training_examples: Sequence[TrainingExample]
    ) -> "TrainingData":
        """What these lessons say of these categories."""
        plain = tuple((one.text, one.category, one.priority.value) for one in training_examples)
        return cls(categories, plain)


def train(training_data: TrainingData) -> TrainedParts:
    """Learn it here and now."""
    examples = [LabelledText(text, category) for text, category, _ in training_data.rows]
    classifier = Classifier(training_data.categories, examples)
    if len(examples) < _MIN_PRIORITY_EXAMPLES:
        return classifier, None
    # How pressing something is has much to do with what it is about.
    levels = [
        LabelledText(f"{category} {text}", level) for text, category, level in training_data.rows
    ]
    return classifier, PriorityModel([each.value for each in Priority], levels, classifier.features)


async def train_in_subprocess(training_data: TrainingData) -> TrainedParts:
    """Learn it while the event loop goes on."""
    if len(training_data.rows) < _MIN_SUBPROCESS_EXAMPLES:
        return await asyncio.to_thread(train, training_data)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jobs.engines.training_process", stdin=PIPE, stdout=PIPE
    )
    try:
        told, _ = await process.communicate(pickle.dumps(training_data))
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise ChildProcessError(f"learning ended with {process.returncode}")
    found: TrainedParts = await asyncio.to_thread(pickle.loads, told)
    return found


def main() -> None:
    """Learn what comes in, and give out what came of it."""
    os.nice(_NICENESS)
    matter = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the worker that started it
    pickle.dump(train(matter), sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
