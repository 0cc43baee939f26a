"""The form that tests triage, and the page with the result: triage, assignee and reasons."""

from collections.abc import Sequence

from bot.payload import Payload
from bot.ui.form_fields import input_field, text_input
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view, page_view
from models.assignment.matching import AssigneeChoice
from models.engine.dry_run import DRY_RUN_TICKET_ID
from models.messages.block_kit import View, section
from models.messages.texts import PRIORITY_MARKS
from models.people.member import Member
from models.text import clip, escape, join_names, mention, pluralize
from models.triage.result import Engine, Triage

CALLBACK = "try_out"
TITLE = "Test triage"
OPEN = "open_try_out"
TEXT = "text"
# The worker asks Gemini at most twice, which takes at most 17 seconds.
WORKER_TIMEOUT_SECONDS = 20
_MAX_TEXT_LENGTH = 3000
# https://docs.slack.dev/reference/block-kit/blocks/section-block
_MAX_SECTION_LENGTH = 3000
_MAX_SKIPPED_MEMBERS = 10
_HINT = (
    "The first line is the title. This does not create a ticket. "
    "If Frontdesk uses Gemini, Gemini receives the text like a ticket."
)


def render() -> View:
    """The form for an example request."""
    element = text_input(max_length=_MAX_TEXT_LENGTH, multiline=True)
    field = input_field(TEXT, "Example request", element, hint=_HINT)
    return form_view(CALLBACK, TITLE, [field], submit="Test")


def read(view: Payload) -> tuple[str, str]:
    """The title and the description of the example request.

    Raises:
        InvalidInput: the text is empty or too long.
    """
    text = SubmittedForm(view).required_text(
        TEXT, max_length=_MAX_TEXT_LENGTH, if_empty="Enter an example request."
    )
    title, _, description = text.partition("\n")
    return title.strip(), description.strip()


def render_result(external_id: str, *texts: str) -> View:
    """The page on top of the form.

    Args:
        external_id: the id by which a later answer replaces the page.
        texts: mrkdwn, already escaped.
    """
    blocks = [section(clip(text, _MAX_SECTION_LENGTH)) for text in texts]
    return page_view("Result", blocks, external_id=external_id)


def result_texts(
    triage: Triage,
    choice: AssigneeChoice | None,
    skipped_members: Sequence[tuple[Member, str]],
    heading: str,
) -> list[str]:
    """The heading, the triage, and the assignee with the reasons (mrkdwn)."""
    lines = [
        f"*Category:* {escape(triage.category)} ({triage.confidence:.0%} sure)",
        f"*Priority:* {PRIORITY_MARKS[triage.priority]}",
        f"*Skills:* {escape(join_names(triage.skills))}",
        *([f"*Notes:* {escape(triage.notes)}"] if triage.notes else []),
    ]
    return [heading, "\n".join(lines), _assignment_text(choice, skipped_members)]


def waiting_heading(*, uses_gemini: bool) -> str:
    """The heading until the worker answers.

    Args:
        uses_gemini: whether the worker asks Gemini.
    """
    waiting_for = "Asking Gemini" if uses_gemini else "Asking a worker that has the trained model"
    return (
        f":hourglass_flowing_sand: *{waiting_for} …* "
        f"The answer appears here within {WORKER_TIMEOUT_SECONDS} seconds. "
        "Until then, this is the quick answer of the built-in engine:"
    )


def answer_heading(triage: Triage) -> str:
    """The heading above the worker's answer: the engine, and why it was used."""
    if triage.engine is Engine.GEMINI:
        cost = f"{triage.ms} ms, {pluralize(triage.tokens, 'token')}"
        return (
            f"*Answered by Gemini*: {escape(triage.model)}, {cost}. "
            f"The text that was sent is in *AI request log* under {DRY_RUN_TICKET_ID}."
        )
    reason = escape(clip(triage.why_builtin, 300))
    return f"*Answered by the built-in engine* with the trained model, because {reason}."


NO_WORKER_HEADING = (
    "*No worker answered.* This is only the quick answer of the built-in engine. "
    "Look at *System health*."
)


def _assignment_text(
    choice: AssigneeChoice | None, skipped_members: Sequence[tuple[Member, str]]
) -> str:
    if choice is None:
        assignment = "*Nobody* is available: the ticket would wait until a moderator is."
    else:
        assignee, reason = mention(choice.member.slack_id), escape(choice.reason)
        assignment = f"*Assignee:* {assignee}, with the reason “{reason}”."
    lines = [
        f"• {mention(member.slack_id)} {escape(reason)}"
        for member, reason in skipped_members[:_MAX_SKIPPED_MEMBERS]
    ]
    hidden = len(skipped_members) - len(lines)
    lines += [f"• and {hidden} more"] if hidden else []
    heading = ["Skipped, although they have the skills:"] if lines else []
    return "\n".join([assignment, *heading, *lines])
