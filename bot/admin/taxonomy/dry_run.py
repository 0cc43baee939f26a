"""Admins test triage with an example request; no ticket is created.

The answer of the built-in engine is shown at once. A worker, which has Gemini and the trained
model, triages the request meanwhile, and its answer replaces the first one.
"""

from uuid import uuid4

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from bot import identity
from bot.admin.taxonomy import dry_run_form
from bot.background import BackgroundTasks
from bot.payload import Payload
from bot.ui.open_view import push_view
from models.access.directory_sync import DirectorySync
from models.assignment.candidates import CandidateList
from models.assignment.matching import choose_assignee, reason_for_admin_review, skipped_candidates
from models.clock import utc_now
from models.engine.dry_run import make_dry_run_ticket
from models.engine.ticket_reading import read_text
from models.errors import TargetGone
from models.job_queue.step_queue import StepQueue
from models.messages.block_kit import View
from models.messages.slack_client import SlackClient
from models.settings import Settings
from models.tickets.ticket import Ticket
from models.triage.priority_rules import priority_by_words
from models.triage.result import Triage
from models.triage.taxonomy_store import TaxonomyStore
from models.workspace.settings_store import SettingsStore

_WORKER_FUNCTION = "try_out"
_OPEN_VIEW_SECONDS = 5


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(dry_run_form.OPEN)(open_dry_run)
    app.view(dry_run_form.CALLBACK)(start_dry_run)


async def open_dry_run(
    ack: AsyncAck, body: Payload, *, slack: SlackClient, directory: DirectorySync
) -> None:
    """Push the form."""
    await identity.require_admin(body, directory=directory)
    await push_view(slack, body, dry_run_form.render())
    await ack()


async def start_dry_run(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    settings: Settings,
    step_queue: StepQueue,
    slack: SlackClient,
    workspace_settings: SettingsStore,
    taxonomies: TaxonomyStore,
    directory: DirectorySync,
    candidate_list: CandidateList,
) -> None:
    """Show the answer of the built-in engine on top of the form, and ask a worker."""
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    ticket = make_dry_run_ticket(team_id, *dry_run_form.read(body["view"]))
    current_taxonomy = await taxonomies.get_taxonomy(team_id)
    current_settings = await workspace_settings.load(team_id)
    floor = priority_by_words(ticket.text, current_settings.floor_words)
    reading = read_text(ticket, current_taxonomy, floor=floor)
    preview = reading.with_rules(reading.keyword_triage)
    # Where a category is private, only a worker knows whether Gemini may read the text.
    uses_gemini = (
        settings.gemini_api_key is not None
        and not current_taxonomy.has_private_category
        and not reading.reason_not_to_send
    )
    # An id for each request, so that a late answer replaces only the page of its own request.
    external_id = uuid4().hex
    texts = await _result_texts(
        ticket,
        preview,
        heading=dry_run_form.waiting_heading(uses_gemini=uses_gemini),
        candidate_list=candidate_list,
    )
    background.start(
        _triage_in_worker(
            ticket,
            preview,
            external_id,
            step_queue=step_queue,
            slack=slack,
            candidate_list=candidate_list,
        )
    )
    await ack(response_action="push", view=dry_run_form.render_result(external_id, *texts))


async def _triage_in_worker(
    ticket: Ticket,
    preview: Triage,
    external_id: str,
    *,
    step_queue: StepQueue,
    slack: SlackClient,
    candidate_list: CandidateList,
) -> None:
    """Have a worker triage the request like a ticket, and show its answer."""
    answer = await step_queue.call_worker(
        _WORKER_FUNCTION,
        ticket.team_id,
        ticket.title,
        ticket.description,
        timeout_seconds=dry_run_form.WORKER_TIMEOUT_SECONDS,
    )
    try:
        triage = Triage.model_validate(answer)
    except ValidationError:
        triage, heading = preview, dry_run_form.NO_WORKER_HEADING
    else:
        heading = dry_run_form.answer_heading(triage)
    texts = await _result_texts(ticket, triage, heading=heading, candidate_list=candidate_list)
    await _update_result(external_id, dry_run_form.render_result(external_id, *texts), slack=slack)


# Slack may not have opened the page yet. If Slack never opens it, nobody waits for the result.
@retry(
    retry=retry_if_exception_type(TargetGone),
    wait=wait_exponential(multiplier=0.1, max=1),
    stop=stop_after_delay(_OPEN_VIEW_SECONDS),
    reraise=True,
)
async def _update_result(external_id: str, view: View, *, slack: SlackClient) -> None:
    await slack.update_view_by_external_id(external_id, view)


async def _result_texts(
    ticket: Ticket, triage: Triage, *, heading: str, candidate_list: CandidateList
) -> list[str]:
    """The triage, and the member who would get the ticket."""
    candidates, current_taxonomy = await candidate_list.load(ticket.team_id)
    ticket, now = ticket.model_copy(update={"triage": triage}), utc_now()
    choice = choose_assignee(
        ticket,
        candidates,
        now=now,
        review_reason=reason_for_admin_review(ticket, current_taxonomy),
    )
    return dry_run_form.result_texts(
        triage, choice, skipped_candidates(ticket, candidates, now=now), heading
    )
