"""The built-in engine of each workspace, taught by its lessons; the same on every worker.

It is made of nothing but the lessons in MongoDB and the desk's lists, with fixed seeds, so two
workers that read the same lessons answer the same. Lessons are learnt aside; until that is done,
the engine of before answers; on a worker that has just started, one without lessons.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from jobs.engines.training_process import TrainingData, train_in_subprocess
from models.engine import keyword_engine
from models.engine.classifier import Classifier
from models.engine.priority_model import PriorityModel
from models.engine.training_store import TrainingStore
from models.tickets.ticket import Ticket
from models.triage.result import Category, Priority, Triage
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample

MAX_TRAINING_EXAMPLES = 5000
_CHECK_INTERVAL_SECONDS = 3.0
# So long the first ticket on a worker waits for what there is to learn, before it does without.
_MAX_FIRST_WAIT_SECONDS = 1.0
# Where lessons never end, learning takes a tenth of the time at most.
_PAUSE_PER_TRAINING_TIME = 10
_MAX_NEIGHBOURS = 10
_HALF = 0.5
_MAX_SKILLS = 8
# As alike as one ticket that reads the same: where few are known, what is hardly like any of them
# needs none of their skills.
_MIN_TOTAL_SIMILARITY = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What one workspace's lessons made.

    Attributes:
        categories: among which it was learnt to choose; when they change, it is of no use.
    """

    categories: tuple[Category, ...]
    classifier: Classifier
    priority_model: PriorityModel | None
    training_examples: tuple[TrainingExample, ...]


@dataclass(slots=True)
class _WorkspaceModel:
    trained_version: str = ""
    taxonomy: Taxonomy | None = None
    checked_at: float = float("-inf")
    model: TrainedModel | None = None
    paused_until: float = float("-inf")
    training_task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class ModelCache:
    """The engines of all workspaces, as this worker has them."""

    workspaces: dict[str, _WorkspaceModel] = field(default_factory=dict)

    async def triage(
        self, training_store: TrainingStore, ticket: Ticket, taxonomy: Taxonomy, *, reason: str
    ) -> Triage:
        """The built-in engine's triage, by all that the workspace has taught it."""
        begun = time.monotonic()
        plain = keyword_engine.triage(ticket, taxonomy, why_builtin=reason)
        workspace = self.workspaces.setdefault(ticket.team_id, _WorkspaceModel())
        await _refresh_model(workspace, training_store, ticket.team_id, taxonomy)
        taught = workspace.model
        # What was learnt of other categories knows neither the new ones nor which are gone.
        if taught is None or taught.categories != taxonomy.categories:
            return plain
        answer = await asyncio.to_thread(apply_model, taught, plain, ticket, taxonomy)
        return answer.model_copy(update={"ms": round((time.monotonic() - begun) * 1000)})

    def stop(self) -> None:
        """Learn no further; the worker ends."""
        for workspace in self.workspaces.values():
            if workspace.training_task:
                workspace.training_task.cancel()


async def _refresh_model(
    workspace: _WorkspaceModel, training_store: TrainingStore, team_id: str, taxonomy: Taxonomy
) -> None:
    """Begin to learn when there is something new; wait for it where nothing is known yet."""
    changed = workspace.taxonomy != taxonomy
    taught = workspace.model
    useless = taught is None or taught.categories != taxonomy.categories
    if changed or time.monotonic() - workspace.checked_at > _CHECK_INTERVAL_SECONDS:
        workspace.checked_at = time.monotonic()
        version = await training_store.version(team_id)
        idle = workspace.training_task is None or workspace.training_task.done()
        idle = idle and (useless or time.monotonic() >= workspace.paused_until)
        if idle and (changed or version != workspace.trained_version):
            learning = _train(workspace, training_store, team_id, taxonomy, version)
            workspace.training_task = asyncio.create_task(learning)
    if useless and workspace.training_task:
        await asyncio.wait({workspace.training_task}, timeout=_MAX_FIRST_WAIT_SECONDS)


