"""Admins are told that steps have been given up: once for each kind, not for each ticket."""

from contextlib import suppress

from jobs.retrying import Tools, nothing
from models.blocks import section
from models.cards import Message
from models.desk import Change
from models.errors import Gone
from models.step import Pending
from models.ticket import Ticket
from models.wording import STEP_WORDS, clip, escape


async def tell_admins(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Every admin gets a message for each kind of dead step that this ticket is the first of."""
    store = tools.desk.store
    for dead in (entry for entry in ticket.pending if entry.dead_since):
        told = await store.raise_alarm(ticket.team_id, dead.step, ticket.id)
        if told != ticket.id:
            continue
        for admin in await store.moderators(ticket.team_id):
            if admin.administers:
                await _tell(tools, ticket, dead, admin.slack_id)
    return nothing


async def _tell(tools: Tools, ticket: Ticket, dead: Pending, admin: str) -> None:
    since = dead.dead_since or ticket.opened_at
    notice = f"alarm.{dead.step}.{ticket.id}.{int(since.timestamp())}"
    slack = tools.desk.slack
    # Who has left cannot be told; the others are.
    with suppress(Gone):
        channel = await tools.desk.dm_channel(ticket.team_id, admin)
        # Some of several admins may have been told already.
        if not await slack.find(channel, notice=notice, since=since):
            await slack.post(channel, _alarm(ticket.id, dead), notice=notice)


def _alarm(ticket_id: str, dead: Pending) -> Message:
    """What tells an admin that steps of a kind have been given up."""
    what = STEP_WORDS[dead.step]
    line = f"For {ticket_id}, {what} could not be done, and is not tried any more."
    why = f"The reason: {escape(clip(dead.error, 300))}"
    ask = (
        "There may be more tickets like this one. `/ticket admin` → *Is the desk well?* shows them "
        "all; once the cause is mended, *Try again* there goes on with them."
    )
    return Message(
        text=f"{line} {why}", blocks=[section(f":warning: *{line}*\n{why}"), section(ask)]
    )
