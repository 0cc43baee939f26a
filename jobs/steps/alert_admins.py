"""Admins are told that steps have been given up: once for each kind, not for each ticket."""

from contextlib import suppress

from jobs.runner.step_context import StepContext, no_change
from models.errors import TargetGone
from models.messages.block_kit import section
from models.messages.cards import SlackMessage
from models.messages.texts import STEP_LABELS
from models.text import clip, escape
from models.tickets.pending_step import PendingStep
from models.tickets.ticket import Ticket, TicketUpdate


async def alert_admins(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Every admin gets a message for each kind of dead step that this ticket is the first of."""
    service = context.service
    for dead in (entry for entry in ticket.pending if entry.dead_since):
        told = await service.tickets.raise_alarm(ticket.team_id, dead.step, ticket.id)
        if told != ticket.id:
            continue
        for admin in await service.members.moderators(ticket.team_id):
            if admin.can_administer:
                await _alert_admin(context, ticket, dead, admin.slack_id)
    return no_change


async def _alert_admin(
    context: StepContext, ticket: Ticket, dead_step: PendingStep, admin_id: str
) -> None:
    since = dead_step.dead_since or ticket.opened_at
    notice = f"alarm.{dead_step.step}.{ticket.id}.{int(since.timestamp())}"
    slack = context.service.slack
    # Who has left cannot be told; the others are.
    with suppress(TargetGone):
        channel = await context.service.dm_channel(ticket.team_id, admin_id)
        # Some of several admins may have been told already.
        if not await slack.find_messages(channel, notice_id=notice, since=since):
            await slack.post_message(
                channel, _alert_message(ticket.id, dead_step), notice_id=notice
            )


def _alert_message(ticket_id: str, dead_step: PendingStep) -> SlackMessage:
    """What tells an admin that steps of a kind have been given up."""
    what = STEP_LABELS[dead_step.step]
    line = f"For {ticket_id}, {what} could not be done, and is not tried any more."
    why = f"The reason: {escape(clip(dead_step.error, 300))}"
    ask = (
        "There may be more tickets like this one. `/ticket admin` → *Is the desk well?* shows them "
        "all; once the cause is mended, *Try again* there goes on with them."
    )
    return SlackMessage(
        text=f"{line} {why}", blocks=[section(f":warning: *{line}*\n{why}"), section(ask)]
    )
