"""The form in which an admin tries a text, and what triage and assignment say of it, and why."""

from collections.abc import Sequence
from typing import Any

from bot.views.fields import Sent, field, modal, plain, text
from models.assignment import Choice
from models.cards import Block
from models.errors import InvalidDraft
from models.member import Member
from models.triage import Engine, Triage
from models.trial import TRIAL
from models.wording import PRIORITY_MARKS, clip, counted, escape, listed, mention

CALLBACK = "try_out"
TITLE = "Try it"
OPEN = "open_try_out"
TEXT = "text"
# Gemini is asked twice at most, which takes 17 seconds at most.
ASK_SECONDS = 20
_TEXT_LENGTH = 3000
_MOST_NAMED = 10
_HINT = (
    "As somebody would write it; the first line is the title. No ticket comes of it. "
    "Gemini, if the desk has it, gets it as it gets a ticket."
)


def draw() -> Block:
    """The form."""
    typed = text(longest=_TEXT_LENGTH, multiline=True)
    return modal(
        CALLBACK, TITLE, "Try", [field(TEXT, "What somebody may write", typed, hint=_HINT)]
    )


def read(view: dict[str, Any]) -> tuple[str, str]:
    """The text as a ticket's title and description.

    Raises:
        InvalidDraft: there is none.
    """
    typed = Sent(view).text(TEXT).strip()
    if not typed:
        raise InvalidDraft({TEXT: "Please write what somebody may ask for."})
    title, _, description = typed.partition("\n")
    return title.strip(), description.strip()


def result(external_id: str, *says: str) -> Block:
    """What is shown on top of the form.

    Args:
        external_id: by which it is drawn anew.
        says: mrkdwn, already escaped.
    """
    return {
        "type": "modal",
        "external_id": external_id,
        "title": plain("What would come of it"),
        "close": plain("Back"),
        "blocks": [_section(each) for each in says],
    }


def told(
    triage: Triage, choice: Choice | None, passed_over: Sequence[tuple[Member, str]], by: str
) -> list[str]:
    """Whose word it is, what came of it, and why (mrkdwn)."""
    said = [
        f"*Category:* {escape(triage.category)} ({triage.confidence:.0%} sure)",
        f"*Priority:* {PRIORITY_MARKS[triage.priority]}",
        f"*Skills:* {escape(listed(triage.skills))}",
        *([f"*Notes:* {escape(triage.notes)}"] if triage.notes else []),
    ]
    return [by, "\n".join(said), _chosen(choice, passed_over)]


def asking(*, gemini: bool) -> str:
    """Whose word it is until the worker has answered.

    Args:
        gemini: whether it asks Gemini.
    """
    who = "Gemini is asked" if gemini else "A worker is asked what the desk has learnt"
    return (
        f":hourglass_flowing_sand: *{who} …* The answer takes this place within {ASK_SECONDS} "
        "seconds. Until then, this is what the built-in engine says at once:"
    )


def answered(triage: Triage) -> str:
    """Whose word it is that the worker has answered with."""
    if triage.engine is Engine.GEMINI:
        took = f"{triage.ms} ms, {counted(triage.tokens, 'token')}"
        return (
            f"This is *Gemini's* word: {escape(triage.model)}, {took}. "
            f"What it was sent is under *Sent to Gemini*, {TRIAL}."
        )
    why = escape(clip(triage.why_builtin, 300))
    return f"This is the *built-in engine's* word, by all that the desk has learnt, since {why}."


NOBODY = (
    "No worker has answered: this is only what the built-in engine says at once. "
    "*Is the desk well?* may say why."
)


def _chosen(choice: Choice | None, passed_over: Sequence[tuple[Member, str]]) -> str:
    if choice is None:
        says = "*Nobody* could take it now: it would wait until somebody has room."
    else:
        why = escape(choice.reason)
        says = f"*It would go to {mention(choice.member.slack_id)}*, who would read: “{why}”."
    lines = [f"• {mention(who.slack_id)} {escape(why)}" for who, why in passed_over[:_MOST_NAMED]]
    more = len(passed_over) - len(lines)
    lines += [f"• and {more} more"] if more else []
    return "\n".join(
        [says, *(["Passed over, though they know about it:", *lines] if lines else [])]
    )


def _section(said: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": clip(said, 3000)}}
