"""How often engines are right: what they said of tickets, held against what moderators said."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

# What of a lesson is looked at; a newer lesson pushes out an older one.
JUDGED = (
    "category", "priority", "skills", "said.category", "said.priority", "said.skills",
    "said.engine", "said.model", "said.prompt", "shadow",
)  # fmt: skip
MOST_LESSONS = 5000
_MOST_PAIRS = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """One ticket: what an engine said, and whether a moderator let it stand.

    Attributes:
        said, is_: the category by the engine, and by the moderator.
        overridden: whether category, priority or skills were changed.
        shadow: whether a prompt on trial said so, which nobody was shown.
    """

    said: str
    is_: str
    overridden: bool
    engine: str
    model: str
    prompt: str
    shadow: bool = False

    @classmethod
    def all_of(cls, lesson: Mapping[str, Any]) -> list[Self]:
        """From a stored lesson: what people were told, and what a prompt on trial said."""
        trial = [cls._read(lesson, lesson["shadow"], shadow=True)] if lesson.get("shadow") else []
        return [cls._read(lesson, lesson["said"], shadow=False), *trial]

    @classmethod
    def _read(cls, lesson: Mapping[str, Any], said: Mapping[str, Any], *, shadow: bool) -> Self:
        parts = ("category", "priority")
        overridden = any(said[part] != lesson[part] for part in parts)
        return cls(
            said=said["category"],
            is_=lesson["category"],
            overridden=overridden or set(said["skills"]) != set(lesson["skills"]),
            engine=said["engine"],
            model=said.get("model", ""),
            prompt=said.get("prompt", ""),
            shadow=shadow,
        )


@dataclass(frozen=True, slots=True)
class OfCategory:
    """How it went with one category.

    Attributes:
        tickets: how many are in it, by the moderators.
        said: of how many the engine said so.
        right: of how many both did.
    """

    category: str
    tickets: int
    said: int
    right: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often the engine took one category for another."""

    said: str
    is_: str
    tickets: int


@dataclass(frozen=True, slots=True)
class OfEngine:
    """How often what an engine said, with this model and prompt, was changed.

    Attributes:
        right: of how many the category was right.
        overridden: of how many category, priority or skills were changed.
        shadow: whether it is on trial: nobody was shown what it said.
    """

    engine: str
    model: str
    prompt: str
    tickets: int
    right: int
    overridden: int
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often triage was right, over so many tickets that moderators have judged."""

    tickets: int
    right: int
    categories: tuple[OfCategory, ...]
    confusions: tuple[Confusion, ...]
    engines: tuple[OfEngine, ...]


def measure(judged: Sequence[Judged]) -> Accuracy:
    """The accuracy; what concerns the most tickets comes first."""
    told = [one for one in judged if not one.shadow]
    wrong = Counter((one.said, one.is_) for one in told if one.said != one.is_)
    return Accuracy(
        tickets=len(told),
        right=len(told) - wrong.total(),
        categories=tuple(_by_category(told)),
        confusions=tuple(
            Confusion(said=said, is_=is_, tickets=times)
            for (said, is_), times in wrong.most_common(_MOST_PAIRS)
        ),
        engines=tuple(_by_engine(judged)),
    )


def _by_category(judged: Sequence[Judged]) -> Iterable[OfCategory]:
    is_ = Counter(one.is_ for one in judged)
    said = Counter(one.said for one in judged)
    right = Counter(one.is_ for one in judged if one.said == one.is_)
    names = sorted({*is_, *said}, key=lambda name: (-is_[name], -said[name], name))
    return (OfCategory(name, is_[name], said[name], right[name]) for name in names)


def _by_engine(judged: Sequence[Judged]) -> Iterable[OfEngine]:
    of: dict[tuple[str, str, str, bool], list[Judged]] = {}
    for one in judged:
        of.setdefault((one.engine, one.model, one.prompt, one.shadow), []).append(one)
    for (engine, model, prompt, shadow), ones in sorted(of.items(), key=lambda each: -len(each[1])):
        yield OfEngine(
            engine=engine,
            model=model,
            prompt=prompt,
            tickets=len(ones),
            right=sum(one.said == one.is_ for one in ones),
            overridden=sum(one.overridden for one in ones),
            shadow=shadow,
        )
