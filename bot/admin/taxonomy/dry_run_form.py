"""The form in which an admin tries a text, and what triage and assignment say of it, and why."""

from collections.abc import Sequence
from typing import Any

from bot.ui.form_fields import SubmittedForm, input_field, modal, plain_text, text_input
from models.assignment.matching import AssigneeChoice
from models.engine.dry_run import DRY_RUN_TICKET_ID
from models.errors import InvalidInput
from models.messages.cards import Block
from models.messages.texts import PRIORITY_MARKS
from models.people.member import Member
from models.text import clip, escape, join_names, mention, pluralize
from models.triage.result import Engine, Triage

CALLBACK = "try_out"
TITLE = "Try it"
OPEN = "open_try_out"
TEXT = "text"
# Gemini is asked twice at most, which takes 17 seconds at most.
WORKER_TIMEOUT_SECONDS = 20
_MAX_TEXT_LENGTH = 3000
_MAX_SKIPPED_MEMBERS = 10
_HINT = (
    "As somebody would write it; the first line is the title. No ticket comes of it. "
    "Gemini, if the desk has it, gets it as it gets a ticket."
)


def render() -> Block:
    """The form."""
    typed = text_input(max_length=_MAX_TEXT_LENGTH, multiline=True)
    return modal(
        CALLBACK, TITLE, "Try", [input_field(TEXT, "What somebody may write", typed, hint=_HINT)]
    )


def read(view: dict[str, Any]) -> tuple[str, str]:
    """The text as a ticket's title and description.

    Raises:
        InvalidDraft: there is none.
    """
    typed = SubmittedForm(view).text(TEXT).strip()
    if not typed:
        raise InvalidInput({TEXT: "Please write what somebody may ask for."})
    title, _, description = typed.partition("\n")
    return title.strip(), description.strip()


def render_result(external_id: str, *says: str) -> Block:
    """What is shown on top of the form.

    Args:
        external_id: by which it is drawn anew.
        says: mrkdwn, already escaped.
    """
    return {
        "type": "modal",
        "external_id": external_id,
        "title": plain_text("What would come of it"),
        "close": plain_text("Back"),
        "blocks": [_section(each) for each in says],
    }


def result_texts(
    triage: Triage,
    choice: AssigneeChoice | None,
    skipped_members: Sequence[tuple[Member, str]],
    heading: str,
) -> list[str]:
    """Whose word it is, what came of it, and why (mrkdwn)."""
    said = [
        f"*Category:* {escape(triage.category)} ({triage.confidence:.0%} sure)",
        f"*Priority:* {PRIORITY_MARKS[triage.priority]}",
        f"*Skills:* {escape(join_names(triage.skills))}",
        *([f"*Notes:* {escape(triage.notes)}"] if triage.notes else []),
    ]
    return [heading, "\n".join(said), _assignment_text(choice, skipped_members)]


def waiting_heading(*, uses_gemini: bool) -> str:
    """Whose word it is until the worker has answered.

    Args:
        gemini: whether it asks Gemini.
    """
    who = "Gemini is asked" if uses_gemini else "A worker is asked what the desk has learnt"
    return (
        f":hourglass_flowing_sand: *{who} …* The answer takes this place within {WORKER_TIMEOUT_SECONDS} "
        "seconds. Until then, this is what the built-in engine says at once:"
    )


def answer_heading(triage: Triage) -> str:
    """Whose word it is that the worker has answered with."""
    if triage.engine is Engine.GEMINI:
        took = f"{triage.ms} ms, {pluralize(triage.tokens, 'token')}"
        return (
            f"This is *Gemini's* word: {escape(triage.model)}, {took}. "
            f"What it was sent is under *Sent to Gemini*, {DRY_RUN_TICKET_ID}."
        )
    why = escape(clip(triage.why_builtin, 300))
    return f"This is the *built-in engine's* word, by all that the desk has learnt, since {why}."


NO_WORKER_HEADING = (
    "No worker has answered: this is only what the built-in engine says at once. "
    "*Is the desk well?* may say why."
)


def _assignment_text(
    choice: AssigneeChoice | None, skipped_members: Sequence[tuple[Member, str]]
) -> str:
    if choice is None:
        says = "*Nobody* could take it now: it would wait until somebody has room."
    else:
        why = escape(choice.reason)
        says = f"*It would go to {mention(choice.member.slack_id)}*, who would read: “{why}”."
    lines = [
        f"• {mention(who.slack_id)} {escape(why)}"
        for who, why in skipped_members[:_MAX_SKIPPED_MEMBERS]
    ]
    more = len(skipped_members) - len(lines)
    lines += [f"• and {more} more"] if more else []
    return "\n".join(
        [says, *(["Passed over, though they know about it:", *lines] if lines else [])]
    )


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip(text, 3000)}}
