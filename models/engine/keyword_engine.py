"""Keyword engine: triage by the words of categories and skills, and by rules for urgency.

It needs no network. Its confidence is the category's share of the keywords found, lowered when
only few were found.
"""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from models.text import clip
from models.tickets.ticket import Ticket, Urgency
from models.triage.result import Category, Engine, Priority, Triage
from models.triage.skills import Skill, Vocabulary
from models.triage.taxonomy import Taxonomy

MAX_SKILLS_PER_TICKET = 8
# The requester's own estimate of urgency is a hint (`apply_urgency_hint`).
_URGENCY_PRIORITIES = {
    Urgency.CAN_WAIT: Priority.LOW,
    Urgency.SLOWED: Priority.NORMAL,
    Urgency.BLOCKED: Priority.HIGH,
    Urgency.MANY_BLOCKED: Priority.URGENT,
}
# A vocabulary also finds a skill by its name. So the names of signals are phrases that people do
# not write: "high" would find "the volume is high".
_SIGNAL_FLOORS = {"signal of an emergency": Priority.URGENT, "signal of a hurry": Priority.HIGH}
_URGENCY_SIGNALS = Vocabulary(
    [
        Skill(
            name="signal of an emergency",
            aliases=(
                "outage", "ransomware", "data breach", "hacked", "whole office", "whole team",
                "everyone is affected", "all users", "production is down", "fire",
            ),
        ),
        Skill(
            name="signal of a hurry",
            aliases=(
                "urgent", "urgently", "asap", "immediately", "deadline", "can't work",
                "cannot work", "unable to work", "phishing", "malware", "stolen", "locked out",
            ),
        ),
    ]
)  # fmt: skip


def triage(ticket: Ticket, taxonomy: Taxonomy) -> Triage:
    """The triage of a ticket by keywords alone."""
    counts = _keyword_counts(ticket.title, ticket.description, taxonomy)
    category = _most_frequent(counts, taxonomy)
    score, total = counts[category].total(), sum(one.total() for one in counts.values())
    confidence = score / total * (1 - 0.5**score) if total else 0.0
    floor = priority_floor(ticket.text)
    return Triage(
        category=category,
        priority=apply_urgency_hint(Priority.NORMAL, ticket.urgency).at_least(floor),
        skills=taxonomy.vocabulary.names_in(ticket.text)[:MAX_SKILLS_PER_TICKET],
        summary=clip(" ".join(ticket.title.split()), 150),
        notes=_explain_keywords(category, counts[category])
        if total
        else "The text contains no keyword of any category.",
        engine=Engine.BUILTIN,
        confidence=round(confidence, 2),
    )


def choose_category(text: str, taxonomy: Taxonomy) -> str:
    """The category that the keywords of a text point to."""
    return _most_frequent(_keyword_counts(text, "", taxonomy), taxonomy)


def apply_urgency_hint(priority: Priority, urgency: Urgency | None) -> Priority:
    """The priority, moved at most one level towards the requester's estimate."""
    if urgency is None:
        return priority
    order = list(Priority)
    level, hinted = order.index(priority), order.index(_URGENCY_PRIORITIES[urgency])
    return order[level + (hinted > level) - (hinted < level)]


def priority_floor(text: str) -> Priority:
    """The minimum priority for the signals of urgency in a text."""
    floor = Priority.LOW
    for signal in _URGENCY_SIGNALS.names_in(text):
        floor = floor.at_least(_SIGNAL_FLOORS[signal])
    return floor


def _keyword_counts(title: str, description: str, taxonomy: Taxonomy) -> Mapping[str, Counter[str]]:
    """For each category its keywords in the text; a keyword in the title counts twice."""
    return {
        category.name: _count_keywords(title, description, category)
        for category in taxonomy.categories
    }


def _count_keywords(title: str, description: str, category: Category) -> Counter[str]:
    keywords = _keyword_vocabulary(category)
    return Counter(keywords.occurrences_in(title) * 2 + keywords.occurrences_in(description))


def _most_frequent(counts: Mapping[str, Counter[str]], taxonomy: Taxonomy) -> str:
    """The category with most keywords in the text; the last category if there are none."""
    category = max(counts, key=lambda name: counts[name].total())
    return category if counts[category] else taxonomy.categories[-1].name


@lru_cache(maxsize=2000)
def _keyword_vocabulary(category: Category) -> Vocabulary:
    return Vocabulary(Skill(name=word) for word in (category.name, *category.keywords))


def _explain_keywords(category: str, counts: Counter[str]) -> str:
    words = [f"“{word}”" for word, _ in counts.most_common(5)]
    return (
        f"{', '.join(words)} in the text {'points' if len(words) == 1 else 'point'} to {category}."
    )
