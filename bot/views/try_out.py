"""The form in which an admin tries a text: what triage and assignment would say of it, and why."""

from collections.abc import Sequence
from typing import Any

from bot.views.fields import Sent, field, modal, text
from models.assignment import Choice
from models.cards import Block
from models.errors import InvalidDraft
from models.member import Member
from models.triage import Triage
from models.wording import PRIORITY_MARKS, clip, escape, listed, mention

CALLBACK = "try_out"
TITLE = "Try it"
OPEN = "open_try_out"
TEXT = "text"
_TEXT_LENGTH = 3000
_MOST_NAMED = 10


def draw(*results: str) -> Block:
    """The form, and under it what came of the text.

    Args:
        results: mrkdwn, already escaped.
    """
    hint = "As somebody would write it. Nothing of it is stored or sent to anybody."
    typed = text(longest=_TEXT_LENGTH, multiline=True)
    blocks = [field(TEXT, "What somebody may write", typed, hint=hint)]
    blocks += [_section(result) for result in results]
    return modal(CALLBACK, TITLE, "Try", blocks)


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


def told(
    triage: Triage,
    choice: Choice | None,
    passed_over: Sequence[tuple[Member, str]],
    *,
    private: bool,
    asks_gemini: bool,
) -> list[str]:
    """What came of it, and why (mrkdwn).

    Args:
        private: whether the category is one whose tickets no AI reads.
        asks_gemini: whether the desk asks Gemini about other tickets.
    """
    said = (
        f"*Category:* {escape(triage.category)} ({triage.confidence:.0%} sure)\n"
        f"*Priority:* {PRIORITY_MARKS[triage.priority]}\n"
        f"*Skills:* {escape(listed(triage.skills))}\n"
        f"*Why:* {escape(triage.notes)}"
    )
    return [said, _engine(private=private, asks_gemini=asks_gemini), _chosen(choice, passed_over)]


def _engine(*, private: bool, asks_gemini: bool) -> str:
    if private:
        return "That is the built-in engine's word, and it stays so: no AI reads this category."
    if asks_gemini:
        return "That is the built-in engine's word. Gemini, which is asked first, may see more."
    return "That is the built-in engine's word; the desk has no key for Gemini."


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
