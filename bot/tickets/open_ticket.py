"""An employee opens a ticket: `/ticket` shows the form, the form is sent, the ticket is stored."""

import logging
from collections.abc import Iterator
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot import identity
from bot.background import BackgroundTasks
from bot.identity import acting_team_id, acting_user_id
from bot.subcommand import is_new_ticket
from bot.tickets import ticket_form
from bot.ui.notice_view import notice_view
from models.errors import (
    DatabaseUnavailable,
    ExternalServiceError,
    InvalidInput,
    NotAllowed,
    ProfilePending,
    UserFacingError,
)
from models.infra.database import deadline
from models.infra.logs import ticket_log_context
from models.text import escape
from models.ticket_service import TicketService
from models.tickets.ticket import Ticket
from models.triage.similarity import MIN_SIMILARITY_TO_SUGGEST, SolvedTicket

# Slack cuts a message at 40,000 characters, and escaping makes five of one at most. A response URL
# works five times, so that with the first piece in the answer 45,000 characters come back.
# https://docs.slack.dev/changelog/2018-truncating-really-long-messages
_MAX_PIECE_LENGTH = 7_500
_SIMILAR_SEARCH_SECONDS = 0.5
log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen for the command and for the form."""
    app.command("/ticket", matchers=[is_new_ticket])(open_form)
    app.view(ticket_form.CALLBACK)(open_ticket)


async def open_form(
    ack: AsyncAck,
    respond: AsyncRespond,
    command: dict[str, Any],
    service: TicketService,
    background: BackgroundTasks,
) -> None:
    """Open the form, filled in with what was typed; the trigger lives three seconds."""
    typed = command.get("text", "")
    try:
        view_id = await service.slack.open_view(command["trigger_id"], ticket_form.render(typed))
    except ExternalServiceError as error:
        first = next(_quoted_pieces(typed), "")
        raise UserFacingError(f"Slack did not open the form. Please try again.{first}") from error
    if not service.directory.is_overloaded:
        background.start(_check_requester(service, view_id, command))
    if ticket_form.can_hold(typed):
        await ack()
        return
    first, *rest = _quoted_pieces(typed)
    background.start(_send_ephemeral(respond, rest))
    await ack(f"The form holds the beginning of your text.{first}")


async def _check_requester(service: TicketService, view_id: str, command: dict[str, Any]) -> None:
    """Learn who this is; whom the desk does not serve need not fill in the form."""
    try:
        await identity.member_with_profile(service, command)
    except NotAllowed as refused:
        await service.slack.update_view(view_id, notice_view(str(refused)))


async def open_ticket(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Store the ticket, ring for its triage, and only then answer with its number."""
    draft = ticket_form.read(
        body["view"], team_id=acting_team_id(body), requester=acting_user_id(body)
    )
    try:
        ticket = await service.open_ticket(draft)
    except ProfilePending:
        background.start(service.member_with_profile(draft.team_id, draft.requester))
        raise
    except DatabaseUnavailable as error:
        raise InvalidInput(
            {
                ticket_form.TITLE: "I could not confirm that this is saved. "
                "Press Submit again: you will get one ticket."
            }
        ) from error
    with ticket_log_context(ticket.id):
        log.info("%s: opened", ticket.id)
    # In a crowd a receipt comes first.
    helpful = (
        None if service.intake.is_overloaded else await _find_similar_solution(service, ticket)
    )
    await ack(response_action="update", view=ticket_form.render_receipt(ticket, draft, helpful))


async def _find_similar_solution(service: TicketService, ticket: Ticket) -> SolvedTicket | None:
    """How something very much like it was solved; the receipt does not wait long for that."""
    try:
        with deadline(_SIMILAR_SEARCH_SECONDS):
            lists = await service.taxonomies.get_taxonomy(ticket.team_id)
            private = [category.name for category in lists.categories if category.private]
            found = await service.search.similar_solved_tickets(
                ticket, min_score=MIN_SIMILARITY_TO_SUGGEST, hidden_categories=private
            )
    except DatabaseUnavailable as error:
        log.warning("%s: nothing alike was looked for: %r", ticket.id, error.__cause__)
        return None
    return found[0] if found else None


async def _send_ephemeral(respond: AsyncRespond, pieces: list[str]) -> None:
    for piece in pieces:
        await respond(text=piece, response_type="ephemeral")


def _quoted_pieces(typed: str) -> Iterator[str]:
    """All that was typed, to copy it from: by now the command line has lost it."""
    for start in range(0, len(typed), _MAX_PIECE_LENGTH):
        piece = escape(typed[start : start + _MAX_PIECE_LENGTH]).replace("```", "` ` `")
        yield f" This is what you typed, to copy it from:\n```\n{piece}\n```"
