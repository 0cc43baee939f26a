"""Learns in a process of its own: no event loop waits for it, and all it took is given back.

A thread would not do: what works through very many texts keeps Python's lock for long. As
`python -m jobs.teaching` it reads from its input what there is to learn, pickled, and writes what
came of it; nobody but the worker that started it can say a word to it.
"""

import asyncio
import os
import pickle
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import dataclass

from models.classifier import Classifier, Example
from models.lesson import Lesson
from models.ordering import Ordering
from models.triage import Category, Priority

# To start a process takes longer than to learn so few.
_FEW = 200
_NUDGE_FROM = 200
# Tickets come first.
_NICE = 10

Learnt = tuple[Classifier, Ordering | None]
"""What tells categories, and, once there is enough to go by, what tells how pressing a text is."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What there is to learn.

    Attributes:
        lessons: of each its text, category and priority; plain, so that they are pickled at once.
    """

    categories: tuple[Category, ...]
    lessons: tuple[tuple[str, str, str], ...]

    @classmethod
    def of(cls, categories: tuple[Category, ...], lessons: Sequence[Lesson]) -> "Matter":
        """What these lessons say of these categories."""
        plain = tuple((one.text, one.category, one.priority.value) for one in lessons)
        return cls(categories, plain)


def learnt(matter: Matter) -> Learnt:
    """Learn it here and now."""
    examples = [Example(text, category) for text, category, _ in matter.lessons]
    classifier = Classifier(matter.categories, examples)
    if len(examples) < _NUDGE_FROM:
        return classifier, None
    # How pressing something is has much to do with what it is about.
    levels = [Example(f"{category} {text}", level) for text, category, level in matter.lessons]
    return classifier, Ordering([each.value for each in Priority], levels, classifier.reader)


async def learnt_aside(matter: Matter) -> Learnt:
    """Learn it while the event loop goes on."""
    if len(matter.lessons) < _FEW:
        return await asyncio.to_thread(learnt, matter)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "jobs.teaching", stdin=PIPE, stdout=PIPE
    )
    try:
        told, _ = await process.communicate(pickle.dumps(matter))
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise ChildProcessError(f"learning ended with {process.returncode}")
    found: Learnt = await asyncio.to_thread(pickle.loads, told)
    return found


def main() -> None:
    """Learn what comes in, and give out what came of it."""
    os.nice(_NICE)
    matter = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the worker that started it
    pickle.dump(learnt(matter), sys.stdout.buffer, protocol=pickle.HIGHEST_PROTOCOL)


if __name__ == "__main__":
    main()