async def _train(
    workspace: _WorkspaceModel,
    training_store: TrainingStore,
    team_id: str,
    taxonomy: Taxonomy,
    version: str,
) -> None:
    begun = time.monotonic()
    try:
        taught = workspace.model
        if taught is None or taught.categories != taxonomy.categories:
            workspace.model = await train_model(taxonomy, [])
        known = await training_store.latest(team_id, limit=MAX_TRAINING_EXAMPLES)
        workspace.model = await train_model(taxonomy, known)
    except Exception:
        log.exception("%s: the built-in engine could not learn", team_id)
        return
    workspace.trained_version, workspace.taxonomy = version, taxonomy
    ended = time.monotonic()
    workspace.paused_until = ended + (ended - begun) * _PAUSE_PER_TRAINING_TIME


async def train_model(taxonomy: Taxonomy, training_examples: list[TrainingExample]) -> TrainedModel:
    """Learn from lessons; the order in which they were read does not matter."""
    current = {category.name for category in taxonomy.categories}
    known = sorted(
        (lesson for lesson in training_examples if lesson.category in current),
        key=lambda one: one.ticket_id,
    )
    matter = TrainingData.from_examples(taxonomy.categories, known)
    classifier, ordering = await train_in_subprocess(matter)
    return TrainedModel(taxonomy.categories, classifier, ordering, tuple(known))


def apply_model(
    model: TrainedModel, keyword_triage: Triage, ticket: Ticket, taxonomy: Taxonomy
) -> Triage:
    """The triage with category, confidence, skills and priority as they were learnt.

    A text in which nothing is known stays with the category that takes what fits no other.
    """
    likely = model.classifier.probabilities([ticket.text])
    sure = round(float(model.classifier.confidence([ticket.text], likely)[0]), 2)
    if not keyword_triage.confidence and sure < _HALF:
        return keyword_triage
    order = likely[0].argsort()[::-1]
    names = [model.classifier.labels[place] for place in order]
    near = model.classifier.nearest_examples(ticket.text, limit=_MAX_NEIGHBOURS)
    about = f"{names[0]} {ticket.text}"
    told = model.priority_model.predict([about]) if model.priority_model else None
    same = names[0] == keyword_triage.category
    return keyword_triage.model_copy(
        update={
            "category": names[0],
            "second": names[1] if len(names) > 1 else "",
            "confidence": sure,
            "skills": _merge_skills(model, near, keyword_triage, taxonomy),
            "priority": _adjust_priority(keyword_triage.priority, told),
            "notes": keyword_triage.notes
            if same
            else _explain(names[0], len(model.training_examples)),
        }
    )


def _adjust_priority(priority: Priority, predicted: list[str] | None) -> Priority:
    """One level up or down at most; floors are held by who calls."""
    if predicted is None:
        return priority
    order = list(Priority)
    at, wanted = order.index(priority), order.index(Priority(predicted[0]))
    return order[at + (wanted > at) - (wanted < at)]


def _merge_skills(
    model: TrainedModel,
    neighbours: list[tuple[int, float]],
    keyword_triage: Triage,
    taxonomy: Taxonomy,
) -> tuple[str, ...]:
    """The skills in the text, then those that most tickets like it needed."""
    weight = max(sum(likeness for _, likeness in neighbours), _MIN_TOTAL_SIMILARITY)
    votes: dict[str, float] = {}
    for row, likeness in neighbours:
        for skill in taxonomy.vocabulary.current_names(model.training_examples[row].skills):
            if skill in taxonomy.vocabulary.names:
                votes[skill] = votes.get(skill, 0.0) + likeness
    ranked = sorted(votes, key=lambda skill: (-votes[skill], skill))
    usual = [skill for skill in ranked if votes[skill] > _HALF * weight]
    return tuple(dict.fromkeys((*keyword_triage.skills, *usual)))[:_MAX_SKILLS]


def _explain(category: str, example_count: int) -> str:
    if not example_count:
        return f"It reads most like what {category} is described as."
    return (
        f"It reads most like {category}, by its description and {example_count} corrected tickets."
    )
