"""An employee opens a ticket: `/ticket` shows the form, the form is sent, the ticket is stored."""

import logging
from collections.abc import Iterator
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot import acting
from bot.acting import team_of, user_of
from bot.background import Background
from bot.subcommand import new_ticket
from bot.views import ticket_form
from bot.views.sentence import sentence_view
from models.database import all_within
from models.desk import Desk
from models.errors import (
    DeskError,
    InvalidDraft,
    NotAllowed,
    NotYetKnown,
    OutsideError,
    Unavailable,
)
from models.logs import about
from models.similar import VERY_ALIKE, Solved
from models.ticket import Ticket
from models.wording import escape

# Slack cuts a message at 40,000 characters, and escaping makes five of one at most. A response URL
# works five times, so that with the first piece in the answer 45,000 characters come back.
# https://docs.slack.dev/changelog/2018-truncating-really-long-messages
_PIECE = 7_500
_HELPFUL_SECONDS = 0.5
log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen for the command and for the form."""
    app.command("/ticket", matchers=[new_ticket])(open_form)
    app.view(ticket_form.CALLBACK)(open_ticket)


async def open_form(
    ack: AsyncAck,
    respond: AsyncRespond,
    command: dict[str, Any],
    desk: Desk,
    background: Background,
) -> None:
    """Open the form, filled in with what was typed; the trigger lives three seconds."""
    typed = command.get("text", "")
    try:
        view_id = await desk.slack.open_view(command["trigger_id"], ticket_form.draw(typed))
    except OutsideError as error:
        first = next(_quoted(typed), "")
        raise DeskError(f"Slack did not open the form. Please try again.{first}") from error
    if not desk.people.crowded:
        background.start(_meet(desk, view_id, command))
    if ticket_form.fits(typed):
        await ack()
        return
    first, *rest = _quoted(typed)
    background.start(_whisper(respond, rest))
    await ack(f"The form holds the beginning of your text.{first}")


async def _meet(desk: Desk, view_id: str, command: dict[str, Any]) -> None:
    """Learn who this is; whom the desk does not serve need not fill in the form."""
    try:
        await acting.acquaintance(desk, command)
    except NotAllowed as refused:
        await desk.slack.update_view(view_id, sentence_view(str(refused)))


async def open_ticket(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Store the ticket, ring for its triage, and only then answer with its number."""
    draft = ticket_form.read(body["view"], team_id=team_of(body), requester=user_of(body))
    try:
        ticket = await desk.open_ticket(draft)
    except NotYetKnown:
        background.start(desk.acquainted(draft.team_id, draft.requester))
        raise
    except Unavailable as error:
        raise InvalidDraft(
            {
                ticket_form.TITLE: "I could not confirm that this is saved. "
                "Press Submit again: you will get one ticket."
            }
        ) from error
    with about(ticket.id):
        log.info("%s: opened", ticket.id)
    # In a crowd a receipt comes first.
    helpful = None if desk.openings.crowded else await _helpful(desk, ticket)
    await ack(response_action="update", view=ticket_form.receipt(ticket, draft, helpful))


async def _helpful(desk: Desk, ticket: Ticket) -> Solved | None:
    """How something very much like it was solved; the receipt does not wait long for that."""
    try:
        with all_within(_HELPFUL_SECONDS):
            lists = await desk.store.configuration(ticket.team_id)
            private = [category.name for category in lists.categories if category.private]
            found = await desk.search.solved_like(ticket, at_least=VERY_ALIKE, hidden=private)
    except Unavailable as error:
        log.warning("%s: nothing alike was looked for: %r", ticket.id, error.__cause__)
        return None
    return found[0] if found else None


async def _whisper(respond: AsyncRespond, pieces: list[str]) -> None:
    for piece in pieces:
        await respond(text=piece, response_type="ephemeral")


def _quoted(typed: str) -> Iterator[str]:
    """All that was typed, to copy it from: by now the command line has lost it."""
    for start in range(0, len(typed), _PIECE):
        piece = escape(typed[start : start + _PIECE]).replace("```", "` ` `")
        yield f" This is what you typed, to copy it from:\n```\n{piece}\n```"
