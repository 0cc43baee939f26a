"""The words sent to Gemini, with the ticket fenced as data, and what is made of its answer.

The ticket's text is untrusted: it may contain instructions. It stands between markers it cannot
know, the model has no tools, categories and skills are closed lists, and whatever else it answers
is dropped and counted (OWASP LLM01 and LLM05, https://genai.owasp.org/llm-top-10/).
What should not be known to others is replaced before it leaves, and put back in the answer.
"""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from jobs.engines import few_shot_examples
from models.engine.output_sanitizer import sanitize, strip_invisible
from models.engine.redaction import RedactedText, redact
from models.infra.metrics import LABELS_DROPPED
from models.text import clip
from models.tickets.ticket import Ticket
from models.triage.result import Engine, Priority, Triage
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample

# Another text is another version, with a file of its own, named so.
_ACTIVE_VERSION = "triage-2"
MAX_SKILLS = 8
MAX_TICKET_LENGTH = 6000
_MAX_NAMES_READ = 100


@dataclass(frozen=True, slots=True)
class Prompt:
    """What Gemini is told to do, and the version by which it is known."""

    version: str
    template: Template

    def __post_init__(self) -> None:
        missing = {"fence", "examples", "categories"} - set(self.template.get_identifiers())
        if missing:
            raise ValueError(f"the prompt {self.version} does not say ${min(missing)}")


@cache
def active_prompt() -> Prompt:
    """The prompt by which tickets are triaged."""
    text = (files("jobs") / "prompts" / f"{_ACTIVE_VERSION}.md").read_text(encoding="utf-8")
    return Prompt(_ACTIVE_VERSION, Template(text))


@cache
def load_prompt(path: Path) -> Prompt:
    """Another prompt, known by its file's name.

    Raises:
        OSError, ValueError: it can't be read, or says too little.
    """
    return Prompt(path.stem, Template(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class GeminiRequest:
    """What Gemini is asked: instruction, the fenced text, and the schema of the answer.

    Attributes:
        version: of the prompt.
        hidden: what the ticket's placeholders stand for; it stays in the house.
    """

    instruction: str
    text: str
    schema: dict[str, Any]
    prompt_version: str = ""
    redacted: RedactedText = field(default_factory=RedactedText)


def build_request(
    ticket: Ticket,
    taxonomy: Taxonomy,
    training_examples: Sequence[TrainingExample] = (),
    prompt: Prompt | None = None,
) -> GeminiRequest:
    """The question for a ticket, with the lessons that are most like it as examples.

    Args:
        prompt: another one than that in use.
    """
    prompt = prompt or active_prompt()
    fence, more = (f"-----{secrets.token_hex(8)}-----" for _ in range(2))
    hidden = redact(clip(ticket.text, MAX_TICKET_LENGTH))
    shown = few_shot_examples.select_examples(ticket, training_examples, taxonomy)
    lines = [fence, hidden.text, fence]
    if shown:
        lines += [more, *(few_shot_examples.to_prompt_line(one, taxonomy) for one in shown), more]
    categories = "\n".join(f"- {c.name}: {c.description}" for c in taxonomy.categories)
    return GeminiRequest(
        instruction=prompt.template.substitute(fence=fence, examples=more, categories=categories),
        text="\n".join(lines),
        schema=_answer_schema(taxonomy),
        prompt_version=prompt.version,
        redacted=hidden,
    )


def parse_answer(
    answer: str,
    taxonomy: Taxonomy,
    redacted: RedactedText | None = None,
    *,
    allowed_hosts: Collection[str] = (),
) -> Triage:
    """The triage in an answer, with only what the desk knows.

    Args:
        hidden: what the placeholders of the question stand for.
        hosts: those that summary and notes may link to.

    Raises:
        ValueError: the answer has no usable category, priority or summary.
    """
    said = _RawAnswer.model_validate(json.loads(answer))
    category = taxonomy.find_category(said.category)
    if category is None:
        LABELS_DROPPED.inc()
        raise ValueError("the answer names no category of the desk")
    skills, dropped = _split_skills(said.skills, taxonomy)
    LABELS_DROPPED.inc(len(dropped))
    back = redacted.restore if redacted else str
    # Only then are they cleaned: what was hidden may be a link.
    summary = " ".join(sanitize(back(said.summary), limit=150, allowed_hosts=allowed_hosts).split())
    if not summary:
        raise ValueError("the answer has no summary")
    return Triage(
        category=category.name,
        priority=said.priority,
        skills=skills,
        summary=summary,
        notes=sanitize(back(said.notes), limit=1500, allowed_hosts=allowed_hosts),
        engine=Engine.GEMINI,
        confidence=said.confidence,
        dropped=dropped,
    )


def _to_confidence(raw: object) -> float:
    return min(max(float(raw), 0.0), 1.0) if isinstance(raw, int | float) else 0.0


def _to_text(raw: object) -> str:
    return strip_invisible(str(raw or ""))


def _to_texts(raw: object) -> list[str]:
    return [_to_text(item) for item in raw[:_MAX_NAMES_READ]] if isinstance(raw, list) else []


class _RawAnswer(BaseModel):
    """An answer as it comes; a model that leaves something out has said nothing of it."""

    # What can't be read must not be quoted: it is what people wrote.
    model_config = ConfigDict(hide_input_in_errors=True)

    category: Annotated[str, BeforeValidator(_to_text)]
    priority: Priority
    skills: Annotated[list[str], BeforeValidator(_to_texts)] = []
    summary: Annotated[str, BeforeValidator(_to_text)]
    notes: Annotated[str, BeforeValidator(_to_text)] = ""
    confidence: Annotated[float, BeforeValidator(_to_confidence)] = 0.0


def _answer_schema(taxonomy: Taxonomy) -> dict[str, Any]:
    """The answer's schema, in the dialect of google-generativeai 0.8 (plain dict, lower case)."""
    text = {"type": "string"}
    properties = {
        "category": text | {"enum": [category.name for category in taxonomy.categories]},
        "priority": text | {"enum": [priority.value for priority in Priority]},
        "skills": {
            "type": "array",
            "items": text | {"enum": list(taxonomy.vocabulary.names)},
            "max_items": MAX_SKILLS,
        },
        "summary": text,
        "notes": text,
        "confidence": {"type": "number"},
    }
    return {"type": "object", "properties": properties, "required": list(properties)}


def _split_skills(names: list[str], taxonomy: Taxonomy) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The skills the desk knows, and what was dropped, both short."""
    known = {name: taxonomy.vocabulary.canonical_name(name) for name in names}
    kept = tuple(dict.fromkeys(skill for skill in known.values() if skill))
    dropped = tuple(clip(name, 60) for name, skill in known.items() if not skill)
    return kept[:MAX_SKILLS], dropped[:20]
