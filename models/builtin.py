"""Triage without a network: the words of categories and skills, and rules for urgency.

It is simple and says how sure it is: a share of the words found, less when few were found.
"""

from collections import Counter

from models.configuration import Configuration
from models.skill import Skill, Vocabulary
from models.ticket import Ticket, Urgency
from models.triage import Category, Engine, Priority, Triage
from models.wording import clip

MAX_SKILLS = 8
_FLOOR_BY_URGENCY = {
    Urgency.CAN_WAIT: Priority.LOW,
    Urgency.SLOWED: Priority.NORMAL,
    Urgency.BLOCKED: Priority.HIGH,
    Urgency.MANY_BLOCKED: Priority.URGENT,
}
_SIGNALS = Vocabulary(
    [
        Skill(
            name=Priority.URGENT,
            aliases=(
                "outage", "ransomware", "data breach", "hacked", "whole office", "whole team",
                "everyone is affected", "all users", "production is down", "fire",
            ),
        ),
        Skill(
            name=Priority.HIGH,
            aliases=(
                "urgent", "urgently", "asap", "immediately", "deadline", "can't work",
                "cannot work", "unable to work", "phishing", "malware", "stolen", "locked out",
            ),
        ),
    ]
)  # fmt: skip


def triage(ticket: Ticket, configuration: Configuration, *, why: str) -> Triage:
    """The triage that words alone can give.

    Args:
        why: why it is not Gemini that triages, as people will read it.
    """
    scores = _scores(ticket, configuration)
    category, score = max(scores.items(), key=lambda pair: pair[1].total())
    total = sum(found.total() for found in scores.values())
    sure = score.total() / total * (1 - 0.5 ** score.total()) if total else 0.0
    fallback = configuration.categories[-1].name
    stated = _FLOOR_BY_URGENCY.get(ticket.urgency) if ticket.urgency else None
    return Triage(
        category=category if total else fallback,
        priority=(stated or Priority.NORMAL).at_least(priority_floor(ticket)),
        skills=configuration.vocabulary.found_in(ticket.text)[:MAX_SKILLS],
        summary=clip(" ".join(ticket.title.split()), 150),
        notes=_notes(category, score) if total else "No word of the desk's categories was found.",
        engine=Engine.BUILTIN,
        confidence=round(sure, 2),
        why_builtin=why,
    )


def raised(triage: Triage, ticket: Ticket, configuration: Configuration) -> Triage:
    """The triage with the priority that the ticket has at least, whatever a model says of it."""
    priority = triage.priority.at_least(priority_floor(ticket))
    category = configuration.category(triage.category)
    if category and category.floor:
        priority = priority.at_least(category.floor)
    return triage.model_copy(update={"priority": priority})


def private_category(ticket: Ticket, configuration: Configuration) -> Category | None:
    """The category that the ticket's words point to, where no AI may read what is in it."""
    category = configuration.category(triage(ticket, configuration, why="").category)
    return category if category and category.private else None


def priority_floor(ticket: Ticket) -> Priority:
    """The least priority that the requester's own judgement and plain signals ask for."""
    floor = Priority.LOW
    if ticket.urgency:
        floor = floor.at_least(_FLOOR_BY_URGENCY[ticket.urgency])
    for signal in _SIGNALS.found_in(ticket.text):
        floor = floor.at_least(Priority(signal))
    return floor


def _scores(ticket: Ticket, configuration: Configuration) -> dict[str, Counter[str]]:
    """For each category the words found, those of the title counted twice."""
    return {category.name: _words_found(ticket, category) for category in configuration.categories}


def _words_found(ticket: Ticket, category: Category) -> Counter[str]:
    keywords = Vocabulary(Skill(name=word) for word in (category.name, *category.keywords))
    return Counter(keywords.sightings(ticket.title) * 2 + keywords.sightings(ticket.description))


def _notes(category: str, found: Counter[str]) -> str:
    words = [f"“{word}”" for word, _ in found.most_common(5)]
    return (
        f"{', '.join(words)} in the text {'points' if len(words) == 1 else 'point'} to {category}."
    )
