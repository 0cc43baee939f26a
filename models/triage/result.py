"""What triage says of a ticket: category, priority, skills, summary, notes; by whom, how sure."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Priority(StrEnum):
    """How soon a ticket needs somebody."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"

    def at_least(self, floor: "Priority") -> "Priority":
        """This priority, or the floor where that is higher."""
        order = list(Priority)
        return max(self, floor, key=order.index)


class Engine(StrEnum):
    """Who did the triage."""

    GEMINI = "gemini"
    BUILTIN = "builtin"


# An engine that is less sure of the category than this has people decide.
MIN_CONFIDENCE = 0.55


class Category(BaseModel):
    """One kind of ticket: what it covers, and words that point to it.

    Attributes:
        floor: the least priority of a ticket of this kind; None: there is none.
        private: its tickets are never sent to an AI.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    floor: Priority | None = None
    private: bool = False


class Triage(BaseModel):
    """The outcome of triage.

    Attributes:
        category: one of the desk's categories.
        skills: names from the desk's vocabulary; empty when none is needed or known.
        summary: one line.
        notes: what may help the moderator; never shown to the requester.
        confidence: how sure the engine is of the category, 0 to 1.
        dropped: what the model answered that the desk does not know.
        why_builtin: why Gemini did not do it, when it did not.
        second: the next likeliest category, where the engine knows one.
        model, prompt: which model answered, and the version of the prompt that asked it.
        stopgap: it stands in for Gemini, which failed, and which may be asked again later.
        ms, tokens: what the answer took, in milliseconds and in tokens of the model.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    category: str
    priority: Priority
    skills: tuple[str, ...] = ()
    summary: str
    notes: str = ""
    engine: Engine
    confidence: float = Field(ge=0, le=1)
    dropped: tuple[str, ...] = ()
    why_builtin: str = ""
    stopgap: bool = False
    second: str = ""
    model: str = ""
    prompt: str = ""
    ms: int = 0
    tokens: int = 0
