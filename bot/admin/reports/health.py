"""Admins check whether Frontdesk works, and retry failed steps."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import health_view
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from bot.ui.open_view import fill_view, push_view
from bot.ui.views import loading_view
from models.errors import Conflict, NoSuchTicket, UserFacingError
from models.health import CheckResult, group_dead_steps
from models.health_checks import MAX_REPORTED_TICKETS, run_health_checks
from models.messages.block_kit import View
from models.people.member import Member
from models.text import pluralize
from models.ticket_service import TicketService
from models.tickets.pending_step import Step, step_label

_WORKER_TIMEOUT_SECONDS = 5
_NO_WORKER_RESULT = CheckResult(
    "checks by the worker", "no worker answered", "Start a worker, or read its log."
)


def register(app: AsyncApp) -> None:
    """Listen for the buttons."""
    app.action(health_view.OPEN)(show_health)
    app.action(health_view.REPLAY_STEPS)(replay_dead_steps)
    app.action(health_view.REPLAY_TICKET_STEP)(replay_ticket_step)
    app.action(health_view.RELEASE_QUARANTINED)(release_quarantined)


async def show_health(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Push the page before the trigger expires, then run the checks."""
    await identity.require_admin(service, body)
    view_id = await push_view(service.slack, body, loading_view(health_view.TITLE))
    background.start(_fill_page(service, view_id))
    await ack()


async def replay_dead_steps(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Retry all dead steps of a kind."""
    admin = await identity.require_admin(service, body)
    step = Step(action_value(body))

    async def replay() -> str:
        ticket_ids = await _dead_ticket_ids(service, step)
        await _replay(service, admin, step, ticket_ids)
        return f"Trying again: {step_label(step)} for {pluralize(len(ticket_ids), 'ticket')}."

    background.start(_fill_page(service, body["view"]["id"], after=replay))
    await ack()


async def replay_ticket_step(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Retry the dead step of one ticket."""
    admin = await identity.require_admin(service, body)
    step, ticket_id = health_view.selected_dead_step(body)

    async def replay() -> str:
        await _replay(service, admin, step, (ticket_id,))
        return f"Trying again: {step_label(step)} for {ticket_id}."

    background.start(_fill_page(service, body["view"]["id"], after=replay))
    await ack()


async def release_quarantined(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Release the quarantined tickets that can be read again."""
    admin = await identity.require_admin(service, body)

    async def release() -> str:
        released = []
        for ticket_id in await service.tickets.quarantined_tickets(limit=MAX_REPORTED_TICKETS):
            with suppress(NoSuchTicket):
                await service.tickets.release_from_quarantine(ticket_id)
                released.append(ticket_id)
        after = {"tickets": released}
        await service.audit_log.record(admin, "took up damaged tickets", "tickets", after=after)
        return f"Released from quarantine: {pluralize(len(released), 'ticket')}."

    background.start(_fill_page(service, body["view"]["id"], after=release))
    await ack()


async def _dead_ticket_ids(service: TicketService, step: Step) -> tuple[str, ...]:
    """The ids of the tickets on which this step is dead."""
    groups = group_dead_steps(await service.tickets.dead_tickets(limit=MAX_REPORTED_TICKETS))
    return next((group.ticket_ids for group in groups if group.step is step), ())


async def _replay(
    service: TicketService, admin: Member, step: Step, ticket_ids: tuple[str, ...]
) -> None:
    """Retry the step of these tickets; with no dead step left, the next one alerts admins again."""
    remaining = set(await _dead_ticket_ids(service, step)) - set(ticket_ids)
    for ticket_id in ticket_ids:
        with suppress(Conflict, NoSuchTicket):
            await service.replay_step(ticket_id, step)
    if not remaining:
        # Clear the alarm last: a ticket whose step is still dead would raise it again.
        await service.tickets.clear_alarm(admin.team_id, step)
    await service.audit_log.record(admin, "tried again", step, after={"tickets": list(ticket_ids)})


async def _fill_page(
    service: TicketService, view_id: str, *, after: Callable[[], Awaitable[str]] | None = None
) -> None:
    """Fill the page after an action, with the action's result above it."""
    page = _render_page(service, after)
    await fill_view(service.slack, view_id, page, title=health_view.TITLE)


async def _render_page(service: TicketService, action: Callable[[], Awaitable[str]] | None) -> View:
    try:
        note = await action() if action else ""
    except UserFacingError as error:
        note = str(error)
    report = await run_health_checks(service, _bot_results(service), _worker_results(service))
    return health_view.render(report, note=note)


async def _bot_results(service: TicketService) -> list[CheckResult]:
    """The check of Slack's requests; the admin's click has just proved that they arrive."""
    transport = "Socket Mode" if service.settings.slack_app_token else "HTTP"
    return [CheckResult("Slack's requests", f"arrive, by {transport}")]


async def _worker_results(service: TicketService) -> list[CheckResult]:
    results = await service.step_queue.call_worker(
        "examine_outside", timeout_seconds=_WORKER_TIMEOUT_SECONDS
    )
    if not results:
        return [_NO_WORKER_RESULT]
    return [CheckResult(name, status, remedy) for name, status, remedy in results]
