"""Which of the workspace's own corrected tickets are shown to a model as examples.

They are as untrusted as the ticket itself, so they are redacted, fenced and cut; one that speaks
to the model, that is confidential, or that is of a category no AI reads, is never shown.
"""

import json
from collections import Counter
from collections.abc import Sequence
from math import log

from models.engine import keyword_engine
from models.engine.prompt_injection import contains_injection
from models.engine.redaction import redact_for_good
from models.text import clip
from models.tickets.ticket import Ticket
from models.triage.skills import words
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample

MAX_EXAMPLES = 4
# So many of the newest are looked at.
MAX_CANDIDATES = 200
_MAX_TEXT_LENGTH = 400


def select_examples(
    ticket: Ticket, training_examples: Sequence[TrainingExample], taxonomy: Taxonomy
) -> tuple[TrainingExample, ...]:
    """The lessons most like the ticket, by the rare words that both have; the best first."""
    shown = [
        one
        for one in training_examples
        if one.ticket_id != ticket.id and _is_shareable(one, taxonomy)
    ]
    known = [set(words(one.text)) for one in shown]
    seen = Counter(word for each in known for word in each)
    wanted = set(words(ticket.text))

    def alike(at: int) -> float:
        return sum(log(1 + len(known) / seen[word]) for word in wanted & known[at])

    best = sorted((at for at in range(len(shown)) if alike(at)), key=alike, reverse=True)
    likely = (shown[at] for at in best[: 3 * MAX_EXAMPLES])
    harmless = (one for one in likely if _is_harmless(one, ticket, taxonomy))
    return tuple(one for one, _ in zip(harmless, range(MAX_EXAMPLES), strict=False))


def to_prompt_line(example: TrainingExample, taxonomy: Taxonomy) -> str:
    """A lesson in one line."""
    known = {name for name in example.skills if taxonomy.vocabulary.canonical_name(name)}
    says = {
        "text": clip(redact_for_good(example.text), _MAX_TEXT_LENGTH),
        "category": example.category,
        "priority": example.priority.value,
        "skills": [name for name in example.skills if name in known],
    }
    return json.dumps(says, ensure_ascii=False)


def _is_harmless(example: TrainingExample, ticket: Ticket, taxonomy: Taxonomy) -> bool:
    """Whether its own words neither speak to the model nor point to what no AI reads."""
    itself = ticket.model_copy(update={"title": example.text, "description": ""})
    private = keyword_engine.find_private_category(itself, taxonomy)
    return private is None and not contains_injection(example.text)


def _is_shareable(example: TrainingExample, taxonomy: Taxonomy) -> bool:
    """Whether a model may read it: what is not known to be harmless is not."""
    named = [
        taxonomy.find_category(name)
        for name in (example.category, example.original_triage.category)
    ]
    right = named[0]
    return (
        not example.confidential
        and right is not None
        and not any(one.private for one in named if one)
    )
