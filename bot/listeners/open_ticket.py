"""An employee opens a ticket: `/ticket` shows the form, the form is sent, the ticket is stored."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.acting import team_of, user_of
from bot.background import Background
from bot.views import ticket_form
from models.desk import Desk
from models.errors import DeskError, InvalidDraft, OutsideError, Unavailable
from models.wording import escape

# What Slack takes as the answer to a command: https://docs.slack.dev/reference/methods/chat.postMessage
_ANSWER_LENGTH = 38_000


def register(app: AsyncApp) -> None:
    """Listen for the command and for the form."""
    app.command("/ticket")(open_form)
    app.view(ticket_form.CALLBACK)(open_ticket)


async def open_form(
    ack: AsyncAck, command: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Open the form, filled in with what was typed; the trigger lives three seconds."""
    typed = command.get("text", "")
    try:
        await desk.slack.open_view(command["trigger_id"], ticket_form.draw(typed))
    except OutsideError as error:
        raise DeskError(
            f"Slack did not open the form. Please try again.{_quoted(typed)}"
        ) from error
    background.start(desk.acquainted(team_of(command), user_of(command)))
    if ticket_form.fits(typed):
        await ack()
    else:
        await ack(f"The form holds the beginning of your text.{_quoted(typed)}")


async def open_ticket(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Store the ticket, ring for its triage, and only then answer with its number."""
    draft = ticket_form.read(body["view"], team_id=team_of(body), requester=user_of(body))
    try:
        ticket = await desk.open_ticket(draft)
    except Unavailable as error:
        raise InvalidDraft(
            {
                ticket_form.TITLE: "I could not confirm that this is saved. "
                "Press Submit again: you will get one ticket."
            }
        ) from error
    await ack(response_action="update", view=ticket_form.receipt(ticket))


def _quoted(typed: str) -> str:
    """What was typed, to copy it from; the command line has lost it by now."""
    text = escape(typed.strip())[:_ANSWER_LENGTH].replace("```", "'''")
    return f" This is all you typed, to copy it from:\n```\n{text}\n```" if text else ""
