"""Which solved tickets are like another text.

What is alike at all is told by the words that both have, rare ones counting more. Which of those is
the most alike is told by how often words stand in them, those of the title once more, and pieces of
words: people write the same thing in many ways. Everything about likeness is here, so that
something better can take its place.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from models.skill import words

# What a moderator is shown, and what is so alike that its solution is offered to who asks.
ALIKE, VERY_ALIKE = 0.4, 0.5
MOST_SHOWN = 3
SOLUTION_LENGTH = 1000
_MOST_TERMS = 40
_LOOKED_AT_CLOSELY = 300
_WORDS_SHARE = 0.3
_LONGEST_WORD = 40
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
    """A solved ticket to be compared, with all its words as they stand in it."""

    solved: Solved
    words: tuple[str, ...]


def telling(text: str) -> list[str]:
    """The words of a text that say what it is about, each once, in order."""
    return _telling(words(text))[:_MOST_TERMS]


def alike(
    title: str, text: str, past: Sequence[Past], *, at_least: float, most: int
) -> tuple[Solved, ...]:
    """Those that are like a ticket, the most alike first; of equals the one that comes first.

    Args:
        title: as it stands in the text, too.
    """
    asked = frozenset(telling(text))
    of = [frozenset(_telling(one.words)) for one in past]
    times = Counter(word for its in of for word in its)

    def weight(some: Iterable[str]) -> float:
        return sum(math.log1p(len(past) / (times[word] + 1)) for word in some)

    whole = weight(asked)
    scores = [
        weight(asked & its) / math.sqrt(whole * weight(its)) if asked & its else 0.0 for its in of
    ]
    enough = [place for place, score in enumerate(scores) if score >= at_least]
    if not enough:
        return ()
    closely = sorted(enough, key=lambda place: -scores[place])[: max(most, _LOOKED_AT_CLOSELY)]
    others = [past[place] for place in closely]
    close = _closeness(
        words(f"{title} {text}"), [(*words(one.solved.title), *one.words) for one in others]
    )
    ranked = sorted(range(len(closely)), key=lambda place: -close[place])
    return tuple(past[closely[place]].solved for place in ranked[:most])


def _closeness(asked: Sequence[str], others: Sequence[Sequence[str]]) -> list[float]:
    """How close each of some texts is: the angle between them by words, and by pieces of words."""
    by_words = _angles(_bag(asked, _whole), [_bag(one, _whole) for one in others])
    by_pieces = _angles(_bag(asked, _pieces), [_bag(one, _pieces) for one in others])
    share = _WORDS_SHARE
    return [share * a + (1 - share) * b for a, b in zip(by_words, by_pieces, strict=True)]


def _bag(text: Sequence[str], parts: Callable[[str], tuple[str, ...]]) -> dict[str, float]:
    """How often each part stands in a text; the tenth time counts less than the first."""
    bag: Counter[str] = Counter()
    for word, times in Counter(word for word in text if word not in _EMPTY).items():
        for part in parts(word):
            bag[part] += times
    return {part: 1 + math.log(times) for part, times in bag.items()}


def _angles(asked: Mapping[str, float], others: Sequence[Mapping[str, float]]) -> list[float]:
    """The cosine of the angle to each of the others, rare parts counting more."""
    times = Counter(part for one in others for part in one)
    rare = {part: math.log1p(len(others) / many) for part, many in times.items()}
    rarest = math.log1p(len(others))

    def length(bag: Mapping[str, float]) -> float:
        return math.sqrt(sum((n * rare.get(part, rarest)) ** 2 for part, n in bag.items()))

    whole = length(asked)
    return [
        sum(n * one[part] * rare[part] ** 2 for part, n in asked.items() if part in one)
        / (whole * length(one) or 1)
        for one in others
    ]


def _whole(word: str) -> tuple[str, ...]:
    return (word,)


@lru_cache(maxsize=4000)
def _pieces(word: str) -> tuple[str, ...]:
    """Three and four letters of a word in a row, its borders among them."""
    bordered = f" {word[:_LONGEST_WORD]} "
    return tuple(
        bordered[at : at + length] for length in (3, 4) for at in range(len(bordered) - length + 1)
    )


def _telling(some: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(some) if len(word) > 1 and word not in _EMPTY]
