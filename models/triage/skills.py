"""Skills: a closed vocabulary of names and aliases, and the search for them in texts.

Text and names are split into the same words. A skill is found where its words stand in a row.
So `go` is not found in "MongoDB", `c++` is a word and not a pattern, and the cost is linear.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property, lru_cache

from models.infra.stored_model import StoredModel
from models.triage.safe_regex import compile_pattern

# A word is letters and digits. `+` and `#` belong to it at its end (c++, c#), a dot at its
# beginning (.net). All other characters separate words.
_WORD = re.compile(r"(?:(?<!\S)\.)?[^\W_]+(?:[+#]+(?![\w+#]))?")

_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ed", "es", "s", "e")
_MIN_STEM_LENGTH = 3


def words(text: str) -> list[str]:
    """The words of a text, case folded, in order."""
    return _WORD.findall(text.casefold())


@lru_cache(maxsize=10_000)
def stem(word: str) -> str:
    """The word without a common English ending; words of other languages rarely change."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM_LENGTH:
            return word.removesuffix(ending)
    return word


class Skill(StoredModel):
    """A skill.

    Attributes:
        name: the name that people see.
        aliases: synonyms of the name.
        patterns: regular expressions that find the skill in a text.
    """

    name: str
    aliases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def matches(self, text: str) -> bool:
        """Whether a pattern matches somewhere in the text; an invalid pattern never matches."""
        for pattern in self.patterns:
            with suppress(ValueError):
                if compile_pattern(pattern).search(text):
                    return True
        return False


class Vocabulary:
    """Finds skills by name or alias, and in texts.

    Attributes:
        names: the names of all skills, in order.
    """

    def __init__(self, skills: Iterable[Skill]) -> None:
        self._skills = tuple(skills)
        self.names = tuple(skill.name for skill in self._skills)

    @cached_property
    def _names_by_words(self) -> dict[tuple[str, ...], str]:
        names = [(skill.name, skill.name) for skill in self._skills]
        aliases = [(alias, skill.name) for skill in self._skills for alias in skill.aliases]
        names_by_words: dict[tuple[str, ...], str] = {}
        # Names come first: a skill's own name wins over another skill's alias.
        for term, name in names + aliases:
            if key := tuple(words(term)):
                names_by_words.setdefault(key, name)
        return names_by_words

    @cached_property
    def _max_term_words(self) -> int:
        return max((len(key) for key in self._names_by_words), default=0)

    def canonical_name(self, term: str) -> str | None:
        """The skill with this name or alias, or None if there is none."""
        return self._names_by_words.get(tuple(words(term)))

    def current_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """The current names of these skills; unknown names stay as they are."""
        return tuple(dict.fromkeys(self.canonical_name(name) or name for name in names))

    def existing_names(self, names: Iterable[str]) -> tuple[str, ...]:
        """The current names of these skills, without unknown ones."""
        return tuple(dict.fromkeys(filter(None, map(self.canonical_name, names))))

    def search(self, query: str, *, limit: int) -> tuple[str, ...]:
        """The skills whose name or alias contains the query; names that begin with it first."""
        normalized = " ".join(query.casefold().split())
        ranked = sorted(
            (rank, skill.name.casefold(), skill.name)
            for skill in self._skills
            if (rank := _rank(skill, normalized)) is not None
        )
        return tuple(name for _, _, name in ranked[:limit])

    def occurrences_in(self, text: str) -> list[str]:
        """The skills in the text: one entry for each occurrence of a name or alias as whole words.

        A skill with a matching pattern gets one more entry.
        """
        tokens = words(text)
        spans = (
            tuple(tokens[start : start + length])
            for start in range(len(tokens))
            for length in range(1, self._max_term_words + 1)
            if start + length <= len(tokens)
        )
        by_words = [self._names_by_words[span] for span in spans if span in self._names_by_words]
        return by_words + [skill.name for skill in self._skills if skill.matches(text)]

    def names_in(self, text: str) -> tuple[str, ...]:
        """The skills in the text, each once, in the order of their first occurrence."""
        return tuple(dict.fromkeys(self.occurrences_in(text)))


def _rank(skill: Skill, query: str) -> int | None:
    """The rank of a skill for a query, best is 0; None if the skill does not match."""
    name = skill.name.casefold()
    if name.startswith(query):
        return 0
    if query in name:
        return 1
    return 2 if any(query in alias.casefold() for alias in skill.aliases) else None
