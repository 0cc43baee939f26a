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

from models.triage.skills import stem, words

# What a moderator is shown, and what is so alike that its solution is offered to who asks.
MIN_SIMILARITY, MIN_SIMILARITY_TO_SUGGEST = 0.4, 0.5
MAX_SIMILAR_SHOWN = 3
MAX_SOLUTION_LENGTH = 1000
_MAX_TERMS = 40
_MAX_RERANKED = 300
_TITLE_WEIGHT = 0.35
# By one word alone many titles would be alike that are not.
_MIN_SHARED_TITLE_WORDS = 2
_WORD_WEIGHT = 0.3
_MAX_WORD_LENGTH = 40
_STOP_WORDS = frozenset(
    words(
        "a about after again all also am an and any are as at be been before but by can cannot "
        "could day did do does doesn don for from get gets got had has have hello help hi how i if "
        "in into is isn it its just keep keeps know m me my need no not now of off on one or our "
        "out please re s since so some still t than thank thanks that the their them then there "
        "these they this to today too tried try trying up us use was we what when where which "
        "while who why will with work working works would ve you your"
    )
)


class SolvedTicket(BaseModel):
    """A ticket that was solved, and how."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    ticket_id: str
    title: str
    solution: str


@dataclass(frozen=True, slots=True)
class ComparableTicket:
    """A solved ticket to be compared, with all its words as they stand in it."""

    ticket: SolvedTicket
    words: tuple[str, ...]


def significant_words(text: str) -> list[str]:
    """The words of a text that say what it is about, each once, in order."""
    return _remove_stop_words(words(text))[:_MAX_TERMS]


def rank_similar(
    title: str, text: str, candidates: Sequence[ComparableTicket], *, min_score: float, limit: int
) -> tuple[SolvedTicket, ...]:
    """Those that are like a ticket, the most alike first; of equals the one that comes first.

    Args:
        title: as it stands in the text, too.
    """
    scores = _similarity_scores(title, text, candidates)
    enough = [place for place, score in enumerate(scores) if score >= min_score]
    if not enough:
        return ()
    closely = sorted(enough, key=lambda place: -scores[place])[: max(limit, _MAX_RERANKED)]
    others = [candidates[place] for place in closely]
    close = _rerank_scores(
        words(f"{title} {text}"), [(*words(one.ticket.title), *one.words) for one in others]
    )
    ranked = sorted(range(len(closely)), key=lambda place: -close[place])
    return tuple(candidates[closely[place]].ticket for place in ranked[:limit])


def _similarity_scores(
    title: str, text: str, candidates: Sequence[ComparableTicket]
) -> list[float]:
    """How much of each is the same: of all words and, where that is more, of the titles, too."""
    texts = [_significant_stems(one.words) for one in candidates]
    by_text = _overlap_scores(
        frozenset(map(stem, significant_words(text))), texts, _make_idf_weight(texts)
    )
    asked = _significant_stems(words(title))
    titles = [_significant_stems(words(one.ticket.title)) for one in candidates]
    titles = [its if len(asked & its) >= _MIN_SHARED_TITLE_WORDS else frozenset() for its in titles]
    if not any(titles):
        return by_text
    by_title = _overlap_scores(asked, titles, _make_idf_weight(texts))
    return [
        one + _TITLE_WEIGHT * max(0.0, of_titles - one)
        for one, of_titles in zip(by_text, by_title, strict=True)
    ]


def _overlap_scores(
    query: frozenset[str],
    candidates: Sequence[frozenset[str]],
    weight: Callable[[Iterable[str]], float],
) -> list[float]:
    """The share of its words that each has in common with what is asked."""
    whole = weight(query)
    return [
        weight(query & its) / math.sqrt(whole * weight(its)) if query & its else 0.0
        for its in candidates
    ]


def _make_idf_weight(texts: Sequence[frozenset[str]]) -> Callable[[Iterable[str]], float]:
    """What some words weigh in all: of each the more, the fewer texts have it."""
    many, times = len(texts), Counter(chain.from_iterable(texts))
    weights = {word: math.log1p(many / (having + 1)) for word, having in times.items()}
    unknown = math.log1p(many)
    return lambda some: sum(weights.get(word, unknown) for word in some)


def _rerank_scores(query: Sequence[str], candidates: Sequence[Sequence[str]]) -> list[float]:
    """How close each of some texts is: the angle between them by words, and by pieces of words."""
    by_words = _cosine_similarities(
        _log_counts(_stems_and_bigrams(query)),
        [_log_counts(_stems_and_bigrams(one)) for one in candidates],
    )
    by_pieces = _cosine_similarities(
        _log_counts(_text_ngrams(query)), [_log_counts(_text_ngrams(one)) for one in candidates]
    )
    share = _WORD_WEIGHT
    return [share * a + (1 - share) * b for a, b in zip(by_words, by_pieces, strict=True)]


def _log_counts(terms: Iterable[str]) -> dict[str, float]:
    """How often each part stands in a text; the tenth time counts less than the first."""
    return {part: 1 + math.log(times) for part, times in Counter(terms).items()}


def _cosine_similarities(
    query: Mapping[str, float], candidates: Sequence[Mapping[str, float]]
) -> list[float]:
    """The cosine of the angle to each of the others, rare parts counting more."""
    times = Counter(part for one in candidates for part in one)
    # Of two texts that are left, what both have says something still: hence the one.
    rarest = 1 + math.log(1 + len(candidates))
    rare = {part: rarest - math.log(1 + many) for part, many in times.items()}

    def length(bag: Mapping[str, float]) -> float:
        return math.sqrt(sum((n * rare.get(part, rarest)) ** 2 for part, n in bag.items()))

    whole = length(query)
    return [
        sum(n * one[part] * rare[part] ** 2 for part, n in query.items() if part in one)
        / (whole * length(one) or 1)
        for one in candidates
    ]


def _stems_and_bigrams(tokens: Sequence[str]) -> Iterator[str]:
    """The stems of a text, and each two in a row."""
    some = [stem(word) for word in tokens if word not in _STOP_WORDS]
    yield from some
    yield from map(" ".join, pairwise(some))


def _text_ngrams(tokens: Sequence[str]) -> Iterator[str]:
    for word in tokens:
        yield from _word_ngrams(word)


@lru_cache(maxsize=4000)
def _word_ngrams(word: str) -> tuple[str, ...]:
    """Two to five letters of a word in a row, its borders among them."""
    bordered = f" {word[:_MAX_WORD_LENGTH]} "
    return tuple(
        bordered[at : at + length]
        for length in range(2, 6)
        for at in range(len(bordered) - length + 1)
    )


def _remove_stop_words(tokens: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(tokens) if len(word) > 1 and word not in _STOP_WORDS]


def _significant_stems(tokens: Iterable[str]) -> frozenset[str]:
    return frozenset(map(stem, _remove_stop_words(tokens)))
