"""How often engines are right: what they said of tickets, held against what moderators said."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

# What of a lesson is looked at; a newer lesson pushes out an older one.
JUDGED_FIELDS = (
    "category", "priority", "skills", "said.category", "said.priority", "said.skills",
    "said.engine", "said.model", "said.prompt", "shadow",
)  # fmt: skip
MAX_JUDGED_EXAMPLES = 5000
_MAX_CONFUSIONS = 10


@dataclass(frozen=True, slots=True)
class JudgedTriage:
    """One ticket: what an engine said, and whether a moderator let it stand.

    Attributes:
        said, is_: the category by the engine, and by the moderator.
        overridden: whether category, priority or skills were changed.
        shadow: whether a prompt on trial said so, which nobody was shown.
    """

    predicted: str
    actual: str
    overridden: bool
    engine: str
    model: str
    prompt: str
    shadow: bool = False

    @classmethod
    def list_from_document(cls, document: Mapping[str, Any]) -> list[Self]:
        """From a stored lesson: what people were told, and what a prompt on trial said."""
        trial = (
            [cls._from_document(document, document["shadow"], shadow=True)]
            if document.get("shadow")
            else []
        )
        return [cls._from_document(document, document["said"], shadow=False), *trial]

    @classmethod
    def _from_document(
        cls, document: Mapping[str, Any], answer: Mapping[str, Any], *, shadow: bool
    ) -> Self:
        parts = ("category", "priority")
        overridden = any(answer[part] != document[part] for part in parts)
        return cls(
            predicted=answer["category"],
            actual=document["category"],
            overridden=overridden or set(answer["skills"]) != set(document["skills"]),
            engine=answer["engine"],
            model=answer.get("model", ""),
            prompt=answer.get("prompt", ""),
            shadow=shadow,
        )


@dataclass(frozen=True, slots=True)
class CategoryAccuracy:
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
class EngineAccuracy:
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
    categories: tuple[CategoryAccuracy, ...]
    confusions: tuple[Confusion, ...]
    engines: tuple[EngineAccuracy, ...]


def measure_accuracy(judged_triages: Sequence[JudgedTriage]) -> Accuracy:
    """The accuracy; what concerns the most tickets comes first."""
    told = [one for one in judged_triages if not one.shadow]
    wrong = Counter((one.predicted, one.actual) for one in told if one.predicted != one.actual)
    return Accuracy(
        tickets=len(told),
        right=len(told) - wrong.total(),
        categories=tuple(_category_accuracies(told)),
        confusions=tuple(
            Confusion(said=said, is_=is_, tickets=times)
            for (said, is_), times in wrong.most_common(_MAX_CONFUSIONS)
        ),
        engines=tuple(_engine_accuracies(judged_triages)),
    )


def _category_accuracies(judged_triages: Sequence[JudgedTriage]) -> Iterable[CategoryAccuracy]:
    is_ = Counter(one.actual for one in judged_triages)
    said = Counter(one.predicted for one in judged_triages)
    right = Counter(one.actual for one in judged_triages if one.predicted == one.actual)
    names = sorted({*is_, *said}, key=lambda name: (-is_[name], -said[name], name))
    return (CategoryAccuracy(name, is_[name], said[name], right[name]) for name in names)


def _engine_accuracies(judged_triages: Sequence[JudgedTriage]) -> Iterable[EngineAccuracy]:
    of: dict[tuple[str, str, str, bool], list[JudgedTriage]] = {}
    for one in judged_triages:
        of.setdefault((one.engine, one.model, one.prompt, one.shadow), []).append(one)
    for (engine, model, prompt, shadow), ones in sorted(of.items(), key=lambda each: -len(each[1])):
        yield EngineAccuracy(
            engine=engine,
            model=model,
            prompt=prompt,
            tickets=len(ones),
            right=sum(one.predicted == one.actual for one in ones),
            overridden=sum(one.overridden for one in ones),
            shadow=shadow,
        )
