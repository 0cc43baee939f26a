"""Which of the workspace's own corrected tickets are shown to a model as examples.

They are as untrusted as the ticket itself, so they are redacted, fenced and cut; one that speaks
to the model, that is confidential, or that is of a category no AI reads, is never shown.
"""

import json
from collections import Counter
from collections.abc import Sequence
from math import log

from models import builtin
from models.configuration import Configuration
from models.lesson import Lesson
from models.privacy import without
from models.skill import words
from models.ticket import Ticket
from models.wariness import instructs
from models.wording import clip

MOST = 4
# So many of the newest are looked at.
LOOKED_AT = 200
_LENGTH = 400


def chosen(
    ticket: Ticket, lessons: Sequence[Lesson], configuration: Configuration
) -> tuple[Lesson, ...]:
    """The lessons most like the ticket, by the rare words that both have; the best first."""
    shown = [one for one in lessons if one.ticket_id != ticket.id and _open(one, configuration)]
    known = [set(words(one.text)) for one in shown]
    seen = Counter(word for each in known for word in each)
    wanted = set(words(ticket.text))

    def alike(at: int) -> float:
        return sum(log(1 + len(known) / seen[word]) for word in wanted & known[at])

    best = sorted((at for at in range(len(shown)) if alike(at)), key=alike, reverse=True)
    likely = (shown[at] for at in best[: 3 * MOST])
    harmless = (one for one in likely if _harmless(one, ticket, configuration))
    return tuple(one for one, _ in zip(harmless, range(MOST), strict=False))


def told(lesson: Lesson, configuration: Configuration) -> str:
    """A lesson in one line."""
    known = {name for name in lesson.skills if configuration.vocabulary.canonical(name)}
    says = {
        "text": clip(without(lesson.text), _LENGTH),
        "category": lesson.category,
        "priority": lesson.priority.value,
        "skills": [name for name in lesson.skills if name in known],
    }
    return json.dumps(says, ensure_ascii=False)


def _harmless(lesson: Lesson, like: Ticket, configuration: Configuration) -> bool:
    """Whether its own words neither speak to the model nor point to what no AI reads."""
    itself = like.model_copy(update={"title": lesson.text, "description": ""})
    private = builtin.private_category(itself, configuration)
    return private is None and not instructs(lesson.text)


def _open(lesson: Lesson, configuration: Configuration) -> bool:
    """Whether a model may read it: what is not known to be harmless is not."""
    named = [configuration.category(name) for name in (lesson.category, lesson.said.category)]
    right = named[0]
    return (
        not lesson.confidential
        and right is not None
        and not any(one.private for one in named if one)
    )
