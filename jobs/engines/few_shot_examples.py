"""Few-shot examples: selects judged tickets of the workspace to show to a model.

Their texts are as untrusted as the ticket itself, so they are redacted, fenced and cut. An example
is left out if it is confidential, of a private category, or contains instructions to a model.
"""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import islice
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
# Examples are selected among so many of the newest ones.
MAX_CANDIDATES = 200
_MAX_TEXT_LENGTH = 400


def select_examples(
    ticket: Ticket, training_examples: Sequence[TrainingExample], taxonomy: Taxonomy
) -> tuple[TrainingExample, ...]:
    """The examples most like the ticket, by the rare words that they share; best first."""
    shareable = [
        example
        for example in training_examples
        if example.ticket_id != ticket.id and _is_shareable(example, taxonomy)
    ]
    word_sets = [set(words(example.text)) for example in shareable]
    frequencies = Counter(word for word_set in word_sets for word in word_set)
    ticket_words = set(words(ticket.text))

    def similarity(number: int) -> float:
        shared = ticket_words & word_sets[number]
        return sum(log(1 + len(word_sets) / frequencies[word]) for word in shared)

    numbers = (number for number in range(len(shareable)) if similarity(number))
    best = sorted(numbers, key=similarity, reverse=True)
    candidates = (shareable[number] for number in best[: 3 * MAX_EXAMPLES])
    harmless = (example for example in candidates if _is_harmless(example, ticket, taxonomy))
    return tuple(islice(harmless, MAX_EXAMPLES))


def to_prompt_line(example: TrainingExample, taxonomy: Taxonomy) -> str:
    """The example as one line of JSON, redacted and cut."""
    vocabulary = taxonomy.vocabulary
    fields = {
        "text": clip(redact_for_good(example.text), _MAX_TEXT_LENGTH),
        "category": example.category,
        "priority": example.priority.value,
        "skills": [name for name in example.skills if vocabulary.canonical_name(name)],
    }
    return json.dumps(fields, ensure_ascii=False)


def _is_harmless(example: TrainingExample, ticket: Ticket, taxonomy: Taxonomy) -> bool:
    """Whether its text neither instructs a model nor points to a private category."""
    example_ticket = ticket.model_copy(update={"title": example.text, "description": ""})
    private = keyword_engine.find_private_category(example_ticket, taxonomy)
    return private is None and not contains_injection(example.text)


def _is_shareable(example: TrainingExample, taxonomy: Taxonomy) -> bool:
    """Whether a model may read it: not confidential, not private, and its category exists."""
    correct = taxonomy.find_category(example.category)
    original = taxonomy.find_category(example.original_triage.category)
    return (
        not example.confidential
        and correct is not None
        and not correct.private
        and not (original and original.private)
    )
