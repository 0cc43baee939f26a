"""A lesson: what a moderator says a ticket is, held against what an engine had said of it."""

from datetime import datetime

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from models.triage.result import Priority, Triage


class TrainingExample(BaseModel):
    """What is learnt from one ticket; a later correction of the same ticket takes its place.

    Attributes:
        text: what the requester wrote, title first.
        said: what the engine had said, before anybody corrected it.
        category, priority, skills: what is right.
        confidential: its text may teach the built-in engine, and is never shown to an AI.
        by: who says so.
        shadow: what Gemini said by a prompt on trial, that nobody was shown.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, serialize_by_alias=True)

    ticket_id: str
    team_id: str
    text: str
    original_triage: Triage = Field(
        validation_alias=AliasChoices("original_triage", "said"), serialization_alias="said"
    )
    category: str
    priority: Priority
    skills: tuple[str, ...] = ()
    confidential: bool = False
    by: str
    at: datetime
    shadow_triage: Triage | None = Field(
        default=None,
        validation_alias=AliasChoices("shadow_triage", "shadow"),
        serialization_alias="shadow",
    )
