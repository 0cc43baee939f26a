"""Which solved tickets are like another text: by the words they share, rare ones counting more.

Everything about likeness is here, so that something better can take its place.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from models.skill import words

# What a moderator is shown, and what is so alike that its solution is offered to who asks.
ALIKE, VERY_ALIKE = 0.4, 0.5
MOST_SHOWN = 3
SOLUTION_LENGTH = 1000
_MOST_TERMS = 40
_EMPTY = frozenset(
    words(
        "a about after again all also am an and any are as at be been before but by can cannot "
        "could day did do does doesn don for from get gets got had has have hello help hi how i if "
        "in into is isn it its just keep keeps know m me my need no not now of off on one or our "
        "out please re s since so some still t than thank thanks that the their them then there "
        "these they this to today too tried try trying up us use was we what when where which "
        "while who why will with work working works would ve you your"
    )
)


class Solved(BaseModel):
    """A ticket that was solved, and how."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    ticket_id: str
    title: str
    solution: str


@dataclass(frozen=True, slots=True)
class Past:
    """A solved ticket to be compared, with all its words."""

    solved: Solved
    words: frozenset[str]


def telling(text: str) -> list[str]:
    """The words of a text that say what it is about, each once, in order."""
    return _telling(words(text))[:_MOST_TERMS]


def alike(text: str, past: Sequence[Past], *, at_least: float, most: int) -> tuple[Solved, ...]:
    """Those most like the text, the most alike first; of equals the one that comes first."""
    asked = frozenset(telling(text))
    of = [(one, frozenset(_telling(one.words))) for one in past]
    times = Counter(word for _, its in of for word in its)

    def weight(some: Iterable[str]) -> float:
        return sum(math.log1p(len(past) / (times[word] + 1)) for word in some)

    whole = weight(asked)
    scores = [
        (weight(asked & its) / math.sqrt(whole * weight(its)) if asked & its else 0.0, one)
        for one, its in of
    ]
    ranked = sorted(scores, key=lambda scored: -scored[0])
    return tuple(one.solved for score, one in ranked[:most] if score >= at_least)


def _telling(some: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(some) if len(word) > 1 and word not in _EMPTY]
