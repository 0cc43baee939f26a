"""The built-in engine of each workspace, taught by its lessons; the same on every worker.

It is made of nothing but the lessons in MongoDB and the desk's lists, with fixed seeds, so two
workers that read the same lessons answer the same. Lessons are learnt aside; until that is done,
the engine of before answers; on a worker that has just started, one without lessons.
"""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from jobs.teaching import Matter, learnt_aside
from models import builtin
from models.classifier import Classifier
from models.configuration import Configuration
from models.lesson import Lesson
from models.lessons import Lessons
from models.ordering import Ordering
from models.ticket import Ticket
from models.triage import Category, Priority, Triage

MOST_LESSONS = 5000
_LOOK_SECONDS = 3.0
# So long the first ticket on a worker waits for what there is to learn, before it does without.
_FIRST_SECONDS = 1.0
# Where lessons never end, learning takes a tenth of the time at most.
_TIMES_AS_LONG = 10
_NEAR = 10
_HALF = 0.5
_MOST_SKILLS = 8
# As alike as one ticket that reads the same: where few are known, what is hardly like any of them
# needs none of their skills.
_LIKE_ENOUGH = 1.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taught:
    """What one workspace's lessons made.

    Attributes:
        categories: among which it was learnt to choose; when they change, it is of no use.
    """

    categories: tuple[Category, ...]
    classifier: Classifier
    ordering: Ordering | None
    lessons: tuple[Lesson, ...]


@dataclass(slots=True)
class _Workspace:
    version: str = ""
    configuration: Configuration | None = None
    looked: float = float("-inf")
    taught: Taught | None = None
    rests_until: float = float("-inf")
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class Learning:
    """The engines of all workspaces, as this worker has them."""

    workspaces: dict[str, _Workspace] = field(default_factory=dict)

    async def triage(
        self, lessons: Lessons, ticket: Ticket, configuration: Configuration, *, why: str
    ) -> Triage:
        """The built-in engine's triage, by all that the workspace has taught it."""
        begun = time.monotonic()
        plain = builtin.triage(ticket, configuration, why=why)
        workspace = self.workspaces.setdefault(ticket.team_id, _Workspace())
        await _look(workspace, lessons, ticket.team_id, configuration)
        taught = workspace.taught
        # What was learnt of other categories knows neither the new ones nor which are gone.
        if taught is None or taught.categories != configuration.categories:
            return plain
        answer = await asyncio.to_thread(judged, taught, plain, ticket, configuration)
        return answer.model_copy(update={"ms": round((time.monotonic() - begun) * 1000)})

    def end(self) -> None:
        """Learn no further; the worker ends."""
        for workspace in self.workspaces.values():
            if workspace.task:
                workspace.task.cancel()


async def _look(
    workspace: _Workspace, lessons: Lessons, team_id: str, configuration: Configuration
) -> None:
    """Begin to learn when there is something new; wait for it where nothing is known yet."""
    changed = workspace.configuration != configuration
    taught = workspace.taught
    useless = taught is None or taught.categories != configuration.categories
    if changed or time.monotonic() - workspace.looked > _LOOK_SECONDS:
        workspace.looked = time.monotonic()
        version = await lessons.version(team_id)
        idle = workspace.task is None or workspace.task.done()
        idle = idle and (useless or time.monotonic() >= workspace.rests_until)
        if idle and (changed or version != workspace.version):
            learning = _learn(workspace, lessons, team_id, configuration, version)
            workspace.task = asyncio.create_task(learning)
    if useless and workspace.task:
        await asyncio.wait({workspace.task}, timeout=_FIRST_SECONDS)


async def _learn(
    workspace: _Workspace,
    lessons: Lessons,
    team_id: str,
    configuration: Configuration,
    version: str,
) -> None:
    begun = time.monotonic()
    try:
        taught = workspace.taught
        if taught is None or taught.categories != configuration.categories:
            workspace.taught = await teach(configuration, [])
        known = await lessons.latest(team_id, limit=MOST_LESSONS)
        workspace.taught = await teach(configuration, known)
    except Exception:
        log.exception("%s: the built-in engine could not learn", team_id)
        return
    workspace.version, workspace.configuration = version, configuration
    ended = time.monotonic()
    workspace.rests_until = ended + (ended - begun) * _TIMES_AS_LONG


async def teach(configuration: Configuration, lessons: list[Lesson]) -> Taught:
    """Learn from lessons; the order in which they were read does not matter."""
    current = {category.name for category in configuration.categories}
    known = sorted(
        (lesson for lesson in lessons if lesson.category in current), key=lambda one: one.ticket_id
    )
    matter = Matter.of(configuration.categories, known)
    classifier, ordering = await learnt_aside(matter)
    return Taught(configuration.categories, classifier, ordering, tuple(known))


def judged(taught: Taught, plain: Triage, ticket: Ticket, configuration: Configuration) -> Triage:
    """The triage with category, confidence, skills and priority as they were learnt.

    A text in which nothing is known stays with the category that takes what fits no other.
    """
    likely = taught.classifier.likelihoods([ticket.text])
    sure = round(float(taught.classifier.confidence([ticket.text], likely)[0]), 2)
    if not plain.confidence and sure < _HALF:
        return plain
    order = likely[0].argsort()[::-1]
    names = [taught.classifier.labels[place] for place in order]
    near = taught.classifier.nearest(ticket.text, most=_NEAR)
    about = f"{names[0]} {ticket.text}"
    told = taught.ordering.told([about]) if taught.ordering else None
    same = names[0] == plain.category
    return plain.model_copy(
        update={
            "category": names[0],
            "second": names[1] if len(names) > 1 else "",
            "confidence": sure,
            "skills": _skills(taught, near, plain, configuration),
            "priority": _nudged(plain.priority, told),
            "notes": plain.notes if same else _because(names[0], len(taught.lessons)),
        }
    )


def _nudged(stated: Priority, told: list[str] | None) -> Priority:
    """One level up or down at most; floors are held by who calls."""
    if told is None:
        return stated
    order = list(Priority)
    at, wanted = order.index(stated), order.index(Priority(told[0]))
    return order[at + (wanted > at) - (wanted < at)]


def _skills(
    taught: Taught, near: list[tuple[int, float]], plain: Triage, configuration: Configuration
) -> tuple[str, ...]:
    """The skills in the text, then those that most tickets like it needed."""
    weight = max(sum(likeness for _, likeness in near), _LIKE_ENOUGH)
    votes: dict[str, float] = {}
    for row, likeness in near:
        for skill in configuration.vocabulary.current(taught.lessons[row].skills):
            if skill in configuration.vocabulary.names:
                votes[skill] = votes.get(skill, 0.0) + likeness
    ranked = sorted(votes, key=lambda skill: (-votes[skill], skill))
    usual = [skill for skill in ranked if votes[skill] > _HALF * weight]
    return tuple(dict.fromkeys((*plain.skills, *usual)))[:_MOST_SKILLS]


def _because(category: str, lessons: int) -> str:
    if not lessons:
        return f"It reads most like what {category} is described as."
    return f"It reads most like {category}, by its description and {lessons} corrected tickets."
