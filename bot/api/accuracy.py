"""How often triage was right, over the API."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from bot.api.auth import Admin, CurrentService
from bot.api.problems import documented_errors
from models.engine.accuracy import MAX_JUDGED_EXAMPLES, Accuracy, measure_accuracy

router = APIRouter(prefix="/triage", tags=["triage"])


class AttributeResponse(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True, populate_by_name=True)


class CategoryOut(AttributeResponse):
    """How it went with one category."""

    category: str
    tickets: int = Field(description="how many are in it, by the moderators")
    said: int = Field(description="of how many triage said so")
    right: int = Field(description="of how many both did")


class ConfusionOut(AttributeResponse):
    """How often triage took one category for another."""

    said: str
    is_: str = Field(serialization_alias="is")
    tickets: int


class EngineOut(AttributeResponse):
    """How often what an engine said, with this model and prompt, was changed."""

    engine: str
    model: str
    prompt: str
    tickets: int
    right: int = Field(description="of how many the category was right")
    overridden: int = Field(description="of how many category, priority or skills were changed")
    shadow: bool = Field(description="whether it is on trial: nobody was shown what it said")


class AccuracyOut(AttributeResponse):
    """How often triage was right, over the newest tickets that moderators have judged."""

    tickets: int
    right: int
    categories: tuple[CategoryOut, ...]
    confusions: tuple[ConfusionOut, ...]
    engines: tuple[EngineOut, ...]


@router.get("/accuracy", responses=documented_errors())
async def accuracy(service: CurrentService, caller: Admin) -> AccuracyOut:
    """What engines said, held against what moderators said by correcting and by resolving."""
    judged = await service.training_store.judged_triages(
        caller.member.team_id, limit=MAX_JUDGED_EXAMPLES
    )
    measured: Accuracy = measure_accuracy(judged)
    return AccuracyOut.model_validate(measured)
