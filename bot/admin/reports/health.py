"""Admins check whether Frontdesk works, and retry failed steps."""

from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import health_view
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from bot.ui.open_view import fill_view, push_view
from bot.ui.views import loading_view
from models.access.directory_sync import DirectorySync
from models.admin.stuck_tickets import StuckTickets
from models.errors import UserFacingError
from models.health_checks import HealthChecks
from models.messages.block_kit import View
from models.messages.slack_client import SlackClient
from models.text import pluralize
from models.tickets.pending_step import Step, step_label


def register(app: AsyncApp) -> None:
    """Listen for the buttons."""
    app.action(health_view.OPEN)(show_health)
    app.action(health_view.REPLAY_STEPS)(replay_dead_steps)
    app.action(health_view.REPLAY_TICKET_STEP)(replay_ticket_step)
    app.action(health_view.RELEASE_QUARANTINED)(release_quarantined)


async def show_health(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
    health_checks: HealthChecks,
) -> None:
    """Push the page before the trigger expires, then run the checks."""
    await identity.require_admin(body, directory=directory)
    view_id = await push_view(slack, body, loading_view(health_view.TITLE))
    background.start(_fill_page(view_id, slack=slack, health_checks=health_checks))
    await ack()


async def replay_dead_steps(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
    stuck_tickets: StuckTickets,
    health_checks: HealthChecks,
) -> None:
    """Retry all dead steps of a kind."""
    admin = await identity.require_admin(body, directory=directory)
    step = Step(action_value(body))

    async def replay() -> str:
        count = await stuck_tickets.replay_all(admin, step)
        return f"Trying again: {step_label(step)} for {pluralize(count, 'ticket')}."

    background.start(
        _fill_page(
            body["view"]["id"],
            after=replay,
            slack=slack,
            health_checks=health_checks,
        )
    )
    await ack()


async def replay_ticket_step(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
    stuck_tickets: StuckTickets,
    health_checks: HealthChecks,
) -> None:
    """Retry the dead step of one ticket."""
    admin = await identity.require_admin(body, directory=directory)
    step, ticket_id = health_view.selected_dead_step(body)

    async def replay() -> str:
        await stuck_tickets.replay(admin, step, (ticket_id,))
        return f"Trying again: {step_label(step)} for {ticket_id}."

    background.start(
        _fill_page(
            body["view"]["id"],
            after=replay,
            slack=slack,
            health_checks=health_checks,
        )
    )
    await ack()


async def release_quarantined(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    directory: DirectorySync,
    stuck_tickets: StuckTickets,
    health_checks: HealthChecks,
) -> None:
    """Release the quarantined tickets that can be read again."""
    admin = await identity.require_admin(body, directory=directory)

    async def release() -> str:
        count = await stuck_tickets.release_quarantined(admin)
        return f"Released from quarantine: {pluralize(count, 'ticket')}."

    background.start(
        _fill_page(
            body["view"]["id"],
            after=release,
            slack=slack,
            health_checks=health_checks,
        )
    )
    await ack()


async def _fill_page(
    view_id: str,
    *,
    after: Callable[[], Awaitable[str]] | None = None,
    slack: SlackClient,
    health_checks: HealthChecks,
) -> None:
    """Fill the page after an action, with the action's result above it."""
    page = _render_page(after, health_checks=health_checks)
    await fill_view(slack, view_id, page, title=health_view.TITLE)


async def _render_page(
    action: Callable[[], Awaitable[str]] | None, *, health_checks: HealthChecks
) -> View:
    try:
        note = await action() if action else ""
    except UserFacingError as error:
        note = str(error)
    report = await health_checks.run_in_bot()
    return health_view.render(report, note=note)
