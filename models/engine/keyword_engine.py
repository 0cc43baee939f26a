"""Keyword engine: triage by the words of categories and skills, and by rules for urgency.

It needs no network. Its confidence is the category's share of the keywords found, lowered when
only few were found.
"""

from collections import Counter
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


def triage(ticket: Ticket, taxonomy: Taxonomy, *, why_builtin: str) -> Triage:
    """The triage of a ticket by keywords alone.

    Args:
        ticket: the ticket to triage.
        taxonomy: the workspace's categories and skills.
        why_builtin: why Gemini does not triage it, in words that people read.
    """
    scores = _keyword_counts(ticket, taxonomy)
    category, score = max(scores.items(), key=lambda pair: pair[1].total())
    total = sum(counts.total() for counts in scores.values())
    confidence = score.total() / total * (1 - 0.5 ** score.total()) if total else 0.0
    fallback = taxonomy.categories[-1].name
    return Triage(
        category=category if total else fallback,
        priority=apply_urgency_hint(Priority.NORMAL, ticket).at_least(priority_floor(ticket)),
        skills=taxonomy.vocabulary.names_in(ticket.text)[:MAX_SKILLS_PER_TICKET],
        summary=clip(" ".join(ticket.title.split()), 150),
        notes=_explain_keywords(category, score)
        if total
        else "The text contains no keyword of any category.",
        engine=Engine.BUILTIN,
        confidence=round(confidence, 2),
        why_builtin=why_builtin,
    )


def apply_urgency_hint(priority: Priority, ticket: Ticket) -> Priority:
    """The priority, moved at most one level towards the requester's estimate."""
    if ticket.urgency is None:
        return priority
    order = list(Priority)
    level, hinted = order.index(priority), order.index(_URGENCY_PRIORITIES[ticket.urgency])
    return order[level + (hinted > level) - (hinted < level)]


def with_priority_floor(
    triage: Triage,
    ticket: Ticket,
    taxonomy: Taxonomy,
    *,
    floor: Priority = Priority.LOW,
) -> Triage:
    """The triage with its priority raised to the ticket's minimum; no model can lower it.

    Args:
        triage: the triage by any engine.
        ticket: its text may contain signals of urgency.
        taxonomy: a category may have a minimum priority.
        floor: the minimum priority by the workspace's rules for words and requesters.
    """
    priority = triage.priority.at_least(priority_floor(ticket)).at_least(floor)
    category = taxonomy.find_category(triage.category)
    if category and category.floor:
        priority = priority.at_least(category.floor)
    return triage.model_copy(update={"priority": priority})


def find_private_category(ticket: Ticket, taxonomy: Taxonomy) -> Category | None:
    """The category that the ticket's keywords point to, if it is private; otherwise None."""
    category = taxonomy.find_category(triage(ticket, taxonomy, why_builtin="").category)
    return category if category and category.private else None


def priority_floor(ticket: Ticket) -> Priority:
    """The minimum priority for the signals of urgency in the text."""
    floor = Priority.LOW
    for signal in _URGENCY_SIGNALS.names_in(ticket.text):
        floor = floor.at_least(_SIGNAL_FLOORS[signal])
    return floor


def _keyword_counts(ticket: Ticket, taxonomy: Taxonomy) -> dict[str, Counter[str]]:
    """For each category its keywords in the ticket; a keyword in the title counts twice."""
    return {category.name: _count_keywords(ticket, category) for category in taxonomy.categories}


def _count_keywords(ticket: Ticket, category: Category) -> Counter[str]:
    keywords = _keyword_vocabulary(category)
    return Counter(
        keywords.occurrences_in(ticket.title) * 2 + keywords.occurrences_in(ticket.description)
    )


@lru_cache(maxsize=2000)
def _keyword_vocabulary(category: Category) -> Vocabulary:
    return Vocabulary(Skill(name=word) for word in (category.name, *category.keywords))


def _explain_keywords(category: str, counts: Counter[str]) -> str:
    words = [f"“{word}”" for word, _ in counts.most_common(5)]
    return (
        f"{', '.join(words)} in the text {'points' if len(words) == 1 else 'point'} to {category}."
    )
