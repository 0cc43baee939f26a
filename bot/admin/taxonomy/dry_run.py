"""An admin tries a text: what triage and assignment would say of it; no ticket comes of it.

What the built-in engine says is shown at once. What the desk would really say, a worker is asked,
which has Gemini and all that the desk has learnt: it takes the other's place when it comes.
"""

from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from bot import identity
from bot.admin.taxonomy import dry_run_form
from bot.background import BackgroundTasks
from models.admin import taxonomy
from models.assignment.matching import choose_assignee, reason_for_admin_review, skipped_candidates
from models.clock import utc_now
from models.engine import keyword_engine, prompt_injection
from models.engine.dry_run import make_dry_run_ticket
from models.errors import ExternalServiceError, TargetGone, UserFacingError
from models.messages.cards import Block
from models.ticket_service import TicketService
from models.tickets.ticket import Ticket
from models.triage.priority_rules import priority_by_words
from models.triage.result import Triage

_WORKER_FUNCTION = "try_out"
_OPEN_VIEW_SECONDS = 5


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(dry_run_form.OPEN)(open_dry_run)
    app.view(dry_run_form.CALLBACK)(start_dry_run)


async def open_dry_run(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show the form on top of the one about people."""
    await identity.require_admin(service, body)
    try:
        await service.slack.push_view(body["trigger_id"], dry_run_form.render())
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the form. Please try again.") from error
    await ack()


async def start_dry_run(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Show on top of the text what would come of it, first by the engine that is at hand."""
    team_id = (await identity.require_admin(service, body)).team_id
    ticket = make_dry_run_ticket(team_id, *dry_run_form.read(body["view"]))
    configuration = await service.taxonomies.get_taxonomy(team_id)
    said = keyword_engine.triage(
        prompt_injection.strip_instructions(ticket), configuration, why_builtin=""
    )
    said = prompt_injection.with_warning(said, ticket)
    least = priority_by_words(ticket.text, service.settings.floor_words)
    said = keyword_engine.with_priority_floor(said, ticket, configuration, floor=least)
    kept = keyword_engine.find_private_category(
        ticket, configuration
    ) or prompt_injection.contains_injection(ticket.text)
    gemini = service.settings.gemini_api_key is not None and not kept
    # Each text has a page of its own, so that a late answer comes to its own text alone.
    page = uuid4().hex
    shown = await _result_texts(
        service, ticket, said, heading=dry_run_form.waiting_heading(uses_gemini=gemini)
    )
    background.start(_triage_in_worker(service, ticket, said, page))
    await ack(response_action="push", view=dry_run_form.render_result(page, *shown))


async def _triage_in_worker(
    service: TicketService, ticket: Ticket, preview: Triage, external_id: str
) -> None:
    """Have a worker read the text as it would a ticket, and show what it says."""
    answer = await service.step_queue.call_worker(
        _WORKER_FUNCTION,
        ticket.team_id,
        ticket.title,
        ticket.description,
        timeout_seconds=dry_run_form.WORKER_TIMEOUT_SECONDS,
    )
    try:
        said = Triage.model_validate(answer)
    except ValidationError:
        shown = await _result_texts(
            service, ticket, preview, heading=dry_run_form.NO_WORKER_HEADING
        )
    else:
        shown = await _result_texts(
            service, ticket, said, heading=dry_run_form.answer_heading(said)
        )
    await _update_result(service, external_id, dry_run_form.render_result(external_id, *shown))


# Slack may not have opened the page yet; when it never does, nobody waits for it any more.
@retry(
    retry=retry_if_exception_type(TargetGone),
    wait=wait_exponential(multiplier=0.1, max=1),
    stop=stop_after_delay(_OPEN_VIEW_SECONDS),
    reraise=True,
)
async def _update_result(service: TicketService, external_id: str, view: Block) -> None:
    await service.slack.update_view_by_external_id(external_id, view)


async def _result_texts(
    service: TicketService, ticket: Ticket, triage: Triage, *, heading: str
) -> list[str]:
    """What is said of the text, and who would get it."""
    people, configuration = await taxonomy.load_candidates(service, ticket.team_id)
    ticket, at = ticket.model_copy(update={"triage": triage}), utc_now()
    chosen = choose_assignee(
        ticket, people, now=at, review_reason=reason_for_admin_review(ticket, configuration)
    )
    return dry_run_form.result_texts(
        triage, chosen, skipped_candidates(ticket, people, now=at), heading
    )
