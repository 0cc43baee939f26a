"""A training example: a ticket's text, an engine's answer, and the moderator's judgement."""

from datetime import datetime

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from models.triage.result import Priority, Triage


class TrainingExample(BaseModel):
    """The labels of one ticket; a later judgement of the same ticket replaces it.

    Attributes:
        text: the requester's text, title first.
        original_triage: the engine's answer, before a moderator corrected it.
        category: the correct category.
        priority: the correct priority.
        skills: the correct skills.
        confidential: the text trains the built-in engine but is never sent to an AI.
        by: the moderator who judged it.
        at: when they judged it.
        shadow_triage: Gemini's answer to the shadow prompt, which people never see.
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
