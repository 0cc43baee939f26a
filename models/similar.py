"""Which solved tickets are like another text.

What is alike at all is told by the words that both have, whatever their endings, rare ones counting
more, and those of both titles again: a long description says little about how like a short title
is. Which of those is the most alike is told by how often words stand in them, those of the title
once more, and pieces of words: people write the same thing in many ways. Everything about likeness
is here, so that something better can take its place.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

from pydantic import BaseModel, ConfigDict

from models.skill import stem, words

# What a moderator is shown, and what is so alike that its solution is offered to who asks.
ALIKE, VERY_ALIKE = 0.4, 0.5
MOST_SHOWN = 3
SOLUTION_LENGTH = 1000
_MOST_TERMS = 40
_LOOKED_AT_CLOSELY = 300
_TITLES_SHARE = 0.35
# By one word alone many titles would be alike that are not.
_SHARED_IN_TITLES = 2
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
    scores = _likeness(title, text, past)
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


def _likeness(title: str, text: str, past: Sequence[Past]) -> list[float]:
    """How much of each is the same: of all words and, where that is more, of the titles, too."""
    texts = [_stems(one.words) for one in past]
    by_text = _shared(frozenset(map(stem, telling(text))), texts, _rarity(texts))
    asked = _stems(words(title))
    titles = [_stems(words(one.solved.title)) for one in past]
    titles = [its if len(asked & its) >= _SHARED_IN_TITLES else frozenset() for its in titles]
    if not any(titles):
        return by_text
    by_title = _shared(asked, titles, _rarity(texts))
    return [
        one + _TITLES_SHARE * max(0.0, of_titles - one)
        for one, of_titles in zip(by_text, by_title, strict=True)
    ]


def _shared(
    asked: frozenset[str],
    others: Sequence[frozenset[str]],
    weight: Callable[[Iterable[str]], float],
) -> list[float]:
    """The share of its words that each has in common with what is asked."""
    whole = weight(asked)
    return [
        weight(asked & its) / math.sqrt(whole * weight(its)) if asked & its else 0.0
        for its in others
    ]


def _rarity(texts: Sequence[frozenset[str]]) -> Callable[[Iterable[str]], float]:
    """What some words weigh in all: of each the more, the fewer texts have it."""
    many, times = len(texts), Counter(chain.from_iterable(texts))
    weights = {word: math.log1p(many / (having + 1)) for word, having in times.items()}
    unknown = math.log1p(many)
    return lambda some: sum(weights.get(word, unknown) for word in some)


def _closeness(asked: Sequence[str], others: Sequence[Sequence[str]]) -> list[float]:
    """How close each of some texts is: the angle between them by words, and by pieces of words."""
    by_words = _angles(_bag(_terms(asked)), [_bag(_terms(one)) for one in others])
    by_pieces = _angles(_bag(_in_pieces(asked)), [_bag(_in_pieces(one)) for one in others])
    share = _WORDS_SHARE
    return [share * a + (1 - share) * b for a, b in zip(by_words, by_pieces, strict=True)]


def _bag(parts: Iterable[str]) -> dict[str, float]:
    """How often each part stands in a text; the tenth time counts less than the first."""
    return {part: 1 + math.log(times) for part, times in Counter(parts).items()}


def _angles(asked: Mapping[str, float], others: Sequence[Mapping[str, float]]) -> list[float]:
    """The cosine of the angle to each of the others, rare parts counting more."""
    times = Counter(part for one in others for part in one)
    # Of two texts that are left, what both have says something still: hence the one.
    rarest = 1 + math.log(1 + len(others))
    rare = {part: rarest - math.log(1 + many) for part, many in times.items()}

    def length(bag: Mapping[str, float]) -> float:
        return math.sqrt(sum((n * rare.get(part, rarest)) ** 2 for part, n in bag.items()))

    whole = length(asked)
    return [
        sum(n * one[part] * rare[part] ** 2 for part, n in asked.items() if part in one)
        / (whole * length(one) or 1)
        for one in others
    ]


def _terms(text: Sequence[str]) -> Iterator[str]:
    """The stems of a text, and each two in a row."""
    some = [stem(word) for word in text if word not in _EMPTY]
    yield from some
    yield from map(" ".join, pairwise(some))


def _in_pieces(text: Sequence[str]) -> Iterator[str]:
    for word in text:
        yield from _pieces(word)


@lru_cache(maxsize=4000)
def _pieces(word: str) -> tuple[str, ...]:
    """Two to five letters of a word in a row, its borders among them."""
    bordered = f" {word[:_LONGEST_WORD]} "
    return tuple(
        bordered[at : at + length]
        for length in range(2, 6)
        for at in range(len(bordered) - length + 1)
    )


def _telling(some: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(some) if len(word) > 1 and word not in _EMPTY]


def _stems(some: Iterable[str]) -> frozenset[str]:
    return frozenset(map(stem, _telling(some)))
