"""The step that alerts admins about dead steps: once per kind of step, not per ticket."""

from contextlib import suppress

from jobs.runner.step_function import no_change
from models.errors import TargetGone
from models.messages.block_kit import section
from models.messages.cards import SlackMessage
from models.messages.direct_messages import DirectMessages
from models.messages.slack_client import SlackClient
from models.people.member import Member
from models.people.store import MemberStore
from models.text import clip, escape
from models.ticket_store.store import TicketStore
from models.tickets.pending_step import PendingStep, Step, step_label
from models.tickets.ticket import Ticket, TicketUpdate


async def alert_admins(
    ticket: Ticket,
    _leased_step: PendingStep,
    *,
    slack: SlackClient,
    members: MemberStore,
    tickets: TicketStore,
    direct_messages: DirectMessages,
) -> TicketUpdate:
    """Alert every admin to each kind of dead step for which this ticket is the first."""
    for dead_step in (step for step in ticket.pending if step.dead_since):
        first_ticket_id = await tickets.raise_alarm(ticket.team_id, dead_step.step, ticket.id)
        if first_ticket_id != ticket.id:
            continue
        for admin in await members.moderators(ticket.team_id):
            if admin.can_administer:
                await _alert_admin(
                    ticket, dead_step, admin, slack=slack, direct_messages=direct_messages
                )
    return no_change


async def _alert_admin(
    ticket: Ticket,
    dead_step: PendingStep,
    admin: Member,
    *,
    slack: SlackClient,
    direct_messages: DirectMessages,
) -> None:
    since = dead_step.dead_since or ticket.opened_at
    notice = f"alarm.{dead_step.step}.{ticket.id}.{int(since.timestamp())}"
    # An admin who has left Slack gets no message. The other admins still do.
    with suppress(TargetGone):
        channel = await direct_messages.channel(admin)
        # An earlier attempt may have reached some of the admins.
        if not await slack.find_messages(channel, notice_id=notice, since=since):
            await slack.post_message(
                channel, _alert_message(ticket.id, dead_step), notice_id=notice
            )


def _alert_message(ticket_id: str, dead_step: PendingStep) -> SlackMessage:
    problem = f"{ticket_id}: {step_label(dead_step.step)} failed and will not be retried."
    reason = f"Reason: {escape(clip(dead_step.error, 300))}"
    instruction = (
        "Other tickets may have the same problem. `/ticket admin` → *System health* lists them. "
        "Repair the cause, then press *Try again* there."
    )
    return SlackMessage(
        text=f"{problem} {reason}",
        blocks=[section(f":warning: *{problem}*\n{reason}"), section(instruction)],
    )


STEPS = {Step.ALERT_ADMINS: alert_admins}
