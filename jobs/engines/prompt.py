"""Builds requests to Gemini, with the ticket fenced as data, and parses its answers.

The ticket's text is untrusted: it may contain instructions. It stands between random markers that
its author cannot know, and the model has no tools. Categories and skills are closed lists; other
labels are dropped and counted (OWASP LLM01 and LLM05, https://genai.owasp.org/llm-top-10/).
Secrets and personal data are redacted in the request and restored in the answer.
"""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from jobs.engines import few_shot_examples
from models.engine.output_sanitizer import sanitize, strip_invisible
from models.engine.redaction import RedactedText
from models.engine.ticket_reading import TicketReading
from models.infra.metrics import LABELS_DROPPED
from models.text import clip
from models.triage.result import Engine, Priority, Triage
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample
from models.workspace.workspace_settings import PROMPT_VARIABLES

# The file name in jobs/prompts. A changed text is a new version with a new file.
_ACTIVE_VERSION = "triage-2"
MAX_SKILLS = 8
_MAX_NAMES_READ = 100


@dataclass(frozen=True, slots=True)
class Prompt:
    """A system instruction for Gemini, and its version."""

    version: str
    template: Template

    def __post_init__(self) -> None:
        missing = PROMPT_VARIABLES - set(self.template.get_identifiers())
        if missing:
            raise ValueError(f"the prompt {self.version} has no ${min(missing)}")


@cache
def active_prompt() -> Prompt:
    """The prompt in use for triage."""
    text = (files("jobs") / "prompts" / f"{_ACTIVE_VERSION}.md").read_text(encoding="utf-8")
    return Prompt(_ACTIVE_VERSION, Template(text))


@cache
def shadow_prompt(text: str) -> Prompt:
    """The shadow prompt of a workspace; its version changes with its text.

    Raises:
        ValueError: a variable such as $fence is missing.
    """
    digest = sha256(text.encode()).hexdigest()[:8]
    return Prompt(f"shadow-{digest}", Template(text))


@dataclass(frozen=True, slots=True)
class GeminiRequest:
    """A request to Gemini.

    Attributes:
        instruction: the system instruction.
        text: the fenced ticket and examples.
        schema: the schema of the answer.
        prompt_version: the version of the prompt.
        redacted: the ticket's text with the originals of its placeholders; it is not sent.
    """

    instruction: str
    text: str
    schema: dict[str, Any]
    prompt_version: str = ""
    redacted: RedactedText = field(default_factory=RedactedText)


def build_request(
    reading: TicketReading,
    training_examples: Sequence[TrainingExample] = (),
    prompt: Prompt | None = None,
) -> GeminiRequest:
    """The request for a ticket, with the most similar training examples.

    Args:
        reading: the ticket to triage.
        training_examples: the examples to select from.
        prompt: a prompt to use in place of the active one.
    """
    prompt, taxonomy = prompt or active_prompt(), reading.taxonomy
    fence, examples_fence = (f"-----{secrets.token_hex(8)}-----" for _ in range(2))
    examples = few_shot_examples.select_examples(reading, training_examples)
    lines = [fence, reading.redacted.text, fence]
    if examples:
        example_lines = (few_shot_examples.to_prompt_line(one, taxonomy) for one in examples)
        lines += [examples_fence, *example_lines, examples_fence]
    categories = "\n".join(f"- {c.name}: {c.description}" for c in taxonomy.categories)
    return GeminiRequest(
        instruction=prompt.template.substitute(
            fence=fence, examples=examples_fence, categories=categories
        ),
        text="\n".join(lines),
        schema=_answer_schema(taxonomy),
        prompt_version=prompt.version,
        redacted=reading.redacted,
    )


def parse_answer(
    answer: str,
    taxonomy: Taxonomy,
    redacted: RedactedText | None = None,
    *,
    allowed_hosts: Collection[str] = (),
) -> Triage:
    """The triage in an answer, with labels that the workspace has.

    Args:
        answer: the JSON text of the answer.
        taxonomy: the workspace's categories and skills.
        redacted: the originals of the placeholders in the request.
        allowed_hosts: hosts that summary and notes may link to.

    Raises:
        ValueError: the answer has no usable category, priority or summary.
    """
    raw = _RawAnswer.model_validate(json.loads(answer))
    category = taxonomy.find_category(raw.category)
    if category is None:
        LABELS_DROPPED.inc()
        raise ValueError("the answer has no category of the workspace")
    skills, dropped = _split_skills(raw.skills, taxonomy)
    LABELS_DROPPED.inc(len(dropped))
    restore = redacted.restore if redacted else str
    # Restore first, then sanitize: the original of a placeholder may be a link.
    summary = sanitize(restore(raw.summary), limit=150, allowed_hosts=allowed_hosts)
    summary = " ".join(summary.split())
    if not summary:
        raise ValueError("the answer has no summary")
    return Triage(
        category=category.name,
        priority=raw.priority,
        skills=skills,
        summary=summary,
        notes=sanitize(restore(raw.notes), limit=1500, allowed_hosts=allowed_hosts),
        engine=Engine.GEMINI,
        confidence=raw.confidence,
        dropped=dropped,
    )


def _to_confidence(raw: object) -> float:
    return min(max(float(raw), 0.0), 1.0) if isinstance(raw, int | float) else 0.0


def _to_text(raw: object) -> str:
    return strip_invisible(str(raw or ""))


def _to_texts(raw: object) -> list[str]:
    return [_to_text(item) for item in raw[:_MAX_NAMES_READ]] if isinstance(raw, list) else []


class _RawAnswer(BaseModel):
    """A parsed answer before its labels are checked; fields that the model left out are empty."""

    # A validation error must not quote its input, which contains texts that people wrote.
    model_config = ConfigDict(hide_input_in_errors=True)

    category: Annotated[str, BeforeValidator(_to_text)]
    priority: Priority
    skills: Annotated[list[str], BeforeValidator(_to_texts)] = []
    summary: Annotated[str, BeforeValidator(_to_text)]
    notes: Annotated[str, BeforeValidator(_to_text)] = ""
    confidence: Annotated[float, BeforeValidator(_to_confidence)] = 0.0


def _answer_schema(taxonomy: Taxonomy) -> dict[str, Any]:
    """The answer's schema in the form of google-generativeai 0.8: plain dict, lower-case types."""
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
    """The skills that the workspace has, and the unknown names; both lists limited."""
    skills = {name: taxonomy.vocabulary.canonical_name(name) for name in names}
    kept = tuple(dict.fromkeys(skill for skill in skills.values() if skill))
    dropped = tuple(clip(name, 60) for name, skill in skills.items() if not skill)
    return kept[:MAX_SKILLS], dropped[:20]
