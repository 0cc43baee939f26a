"""Triage accuracy: compares the answers of engines with the judgement of moderators."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

# The fields of a training example (collection `lessons`) that accuracy is computed from.
JUDGED_FIELDS = (
    "category", "priority", "skills", "said.category", "said.priority", "said.skills",
    "said.engine", "said.model", "said.prompt", "shadow",
)  # fmt: skip
# Only the newest examples are read, so that a page costs the same however old a workspace is.
MAX_JUDGED_EXAMPLES = 5000
_MAX_CONFUSIONS = 10


class JudgedTriage(BaseModel):
    """An engine's answer for one ticket, and whether a moderator kept it.

    Attributes:
        predicted: the category that the engine answered.
        actual: the category that the moderator confirmed or set.
        overridden: whether the moderator's category, priority or skills differ from the answer.
        shadow: whether the shadow prompt gave this answer; people never see its answers.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    predicted: str
    actual: str
    overridden: bool
    engine: str
    model: str
    prompt: str
    shadow: bool = False

    @classmethod
    def list_from_document(cls, document: Mapping[str, Any]) -> list[Self]:
        """The original triage of a stored example, and the shadow answer if there is one."""
        shadow_triages = (
            [cls._from_document(document, document["shadow"], shadow=True)]
            if document.get("shadow")
            else []
        )
        return [cls._from_document(document, document["said"], shadow=False), *shadow_triages]

    @classmethod
    def _from_document(
        cls, document: Mapping[str, Any], answer: Mapping[str, Any], *, shadow: bool
    ) -> Self:
        overridden = any(answer[field] != document[field] for field in ("category", "priority"))
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
    """Numbers of tickets for the recall and precision of one category.

    Attributes:
        tickets: tickets that moderators put into this category.
        said: tickets that triage put into this category.
        right: tickets that both put into this category.
    """

    category: str
    tickets: int
    said: int
    right: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """Number of tickets for which triage mistook one category for another.

    Attributes:
        said: the category that triage answered.
        is_: the category that moderators set.
    """

    said: str
    is_: str
    tickets: int


@dataclass(frozen=True, slots=True)
class EngineAccuracy:
    """Number of right and changed answers of an engine with one model and prompt.

    Attributes:
        tickets: tickets that moderators judged.
        right: tickets with the right category.
        overridden: tickets whose category, priority or skills moderators changed.
        shadow: whether this is the shadow prompt; people never see its answers.
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
    """Accuracy of triage over the tickets that moderators have judged.

    Attributes:
        tickets: judged tickets, without shadow answers.
        right: tickets with the right category.
    """

    tickets: int
    right: int
    categories: tuple[CategoryAccuracy, ...]
    confusions: tuple[Confusion, ...]
    engines: tuple[EngineAccuracy, ...]


def measure_accuracy(judged_triages: Sequence[JudgedTriage]) -> Accuracy:
    """The accuracy in total and by category, confusion and engine, each list largest first.

    Shadow answers count only in the list of engines.
    """
    original = [judged for judged in judged_triages if not judged.shadow]
    mistakes = Counter(
        (judged.predicted, judged.actual)
        for judged in original
        if judged.predicted != judged.actual
    )
    return Accuracy(
        tickets=len(original),
        right=len(original) - mistakes.total(),
        categories=tuple(_category_accuracies(original)),
        confusions=tuple(
            Confusion(said=predicted, is_=actual, tickets=count)
            for (predicted, actual), count in mistakes.most_common(_MAX_CONFUSIONS)
        ),
        engines=tuple(_engine_accuracies(judged_triages)),
    )


def _category_accuracies(judged_triages: Sequence[JudgedTriage]) -> Iterable[CategoryAccuracy]:
    actual = Counter(judged.actual for judged in judged_triages)
    predicted = Counter(judged.predicted for judged in judged_triages)
    right = Counter(judged.actual for judged in judged_triages if judged.predicted == judged.actual)
    names = sorted({*actual, *predicted}, key=lambda name: (-actual[name], -predicted[name], name))
    return (CategoryAccuracy(name, actual[name], predicted[name], right[name]) for name in names)


def _engine_accuracies(judged_triages: Sequence[JudgedTriage]) -> Iterable[EngineAccuracy]:
    by_engine: dict[tuple[str, str, str, bool], list[JudgedTriage]] = {}
    for judged in judged_triages:
        key = (judged.engine, judged.model, judged.prompt, judged.shadow)
        by_engine.setdefault(key, []).append(judged)
    for key, answers in sorted(by_engine.items(), key=lambda item: -len(item[1])):
        engine, model, prompt, shadow = key
        yield EngineAccuracy(
            engine=engine,
            model=model,
            prompt=prompt,
            tickets=len(answers),
            right=sum(judged.predicted == judged.actual for judged in answers),
            overridden=sum(judged.overridden for judged in answers),
            shadow=shadow,
        )
