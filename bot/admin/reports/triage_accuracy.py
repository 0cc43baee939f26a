"""Admins read how often moderators agree with triage."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import triage_accuracy_view
from bot.background import BackgroundTasks
from bot.payload import Payload
from bot.ui.open_view import fill_view, push_view
from bot.ui.views import loading_view
from models.access.directory_sync import DirectorySync
from models.engine.accuracy import MAX_JUDGED_EXAMPLES, measure_accuracy
from models.engine.training_store import TrainingStore
from models.messages.block_kit import View
from models.messages.slack_client import SlackClient


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(triage_accuracy_view.OPEN)(show_accuracy)


async def show_accuracy(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    training_store: TrainingStore,
    directory: DirectorySync,
) -> None:
    """Push the page before the trigger expires, then measure."""
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    title = triage_accuracy_view.TITLE
    view_id = await push_view(slack, body, loading_view(title))
    page = _render_page(team_id, training_store=training_store)
    background.start(fill_view(slack, view_id, page, title=title))
    await ack()


async def _render_page(team_id: str, *, training_store: TrainingStore) -> View:
    triages = await training_store.judged_triages(team_id, limit=MAX_JUDGED_EXAMPLES)
    return triage_accuracy_view.render(measure_accuracy(triages))
