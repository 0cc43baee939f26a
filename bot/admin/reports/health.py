"""Admins check whether Frontdesk works, and retry failed steps."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import health_view
from bot.background import BackgroundTasks
from bot.ui.open_view import loading_view, push_view
from models.errors import Conflict, NoSuchTicket, UserFacingError
from models.health import CheckResult, group_dead_steps
from models.health_checks import MAX_REPORTED_TICKETS, run_health_checks
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
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Push the page before the trigger expires, then run the checks."""
    await identity.require_admin(service, body)
    waiting = loading_view(health_view.TITLE)
    view_id = await push_view(service.slack, body["trigger_id"], waiting)
    background.start(_refresh_page(service, view_id))
    await ack()


async def replay_dead_steps(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Retry all dead steps of a kind."""
    admin = await identity.require_admin(service, body)
    step = Step(body["actions"][0]["value"])

    async def replay() -> str:
        ticket_ids = await _dead_ticket_ids(service, step)
        await _replay(service, admin, step, ticket_ids)
        return f"Trying again: {step_label(step)} for {pluralize(len(ticket_ids), 'ticket')}."

    background.start(_run_and_refresh(service, body["view"]["id"], replay))
    await ack()


async def replay_ticket_step(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Retry the dead step of one ticket."""
    admin = await identity.require_admin(service, body)
    step, ticket_id = health_view.selected_dead_step(body)

    async def replay() -> str:
        await _replay(service, admin, step, (ticket_id,))
        return f"Trying again: {step_label(step)} for {ticket_id}."

    background.start(_run_and_refresh(service, body["view"]["id"], replay))
    await ack()


async def release_quarantined(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
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

    background.start(_run_and_refresh(service, body["view"]["id"], release))
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


async def _run_and_refresh(
    service: TicketService, view_id: str, action: Callable[[], Awaitable[str]]
) -> None:
    try:
        note = await action()
    except UserFacingError as error:
        note = str(error)
    await _refresh_page(service, view_id, note=note)


async def _refresh_page(service: TicketService, view_id: str, *, note: str = "") -> None:
    report = await run_health_checks(service, _bot_results(service), _worker_results(service))
    await service.slack.update_view(view_id, health_view.render(report, note=note))


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
