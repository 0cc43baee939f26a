"""The skill vocabulary: a closed list of names with aliases, and how they are found in text.

Text and names are cut into the same words, and a skill is found where its words stand in a row.
So `go` is not in "MongoDB", `c++` is a word and never a pattern, and the cost is linear.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property, lru_cache

from pydantic import BaseModel, ConfigDict

from models.triage.safe_regex import compile_pattern

# A word is letters and digits; `+` and `#` belong to it at its end (c++, c#), and a dot at its
# beginning when it opens the word (.net). Everything else separates.
_WORD = re.compile(r"(?:(?<!\S)\.)?[^\W_]+(?:[+#]+(?![\w+#]))?")

_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ed", "es", "s", "e")
_MIN_STEM_LENGTH = 3


def words(text: str) -> list[str]:
    """The words of a text, case folded, in order."""
    return _WORD.findall(text.casefold())


@lru_cache(maxsize=10_000)
def stem(word: str) -> str:
    """The word without a common English ending; other languages keep nearly all of theirs."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM_LENGTH:
            return word.removesuffix(ending)
    return word


class Skill(BaseModel):
    """One skill: its name as people see it, other words that mean the same, and patterns."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str
    aliases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def matches(self, text: str) -> bool:
        """Whether one of the patterns fits somewhere in the text; what is none fits nowhere."""
        for pattern in self.patterns:
            with suppress(ValueError):
                if compile_pattern(pattern).search(text):
                    return True
        return False


class Vocabulary:
    """The desk's skills, ready to be looked up and to be found in text."""

    def __init__(self, skills: Iterable[Skill]) -> None:
        self._skills = tuple(skills)
        self.names = tuple(skill.name for skill in self._skills)

    @cached_property
    def _names_by_words(self) -> dict[tuple[str, ...], str]:
        named = [(skill.name, skill.name) for skill in self._skills]
        # A skill's own name comes before another's alias.
        also = [(alias, skill.name) for skill in self._skills for alias in skill.aliases]
        found: dict[tuple[str, ...], str] = {}
        for term, name in named + also:
            if key := tuple(words(term)):
                found.setdefault(key, name)
        return found

    @cached_property
    def _max_term_words(self) -> int:
        return max((len(key) for key in self._names_by_words), default=0)

    def canonical_name(self, term: str) -> str | None:
        """The skill that a name or alias stands for, or None when the desk has no such skill."""
        return self._names_by_words.get(tuple(words(term)))

    def current_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names as the desk has them now; one that it does not have stays as it is."""
        return tuple(dict.fromkeys(self.canonical_name(name) or name for name in names))

    def existing_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names as the desk has them now, without those that it does not have any more."""
        return tuple(dict.fromkeys(filter(None, map(self.canonical_name, names))))

    def search(self, query: str, *, limit: int) -> tuple[str, ...]:
        """The skills that what is typed may mean, those whose name begins so first."""
        wanted = " ".join(query.casefold().split())
        ranked = sorted(
            (rank, skill.name.casefold(), skill.name)
            for skill in self._skills
            if (rank := _rank(skill, wanted)) is not None
        )
        return tuple(name for _, _, name in ranked[:limit])

    def occurrences_in(self, text: str) -> list[str]:
        """The skills whose name or alias stands in the text as whole words, one for each time.

        One of whose patterns fits somewhere counts once more.
        """
        tokens = words(text)
        spans = (
            tuple(tokens[start : start + length])
            for start in range(len(tokens))
            for length in range(1, self._max_term_words + 1)
            if start + length <= len(tokens)
        )
        named = [self._names_by_words[span] for span in spans if span in self._names_by_words]
        return named + [skill.name for skill in self._skills if skill.matches(text)]

    def names_in(self, text: str) -> tuple[str, ...]:
        """The skills in the text, each once, in order of sight."""
        return tuple(dict.fromkeys(self.occurrences_in(text)))


def _rank(skill: Skill, query: str) -> int | None:
    """How far a skill is from what was typed; None when it does not fit at all."""
    name = skill.name.casefold()
    if name.startswith(query):
        return 0
    if query in name:
        return 1
    return 2 if any(query in alias.casefold() for alias in skill.aliases) else None
