"""The result of triage: category, priority, skills, summary, notes, engine and confidence."""

from enum import StrEnum

from pydantic import Field

from models.infra.stored_model import StoredModel


class Priority(StrEnum):
    """The priority of a ticket, lowest first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"

    def at_least(self, floor: "Priority") -> "Priority":
        """This priority, or the floor if that is higher."""
        order = list(Priority)
        return max(self, floor, key=order.index)


class Engine(StrEnum):
    """The engine that triaged a ticket."""

    GEMINI = "gemini"
    BUILTIN = "builtin"


# Below this confidence an engine leaves the category to people.
MIN_CONFIDENCE = 0.55


class Category(StoredModel):
    """A category of tickets, with a description and keywords that point to it.

    Attributes:
        floor: the minimum priority of its tickets; None if there is no minimum.
        private: its tickets are never sent to an AI.
    """

    name: str
    description: str = ""
    keywords: tuple[str, ...] = ()
    floor: Priority | None = None
    private: bool = False


class Triage(StoredModel):
    """The result of triage for one ticket.

    Attributes:
        category: one of the workspace's categories.
        skills: skills of the workspace; empty if none is needed or none was recognised.
        summary: one line.
        notes: hints for the moderator; never shown to the requester.
        confidence: the probability that the category is right, 0 to 1.
        dropped: labels in the model's answer that the workspace does not have.
        why_builtin: why Gemini did not triage the ticket; "" if it did.
        stopgap: Gemini failed; it may be asked again later.
        second: the second most probable category; "" if the engine knows none.
        private_category: the private category that the ticket is or may be in, so that an AI never
            gets it; "" if there is none.
        model: the model that answered.
        prompt: the version of the prompt.
        ms: the duration of the answer in milliseconds.
        tokens: the tokens of the model that the answer used.
    """

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
    private_category: str = ""
    model: str = ""
    prompt: str = ""
    ms: int = 0
    tokens: int = 0
