"""A requester opens a ticket: `/ticket` opens the form, and Submit stores the ticket.

The receipt may show a solution, with a button that ends the ticket at once.
"""

import logging
from collections.abc import Iterator

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot import identity
from bot.background import BackgroundTasks
from bot.identity import acting_team_id, acting_user_id
from bot.payload import Payload, action_value
from bot.subcommand import is_new_ticket
from bot.tickets import ticket_form
from bot.ui.open_view import open_view, redraw_view
from bot.ui.views import notice_view
from models.access.directory_sync import DirectorySync
from models.errors import (
    DatabaseUnavailable,
    InvalidInput,
    NotAllowed,
    ProfilePending,
    UserFacingError,
)
from models.infra.database import deadline
from models.infra.logs import ticket_log_context
from models.messages.buttons import ButtonValue
from models.messages.slack_client import SlackClient
from models.people.store import MemberStore
from models.search.search import Search
from models.text import escape
from models.ticket_service import TicketService
from models.ticket_store.intake import TicketIntake
from models.tickets.actions import Verb
from models.tickets.ticket import Ticket
from models.triage.similarity import MIN_SIMILARITY_TO_SUGGEST, SolvedTicket
from models.triage.taxonomy_store import TaxonomyStore

# Slack cuts a message at 40,000 characters, and escaping turns 1 character into 5 at most. A
# response URL works five times, so 45,000 characters come back with the piece in the answer.
# https://docs.slack.dev/changelog/2018-truncating-really-long-messages
_MAX_PIECE_LENGTH = 7_500
_SIMILAR_SEARCH_SECONDS = 0.5
log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Register the listeners for the command and the form."""
    app.command("/ticket", matchers=[is_new_ticket])(open_form)
    app.view(ticket_form.CALLBACK)(open_ticket)
    app.action(ticket_form.SOLVE_ACTION_ID)(solve_ticket)


async def open_form(
    ack: AsyncAck,
    respond: AsyncRespond,
    command: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
) -> None:
    """Open the form with the text of the command; a trigger is valid for 3 seconds."""
    typed = command.get("text", "")
    try:
        view_id = await open_view(slack, command, ticket_form.render(typed))
    except UserFacingError as error:
        first_piece = next(_quoted_pieces(typed), "")
        raise UserFacingError(f"{error}{first_piece}") from error
    if not directory.is_overloaded:
        background.start(_check_requester(view_id, command, slack=slack, directory=directory))
    if ticket_form.can_hold(typed):
        await ack()
        return
    first_piece, *other_pieces = _quoted_pieces(typed)
    background.start(_send_ephemeral(respond, other_pieces))
    await ack(f"Your text is too long for the form, which holds its beginning.{first_piece}")


async def _check_requester(
    view_id: str, command: Payload, *, slack: SlackClient, directory: DirectorySync
) -> None:
    """Load the person's profile; a guest who may not open tickets gets a notice, not a form."""
    try:
        await identity.member_with_profile(command, directory=directory)
    except NotAllowed as error:
        await slack.update_view(view_id, notice_view(str(error)))


async def open_ticket(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    intake: TicketIntake,
    taxonomies: TaxonomyStore,
    search: Search,
    ticket_service: TicketService,
    directory: DirectorySync,
) -> None:
    """Store the ticket and wake a worker, and only then acknowledge with the receipt."""
    draft = ticket_form.read(
        body["view"], team_id=acting_team_id(body), requester=acting_user_id(body)
    )
    try:
        ticket = await ticket_service.open_ticket(draft)
    except ProfilePending:
        background.start(directory.member_with_profile(draft.team_id, draft.requester))
        raise
    except DatabaseUnavailable as error:
        raise InvalidInput(
            {
                ticket_form.TITLE: "The database did not confirm that your ticket is saved. Your "
                "text is still in the form. Press Submit again: you will get one ticket."
            }
        ) from error
    with ticket_log_context(ticket.id):
        log.info("%s: opened", ticket.id)
    # While many tickets arrive, the search would delay the receipts of all of them.
    solution = (
        None
        if intake.is_overloaded
        else await _find_similar_solution(ticket, taxonomies=taxonomies, search=search)
    )
    await ack(response_action="update", view=ticket_form.render_receipt(ticket, draft, solution))


async def solve_ticket(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    members: MemberStore,
    ticket_service: TicketService,
) -> None:
    """Resolve the requester's own ticket from the receipt, whatever its status is by now."""
    ticket_id = ButtonValue.parse(action_value(body)).ticket_id
    member = await identity.identify_member(body, members=members)
    with ticket_log_context(ticket_id):
        ticket = await ticket_service.move(ticket_id, Verb.SELF_RESOLVE, actor=member)
        log.info("%s: %s", ticket.id, Verb.SELF_RESOLVE)
    confirmation = notice_view(
        *ticket_form.solved_confirmation(ticket), title=f"Ticket {ticket.id}"
    )
    background.start(redraw_view(slack, body, confirmation))
    await ack()


async def _find_similar_solution(
    ticket: Ticket, *, taxonomies: TaxonomyStore, search: Search
) -> SolvedTicket | None:
    """A very similar solved ticket; the receipt waits at most 0.5 s for it."""
    try:
        with deadline(_SIMILAR_SEARCH_SECONDS):
            taxonomy = await taxonomies.get_taxonomy(ticket.team_id)
            public = [category.name for category in taxonomy.categories if not category.private]
            solved_tickets = await search.similar_solved_tickets(
                ticket, min_score=MIN_SIMILARITY_TO_SUGGEST, categories=public
            )
    except DatabaseUnavailable as error:
        log.warning("%s: search for similar tickets failed: %r", ticket.id, error.__cause__)
        return None
    return solved_tickets[0] if solved_tickets else None


async def _send_ephemeral(respond: AsyncRespond, pieces: list[str]) -> None:
    for piece in pieces:
        await respond(text=piece, response_type="ephemeral")


def _quoted_pieces(typed: str) -> Iterator[str]:
    """The typed text in pieces to copy, because Slack has cleared the message field."""
    for start in range(0, len(typed), _MAX_PIECE_LENGTH):
        piece = escape(typed[start : start + _MAX_PIECE_LENGTH]).replace("```", "` ` `")
        yield f" Here is your text, to copy it from:\n```\n{piece}\n```"
