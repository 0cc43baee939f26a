"""Admins read how often moderators agree with triage."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import triage_accuracy_view
from bot.background import BackgroundTasks
from bot.payload import Payload
from bot.ui.open_view import fill_view, push_view
from bot.ui.views import loading_view
from models.engine.accuracy import MAX_JUDGED_EXAMPLES, measure_accuracy
from models.messages.block_kit import View
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(triage_accuracy_view.OPEN)(show_accuracy)


async def show_accuracy(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Push the page before the trigger expires, then measure."""
    team_id = (await identity.require_admin(service, body)).team_id
    title = triage_accuracy_view.TITLE
    view_id = await push_view(service.slack, body, loading_view(title))
    page = _render_page(service, team_id)
    background.start(fill_view(service.slack, view_id, page, title=title))
    await ack()


async def _render_page(service: TicketService, team_id: str) -> View:
    triages = await service.training_store.judged_triages(team_id, limit=MAX_JUDGED_EXAMPLES)
    return triage_accuracy_view.render(measure_accuracy(triages))
