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
from models.engine.ticket_reading import TicketReading
from models.text import clip
from models.triage.skills import words
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample

MAX_EXAMPLES = 4
# Examples are selected among so many of the newest ones.
MAX_CANDIDATES = 200
_MAX_TEXT_LENGTH = 400


def select_examples(
    reading: TicketReading, training_examples: Sequence[TrainingExample]
) -> tuple[TrainingExample, ...]:
    """The examples most like the ticket, by the rare words that they share; best first."""
    shareable = [
        example
        for example in training_examples
        if example.ticket_id != reading.ticket.id and is_shareable(example, reading.taxonomy)
    ]
    word_sets = [set(words(example.text)) for example in shareable]
    frequencies = Counter(word for word_set in word_sets for word in word_set)
    ticket_words = set(words(reading.ticket.text))

    def similarity(number: int) -> float:
        shared = ticket_words & word_sets[number]
        return sum(log(1 + len(word_sets) / frequencies[word]) for word in shared)

    numbers = (number for number in range(len(shareable)) if similarity(number))
    best = sorted(numbers, key=similarity, reverse=True)
    candidates = (shareable[number] for number in best[: 3 * MAX_EXAMPLES])
    harmless = (example for example in candidates if _is_harmless(example, reading.taxonomy))
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


def is_shareable(example: TrainingExample, taxonomy: Taxonomy) -> bool:
    """Whether an AI may read it: not confidential, not private, and its category exists."""
    return (
        not example.confidential
        and taxonomy.find_category(example.category) is not None
        and not taxonomy.is_private(example.category)
        and not taxonomy.is_private(example.original_triage.category)
    )


def _is_harmless(example: TrainingExample, taxonomy: Taxonomy) -> bool:
    """Whether its text neither instructs a model nor points to a private category."""
    is_private = taxonomy.is_private(keyword_engine.choose_category(example.text, taxonomy))
    return not is_private and not contains_injection(example.text)
