"""An admin looks whether the desk is well, and has what was given up tried again."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.views import desk_health
from bot.views.sentence import sentence_view
from models.desk import Desk
from models.doctor import MOST_TICKETS, examine
from models.errors import DeskError, NoSuchTicket, OutOfTurn, OutsideError
from models.health import Finding, dead_by_kind
from models.member import Member
from models.step import Step
from models.wording import STEP_WORDS, counted

_WORKER_SECONDS = 5
_NO_WORKER = Finding("what the worker sees", "no worker answered", "Start one, or look at its log.")


def register(app: AsyncApp) -> None:
    """Listen for the buttons."""
    app.action(desk_health.OPEN)(show_health)
    app.action(desk_health.REPLAY)(replay_steps)
    app.action(desk_health.REPLAY_ONE)(replay_step)
    app.action(desk_health.TAKE_UP)(take_up_tickets)


async def show_health(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Open the page at once, since the trigger lives three seconds; then look at everything."""
    await acting.admin(desk, body)
    waiting = sentence_view("One moment: I am looking at everything …", title=desk_health.TITLE)
    try:
        view_id = await desk.slack.push_view(body["trigger_id"], waiting)
    except OutsideError as error:
        raise DeskError("Slack did not open the page. Please try again.") from error
    background.start(_show(desk, view_id))
    await ack()


async def replay_steps(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Have all dead steps of a kind tried again."""
    admin = await acting.admin(desk, body)
    step = Step(body["actions"][0]["value"])

    async def replay() -> str:
        tickets = await _dead(desk, step)
        await _replay(desk, admin, step, tickets)
        return f"Trying again: {STEP_WORDS[step]} for {counted(len(tickets), 'ticket')}."

    background.start(_do_and_show(desk, body["view"]["id"], replay))
    await ack()


async def replay_step(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Have the dead step of one ticket tried again."""
    admin = await acting.admin(desk, body)
    step, ticket_id = desk_health.picked(body)

    async def replay() -> str:
        await _replay(desk, admin, step, (ticket_id,))
        return f"Trying again: {STEP_WORDS[step]} for {ticket_id}."

    background.start(_do_and_show(desk, body["view"]["id"], replay))
    await ack()


async def take_up_tickets(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Go on with those damaged tickets that have been repaired."""
    admin = await acting.admin(desk, body)

    async def take_up() -> str:
        repaired = []
        for ticket_id in await desk.store.set_aside(limit=MOST_TICKETS):
            with suppress(NoSuchTicket):
                await desk.store.take_up(ticket_id)
                repaired.append(ticket_id)
        what = "took up damaged tickets"
        await desk.accounts.note(admin, what, "tickets", after={"tickets": repaired})
        return f"{counted(len(repaired), 'ticket').capitalize()} could be read, and goes on."

    background.start(_do_and_show(desk, body["view"]["id"], take_up))
    await ack()


async def _dead(desk: Desk, step: Step) -> tuple[str, ...]:
    """The tickets for which that step was given up."""
    kinds = dead_by_kind(await desk.store.dead_tickets(limit=MOST_TICKETS))
    return next((kind.tickets for kind in kinds if kind.step is step), ())


async def _replay(desk: Desk, admin: Member, step: Step, tickets: tuple[str, ...]) -> None:
    """Have that step of these tickets tried again; admins are told anew when all of them are."""
    left = set(await _dead(desk, step)) - set(tickets)
    for ticket_id in tickets:
        with suppress(OutOfTurn, NoSuchTicket):
            await desk.replay(ticket_id, step)
    if not left:
        # Not before: a ticket that is still dead would raise it again.
        await desk.store.end_alarm(admin.team_id, step)
    await desk.accounts.note(admin, "tried again", step, after={"tickets": list(tickets)})


async def _do_and_show(desk: Desk, view_id: str, act: Callable[[], Awaitable[str]]) -> None:
    try:
        note = await act()
    except DeskError as refused:
        note = str(refused)
    await _show(desk, view_id, note=note)


async def _show(desk: Desk, view_id: str, *, note: str = "") -> None:
    health = await examine(desk, _seen_by_bot(desk), _seen_by_worker(desk))
    await desk.slack.update_view(view_id, desk_health.draw(health, note=note))


async def _seen_by_bot(desk: Desk) -> list[Finding]:
    """Who looks at this has pressed a button, and Slack has told us."""
    way = "Socket Mode" if desk.settings.slack_app_token else "HTTP"
    return [Finding("Slack's requests", f"arrive, by {way}")]


async def _seen_by_worker(desk: Desk) -> list[Finding]:
    seen = await desk.queue.ask("examine_outside", seconds=_WORKER_SECONDS)
    if not seen:
        return [_NO_WORKER]
    return [Finding(what, says, todo) for what, says, todo in seen]
