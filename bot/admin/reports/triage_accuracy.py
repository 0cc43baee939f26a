"""An admin sees how often triage was right: a button behind `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import triage_accuracy_view
from bot.background import BackgroundTasks
from bot.ui.notice_view import notice_view
from models.engine.accuracy import MAX_JUDGED_EXAMPLES, measure_accuracy
from models.errors import ExternalServiceError, UserFacingError
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(triage_accuracy_view.OPEN)(show_accuracy)


async def show_accuracy(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Open the page at once, since the trigger lives three seconds; then count."""
    admin = await identity.require_admin(service, body)
    waiting = notice_view("One moment: I am counting …", title=triage_accuracy_view.TITLE)
    try:
        view_id = await service.slack.push_view(body["trigger_id"], waiting)
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the page. Please try again.") from error
    background.start(_fill_page(service, view_id, admin.team_id))
    await ack()


async def _fill_page(service: TicketService, view_id: str, team_id: str) -> None:
    try:
        page = triage_accuracy_view.render(
            measure_accuracy(
                await service.training_store.judged_triages(team_id, limit=MAX_JUDGED_EXAMPLES)
            )
        )
    except UserFacingError as refused:
        page = notice_view(str(refused), title=triage_accuracy_view.TITLE)
    await service.slack.update_view(view_id, page)
