"""The triage accuracy, over the API."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from bot.api.auth import Admin
from bot.api.dependencies import TrainingStoreDep
from bot.api.problems import documented_errors
from models.engine.accuracy import MAX_JUDGED_EXAMPLES, Accuracy, measure_accuracy

router = APIRouter(prefix="/triage", tags=["triage"])


class AttributeResponse(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True, populate_by_name=True)


class CategoryOut(AttributeResponse):
    """The triage accuracy of one category."""

    category: str
    tickets: int = Field(description="tickets in it, by the moderators")
    said: int = Field(description="tickets that triage put into it")
    right: int = Field(description="tickets that both put into it")


class ConfusionOut(AttributeResponse):
    """A count of tickets that triage put into a wrong category.

    `said` is the category by triage, and `is` the one by the moderators.
    """

    said: str
    is_: str = Field(serialization_alias="is")
    tickets: int


class EngineOut(AttributeResponse):
    """The triage accuracy of one engine with one model and prompt."""

    engine: str
    model: str
    prompt: str
    tickets: int
    right: int = Field(description="tickets whose category was right")
    overridden: int = Field(description="tickets with a changed category, priority or skills")
    shadow: bool = Field(description="whether it is a shadow prompt, whose answers are not shown")


class AccuracyOut(AttributeResponse):
    """The triage accuracy over the newest tickets that moderators have judged."""

    tickets: int
    right: int
    categories: tuple[CategoryOut, ...]
    confusions: tuple[ConfusionOut, ...]
    engines: tuple[EngineOut, ...]


@router.get("/accuracy", responses=documented_errors())
async def accuracy(caller: Admin, *, training_store: TrainingStoreDep) -> AccuracyOut:
    """Compare triage with the moderators, who judge a ticket by correcting or resolving it."""
    judged_triages = await training_store.judged_triages(
        caller.member.team_id, limit=MAX_JUDGED_EXAMPLES
    )
    measured: Accuracy = measure_accuracy(judged_triages)
    return AccuracyOut.model_validate(measured)
