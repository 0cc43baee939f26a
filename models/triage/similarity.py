"""Similarity of texts: finds the solved tickets that are most like another text.

The first score selects candidates by the stems that both texts share; rare stems weigh more. Shared
words of the titles can raise it, since a long description hides the similarity of short titles.

The second score ranks the candidates by the frequency of words and by character n-grams. The
n-grams help because people write the same thing in many ways. Words of the title count once more.

No other file computes similarity, so a better method can replace this one.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, pairwise

from models.infra.stored_model import StoredModel
from models.triage.skills import stem, words

# The minimum score for showing a ticket to a moderator, and for suggesting its solution to a
# requester.
MIN_SIMILARITY, MIN_SIMILARITY_TO_SUGGEST = 0.4, 0.5
MAX_SIMILAR_SHOWN = 3
MAX_SOLUTION_LENGTH = 1000
_MAX_TERMS = 40
_MAX_RERANKED = 300
_TITLE_WEIGHT = 0.35
# One shared word would match many titles that are about something else.
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


class SolvedTicket(StoredModel):
    """A solved ticket and its solution."""

    ticket_id: str
    title: str
    solution: str


@dataclass(frozen=True, slots=True)
class ComparableTicket:
    """A solved ticket with all its words, in order, to compare a text with."""

    ticket: SolvedTicket
    words: tuple[str, ...]


def significant_words(text: str) -> list[str]:
    """The first 40 different words of a text, in order, without stop words."""
    return _remove_stop_words(words(text))[:_MAX_TERMS]


def rank_similar(
    title: str, text: str, candidates: Sequence[ComparableTicket], *, min_score: float, limit: int
) -> tuple[SolvedTicket, ...]:
    """The solved tickets most like a text, most similar first; ties keep their order.

    Args:
        title: the title of the text.
        text: the whole text, title included.
        candidates: the solved tickets to compare.
        min_score: tickets with a lower similarity are left out.
        limit: the number of tickets at most.
    """
    scores = _similarity_scores(title, text, candidates)
    similar = [number for number, score in enumerate(scores) if score >= min_score]
    if not similar:
        return ()
    best = sorted(similar, key=lambda number: -scores[number])[: max(limit, _MAX_RERANKED)]
    shortlist = [candidates[number] for number in best]
    rerank_scores = _rerank_scores(
        words(f"{title} {text}"),
        [(*words(candidate.ticket.title), *candidate.words) for candidate in shortlist],
    )
    ranked = sorted(range(len(shortlist)), key=lambda number: -rerank_scores[number])
    return tuple(shortlist[number].ticket for number in ranked[:limit])


def _similarity_scores(
    title: str, text: str, candidates: Sequence[ComparableTicket]
) -> list[float]:
    """The overlap of each candidate with the text, raised if the titles overlap more."""
    texts = [_significant_stems(candidate.words) for candidate in candidates]
    by_text = _overlap_scores(
        frozenset(map(stem, significant_words(text))), texts, _make_idf_weight(texts)
    )
    query = _significant_stems(words(title))
    titles = [_significant_stems(words(candidate.ticket.title)) for candidate in candidates]
    titles = [
        stems if len(query & stems) >= _MIN_SHARED_TITLE_WORDS else frozenset() for stems in titles
    ]
    if not any(titles):
        return by_text
    by_title = _overlap_scores(query, titles, _make_idf_weight(texts))
    return [
        text_score + _TITLE_WEIGHT * max(0.0, title_score - text_score)
        for text_score, title_score in zip(by_text, by_title, strict=True)
    ]


def _overlap_scores(
    query: frozenset[str],
    candidates: Sequence[frozenset[str]],
    weight: Callable[[Iterable[str]], float],
) -> list[float]:
    """The weight of the stems that each candidate shares with the query, between 0 and 1."""
    query_weight = weight(query)
    return [
        weight(query & stems) / math.sqrt(query_weight * weight(stems)) if query & stems else 0.0
        for stems in candidates
    ]


def _make_idf_weight(texts: Sequence[frozenset[str]]) -> Callable[[Iterable[str]], float]:
    """A function that sums the weights of stems; a stem in fewer texts weighs more."""
    text_count, frequencies = len(texts), Counter(chain.from_iterable(texts))
    weights = {
        word: math.log1p(text_count / (frequency + 1)) for word, frequency in frequencies.items()
    }
    unknown_weight = math.log1p(text_count)
    return lambda stems: sum(weights.get(word, unknown_weight) for word in stems)


def _rerank_scores(query: Sequence[str], candidates: Sequence[Sequence[str]]) -> list[float]:
    """The cosine similarity of each candidate, by words and by character n-grams together."""
    by_words = _cosine_similarities(
        _log_counts(_stems_and_bigrams(query)),
        [_log_counts(_stems_and_bigrams(candidate)) for candidate in candidates],
    )
    by_ngrams = _cosine_similarities(
        _log_counts(_text_ngrams(query)),
        [_log_counts(_text_ngrams(candidate)) for candidate in candidates],
    )
    return [
        _WORD_WEIGHT * word_score + (1 - _WORD_WEIGHT) * ngram_score
        for word_score, ngram_score in zip(by_words, by_ngrams, strict=True)
    ]


def _log_counts(terms: Iterable[str]) -> dict[str, float]:
    """The logarithmic frequency of each term: its tenth occurrence counts less than its first."""
    return {term: 1 + math.log(count) for term, count in Counter(terms).items()}


def _cosine_similarities(
    query: Mapping[str, float], candidates: Sequence[Mapping[str, float]]
) -> list[float]:
    """The cosine similarity of each candidate to the query; rare terms weigh more."""
    frequencies = Counter(term for candidate in candidates for term in candidate)
    # Plus 1, so that a term that all candidates have keeps a weight, also if there are only two.
    max_weight = 1 + math.log(1 + len(candidates))
    weights = {
        term: max_weight - math.log(1 + frequency) for term, frequency in frequencies.items()
    }

    def vector_length(counts: Mapping[str, float]) -> float:
        return math.sqrt(
            sum((count * weights.get(term, max_weight)) ** 2 for term, count in counts.items())
        )

    query_length = vector_length(query)
    return [
        sum(
            count * candidate[term] * weights[term] ** 2
            for term, count in query.items()
            if term in candidate
        )
        / (query_length * vector_length(candidate) or 1)
        for candidate in candidates
    ]


def _stems_and_bigrams(tokens: Sequence[str]) -> Iterator[str]:
    """The stems of a text without stop words, and each pair of neighbouring stems."""
    stems = [stem(word) for word in tokens if word not in _STOP_WORDS]
    yield from stems
    yield from map(" ".join, pairwise(stems))


def _text_ngrams(tokens: Sequence[str]) -> Iterator[str]:
    for word in tokens:
        yield from _word_ngrams(word)


@lru_cache(maxsize=4000)
def _word_ngrams(word: str) -> tuple[str, ...]:
    """All n-grams of 2 to 5 characters of a word, with a space before and after it."""
    padded = f" {word[:_MAX_WORD_LENGTH]} "
    return tuple(
        padded[start : start + length]
        for length in range(2, 6)
        for start in range(len(padded) - length + 1)
    )


def _remove_stop_words(tokens: Iterable[str]) -> list[str]:
    return [word for word in dict.fromkeys(tokens) if len(word) > 1 and word not in _STOP_WORDS]


def _significant_stems(tokens: Iterable[str]) -> frozenset[str]:
    return frozenset(map(stem, _remove_stop_words(tokens)))
