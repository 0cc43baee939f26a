"""The built-in engine of each workspace, trained on the examples that its moderators judged.

It depends only on the examples and the taxonomy in MongoDB, with fixed seeds. So two workers that
read the same examples give the same answers. Training runs in the background. Until it is done the
previous model answers; a worker that has just started uses a model without examples.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field, replace

from jobs.engines.training_process import TrainingData, train_in_subprocess
from models.engine.classifier import Classifier
from models.engine.priority_model import PriorityModel
from models.engine.ticket_reading import TicketReading
from models.engine.training_store import TrainingStore
from models.infra.optional_work import optional
from models.tickets.ticket import Ticket
from models.triage.result import Category, Priority, Triage
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample

MAX_TRAINING_EXAMPLES = 5000
_CHECK_INTERVAL_SECONDS = 3.0
# The first ticket on a worker waits at most so long for the training.
_MAX_FIRST_WAIT_SECONDS = 1.0
# A question about privacy waits longer, since the newest examples may be of a private category.
_MAX_PRIVACY_WAIT_SECONDS = 5.0
# After a training the worker pauses ten times as long. So a steady flow of new examples keeps it
# training less than a tenth of the time.
_PAUSE_PER_TRAINING_TIME = 10
_MAX_NEIGHBOURS = 10
_HALF = 0.5
_MAX_SKILLS = 8
# The similarity of one identical ticket. If there are few examples and the ticket is hardly like
# any of them, it gets none of their skills.
_MIN_TOTAL_SIMILARITY = 1.0
# From this probability on, a text may be in a private category. Measured on real tickets of an IT
# desk (it_service, category HR Support, 1,000 examples): 94 % of the private tickets are found, by
# keywords alone 30 %, and 27 % of the others are not sent either. In banking77 these are 1 %.
_MIN_PRIVATE_PROBABILITY = 0.1
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """The trained model of one workspace.

    Attributes:
        categories: the categories it was trained for; it is outdated if the workspace changes them.
        priority_model: None if there are too few examples.
        training_examples: the examples of its categories, in the order of the classifier.
        is_preliminary: it has no examples, and answers until the first training has ended.
    """

    categories: tuple[Category, ...]
    classifier: Classifier
    priority_model: PriorityModel | None
    training_examples: tuple[TrainingExample, ...]
    is_preliminary: bool = False


@dataclass(slots=True)
class _WorkspaceModel:
    trained_version: str = ""
    taxonomy: Taxonomy | None = None
    checked_at: float = float("-inf")
    model: TrainedModel | None = None
    paused_until: float = float("-inf")
    training_task: asyncio.Task[None] | None = None

    def find_model(self, taxonomy: Taxonomy) -> TrainedModel | None:
        """The model for these categories, or None."""
        model = self.model
        # A model for other categories cannot answer the new ones, and would answer deleted ones.
        return model if model and model.categories == taxonomy.categories else None

    async def wait_for_training(self, max_seconds: float) -> None:
        """Wait until the running training ends, if there is one."""
        if self.training_task:
            await asyncio.wait({self.training_task}, timeout=max_seconds)


@dataclass(frozen=True, slots=True)
class ModelCache:
    """The trained models of this worker, by workspace.

    Attributes:
        training_store: the examples to train on.
    """

    training_store: TrainingStore
    workspaces: dict[str, _WorkspaceModel] = field(default_factory=dict)

    async def triage(self, reading: TicketReading, *, reason: str) -> Triage:
        """The built-in engine's triage, by the workspace's model or else by keywords alone.

        Args:
            reading: the ticket to triage.
            reason: why Gemini does not triage it, in words that people read.
        """
        started_at = time.monotonic()
        keyword_triage = reading.keyword_triage.model_copy(update={"why_builtin": reason})
        workspace = self.workspaces.setdefault(reading.ticket.team_id, _WorkspaceModel())
        await _start_training(workspace, self.training_store, reading, _CHECK_INTERVAL_SECONDS)
        if workspace.find_model(reading.taxonomy) is None:
            await workspace.wait_for_training(_MAX_FIRST_WAIT_SECONDS)
        model = workspace.find_model(reading.taxonomy)
        if model is None:
            return keyword_triage
        triage = await asyncio.to_thread(
            apply_model, model, keyword_triage, reading.harmless_ticket, reading.taxonomy
        )
        return triage.model_copy(update={"ms": round((time.monotonic() - started_at) * 1000)})

    async def find_private_category(self, reading: TicketReading) -> str | None:
        """The private category that the text is or may be in; "" if there is none.

        It is None while the model still learns the workspace's examples, or cannot read them.
        """
        workspace = self.workspaces.setdefault(reading.ticket.team_id, _WorkspaceModel())
        if not await _start_training(
            workspace, self.training_store, reading, check_interval_seconds=0
        ):
            return None
        await workspace.wait_for_training(_MAX_PRIVACY_WAIT_SECONDS)
        model = workspace.find_model(reading.taxonomy)
        if model is None or model.is_preliminary:
            return None
        text, taxonomy = reading.ticket.text, reading.taxonomy
        return await asyncio.to_thread(likely_private_category, model, text, taxonomy)

    def stop(self) -> None:
        """Cancel all training; the worker ends."""
        for workspace in self.workspaces.values():
            if workspace.training_task:
                workspace.training_task.cancel()


async def _start_training(
    workspace: _WorkspaceModel,
    training_store: TrainingStore,
    reading: TicketReading,
    check_interval_seconds: float,
) -> bool:
    """Start the training if examples or taxonomy are new; False if the examples are not known."""
    team_id, taxonomy = reading.ticket.team_id, reading.taxonomy
    has_new_taxonomy = workspace.taxonomy != taxonomy
    is_outdated = workspace.find_model(taxonomy) is None
    if has_new_taxonomy or time.monotonic() - workspace.checked_at > check_interval_seconds:
        workspace.checked_at = time.monotonic()
        version = await optional(
            training_store.version(team_id), default=None, name=f"training examples of {team_id}"
        )
        if version is None:
            return False
        is_idle = workspace.training_task is None or workspace.training_task.done()
        may_train = is_idle and (is_outdated or time.monotonic() >= workspace.paused_until)
        if may_train and (has_new_taxonomy or version != workspace.trained_version):
            training = _train(workspace, training_store, team_id, taxonomy, version)
            workspace.training_task = asyncio.create_task(training)
    return True


async def _train(
    workspace: _WorkspaceModel,
    training_store: TrainingStore,
    team_id: str,
    taxonomy: Taxonomy,
    version: str,
) -> None:
    started_at = time.monotonic()
    try:
        if workspace.find_model(taxonomy) is None:
            workspace.model = replace(await train_model(taxonomy, []), is_preliminary=True)
        examples = await training_store.latest(team_id, limit=MAX_TRAINING_EXAMPLES)
        workspace.model = await train_model(taxonomy, examples)
    except Exception:
        log.exception("%s: the training of the built-in engine failed", team_id)
        return
    workspace.trained_version, workspace.taxonomy = version, taxonomy
    ended_at = time.monotonic()
    workspace.paused_until = ended_at + (ended_at - started_at) * _PAUSE_PER_TRAINING_TIME


async def train_model(taxonomy: Taxonomy, training_examples: list[TrainingExample]) -> TrainedModel:
    """The model trained on the examples of current categories; their order does not matter."""
    current = {category.name for category in taxonomy.categories}
    examples = sorted(
        (example for example in training_examples if example.category in current),
        key=lambda example: example.ticket_id,
    )
    training_data = TrainingData.from_examples(taxonomy.categories, examples)
    classifier, priority_model = await train_in_subprocess(training_data)
    return TrainedModel(taxonomy.categories, classifier, priority_model, tuple(examples))


def apply_model(
    model: TrainedModel, keyword_triage: Triage, ticket: Ticket, taxonomy: Taxonomy
) -> Triage:
    """The keyword triage, with category, confidence, skills and priority by the trained model.

    If the text has no keyword and the model is not confident, the keyword triage stays: the last
    category takes the tickets that fit no other.
    """
    probabilities = model.classifier.probabilities([ticket.text])
    confidence = round(float(model.classifier.confidence([ticket.text], probabilities)[0]), 2)
    if not keyword_triage.confidence and confidence < _HALF:
        return keyword_triage
    order = probabilities[0].argsort()[::-1]
    categories = [model.classifier.labels[column] for column in order]
    neighbours = model.classifier.nearest_examples(ticket.text, limit=_MAX_NEIGHBOURS)
    # The priority model is trained on texts with the category in front.
    labelled_text = f"{categories[0]} {ticket.text}"
    predicted = model.priority_model.predict([labelled_text]) if model.priority_model else None
    is_unchanged = categories[0] == keyword_triage.category
    return keyword_triage.model_copy(
        update={
            "category": categories[0],
            "second": categories[1] if len(categories) > 1 else "",
            "confidence": confidence,
            "skills": _merge_skills(model, neighbours, keyword_triage, taxonomy),
            "priority": _adjust_priority(keyword_triage.priority, predicted),
            "notes": keyword_triage.notes
            if is_unchanged
            else _explain(categories[0], len(model.training_examples)),
        }
    )


def likely_private_category(model: TrainedModel, text: str, taxonomy: Taxonomy) -> str:
    """The private category that a text is or may be in, by the trained model; "" if none."""
    probabilities = dict(
        zip(model.classifier.labels, model.classifier.probabilities([text])[0], strict=True)
    )
    likeliest = max(probabilities, key=lambda label: probabilities[label])
    private = [label for label in probabilities if taxonomy.is_private(label)]
    is_likely = sum(probabilities[label] for label in private) >= _MIN_PRIVATE_PROBABILITY
    if likeliest not in private and not is_likely:
        return ""
    return max(private, key=lambda label: probabilities[label])


def _adjust_priority(priority: Priority, predicted: list[str] | None) -> Priority:
    """The priority, moved at most one level; the caller applies the minimum priorities."""
    if predicted is None:
        return priority
    order = list(Priority)
    level, target = order.index(priority), order.index(Priority(predicted[0]))
    return order[level + (target > level) - (target < level)]


def _merge_skills(
    model: TrainedModel,
    neighbours: list[tuple[int, float]],
    keyword_triage: Triage,
    taxonomy: Taxonomy,
) -> tuple[str, ...]:
    """The skills in the text, then the skills of most similar tickets."""
    total = max(sum(similarity for _, similarity in neighbours), _MIN_TOTAL_SIMILARITY)
    votes: dict[str, float] = {}
    for row, similarity in neighbours:
        for skill in taxonomy.vocabulary.current_names(model.training_examples[row].skills):
            if skill in taxonomy.vocabulary.names:
                votes[skill] = votes.get(skill, 0.0) + similarity
    ranked = sorted(votes, key=lambda skill: (-votes[skill], skill))
    common = [skill for skill in ranked if votes[skill] > _HALF * total]
    return tuple(dict.fromkeys((*keyword_triage.skills, *common)))[:_MAX_SKILLS]


def _explain(category: str, example_count: int) -> str:
    if not example_count:
        return f"The text is most similar to the description of {category}."
    return (
        f"The text is most similar to {category}, by its description "
        f"and {example_count} judged tickets."
    )
