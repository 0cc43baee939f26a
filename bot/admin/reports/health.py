"""An admin looks whether the desk is well, and has what was given up tried again."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import health_view
from bot.background import BackgroundTasks
from bot.ui.notice_view import notice_view
from models.errors import Conflict, ExternalServiceError, NoSuchTicket, UserFacingError
from models.health import CheckResult, group_dead_steps
from models.health_checks import MAX_REPORTED_TICKETS, run_health_checks
from models.messages.texts import STEP_LABELS
from models.people.member import Member
from models.text import pluralize
from models.ticket_service import TicketService
from models.tickets.pending_step import Step

_WORKER_TIMEOUT_SECONDS = 5
_NO_WORKER_FINDING = CheckResult(
    "what the worker sees", "no worker answered", "Start one, or look at its log."
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
    """Open the page at once, since the trigger lives three seconds; then look at everything."""
    await identity.require_admin(service, body)
    waiting = notice_view("One moment: I am looking at everything …", title=health_view.TITLE)
    try:
        view_id = await service.slack.push_view(body["trigger_id"], waiting)
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the page. Please try again.") from error
    background.start(_refresh_page(service, view_id))
    await ack()


async def replay_dead_steps(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Have all dead steps of a kind tried again."""
    admin = await identity.require_admin(service, body)
    step = Step(body["actions"][0]["value"])

    async def replay() -> str:
        tickets = await _dead_ticket_ids(service, step)
        await _replay(service, admin, step, tickets)
        return f"Trying again: {STEP_LABELS[step]} for {pluralize(len(tickets), 'ticket')}."

    background.start(_run_and_refresh(service, body["view"]["id"], replay))
    await ack()


async def replay_ticket_step(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Have the dead step of one ticket tried again."""
    admin = await identity.require_admin(service, body)
    step, ticket_id = health_view.selected_dead_step(body)

    async def replay() -> str:
        await _replay(service, admin, step, (ticket_id,))
        return f"Trying again: {STEP_LABELS[step]} for {ticket_id}."

    background.start(_run_and_refresh(service, body["view"]["id"], replay))
    await ack()


async def release_quarantined(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Go on with those damaged tickets that have been repaired."""
    admin = await identity.require_admin(service, body)

    async def take_up() -> str:
        repaired = []
        for ticket_id in await service.tickets.quarantined_tickets(limit=MAX_REPORTED_TICKETS):
            with suppress(NoSuchTicket):
                await service.tickets.release_from_quarantine(ticket_id)
                repaired.append(ticket_id)
        what = "took up damaged tickets"
        await service.audit_log.record(admin, what, "tickets", after={"tickets": repaired})
        return f"{pluralize(len(repaired), 'ticket').capitalize()} could be read, and goes on."

    background.start(_run_and_refresh(service, body["view"]["id"], take_up))
    await ack()


async def _dead_ticket_ids(service: TicketService, step: Step) -> tuple[str, ...]:
    """The tickets for which that step was given up."""
    kinds = group_dead_steps(await service.tickets.dead_tickets(limit=MAX_REPORTED_TICKETS))
    return next((kind.ticket_ids for kind in kinds if kind.step is step), ())


async def _replay(
    service: TicketService, admin: Member, step: Step, ticket_ids: tuple[str, ...]
) -> None:
    """Have that step of these tickets tried again; admins are told anew when all of them are."""
    left = set(await _dead_ticket_ids(service, step)) - set(ticket_ids)
    for ticket_id in ticket_ids:
        with suppress(Conflict, NoSuchTicket):
            await service.replay_step(ticket_id, step)
    if not left:
        # Not before: a ticket that is still dead would raise it again.
        await service.tickets.clear_alarm(admin.team_id, step)
    await service.audit_log.record(admin, "tried again", step, after={"tickets": list(ticket_ids)})


async def _run_and_refresh(
    service: TicketService, view_id: str, action: Callable[[], Awaitable[str]]
) -> None:
    try:
        note = await action()
    except UserFacingError as refused:
        note = str(refused)
    await _refresh_page(service, view_id, note=note)


async def _refresh_page(service: TicketService, view_id: str, *, note: str = "") -> None:
    health = await run_health_checks(service, _bot_findings(service), _worker_findings(service))
    await service.slack.update_view(view_id, health_view.render(health, note=note))


async def _bot_findings(service: TicketService) -> list[CheckResult]:
    """Who looks at this has pressed a button, and Slack has told us."""
    way = "Socket Mode" if service.settings.slack_app_token else "HTTP"
    return [CheckResult("Slack's requests", f"arrive, by {way}")]


async def _worker_findings(service: TicketService) -> list[CheckResult]:
    seen = await service.step_queue.call_worker(
        "examine_outside", timeout_seconds=_WORKER_TIMEOUT_SECONDS
    )
    if not seen:
        return [_NO_WORKER_FINDING]
    return [CheckResult(what, says, todo) for what, says, todo in seen]
