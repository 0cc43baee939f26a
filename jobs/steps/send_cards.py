"""People are told: cards in their DMs, drawn again after every change, and letters.

What a person must be told has an id made from the ticket and the occasion. A DM carries it as
metadata; after a try whose outcome is unknown it is looked for in the conversation first, so that
each person sees it once. A letter carries it as its Message-ID.
"""

import logging
from datetime import datetime, timedelta

from jobs.runner.step_context import StepContext, no_change
from models.clock import utc_now
from models.errors import Conflict, OutcomeUnknown, RetryLater, TargetGone
from models.messages.cards import SlackMessage, render_card
from models.text import mention
from models.ticket_service import TicketService
from models.tickets import watchers, workflow
from models.tickets.pending_step import PendingStep, Step
from models.tickets.permissions import Verb, can
from models.tickets.ticket import ASSIGNED_STATUSES, Card, CardKind, Status, Ticket, TicketUpdate
from models.tickets.workflow import Move

# Slack's clock and the database's need not agree.
_MAX_CLOCK_SKEW = timedelta(minutes=10)
_UNKNOWN_CONTENT = (-1, "")
# No tickets are offered for so long to somebody whom Slack does not reach.
_UNREACHABLE_PAUSE = timedelta(hours=1)
_RESOLVING_MOVES = {Move.RESOLVE, Move.SELF_RESOLVE, Move.RESOLVE_WITH_INCIDENT}
log = logging.getLogger(__name__)


async def dm_requester(
    context: StepContext, ticket: Ticket, leased_step: PendingStep
) -> TicketUpdate:
    """The requester gets the card that follows their ticket."""
    notice = f"{ticket.id}.requester"
    return await _send_card(
        context,
        ticket,
        leased_step,
        notice=notice,
        kind=CardKind.REQUESTER,
        recipient_id=ticket.requester,
    )


async def dm_assignee(
    context: StepContext, ticket: Ticket, leased_step: PendingStep
) -> TicketUpdate:
    """Who it is offered to gets the card with the buttons; who can't be reached is passed over."""
    to = ticket.offered_to
    if to is None:
        return no_change
    notice = offer_notice_id(ticket)
    if to != _current_assignee(ticket):
        kind = CardKind.MODERATOR
        return await _record_sent_card(
            context, ticket, leased_step, notice=notice, kind=kind, recipient_id=to
        )
    # They may have lost the role between the choice and now.
    if not (await context.service.members.get_or_create_member(ticket.team_id, to)).can_moderate:
        return _withdrawal(to, reason=f"{mention(to)} is no moderator any more")
    try:
        return await _send_card(
            context, ticket, leased_step, notice=notice, kind=CardKind.MODERATOR, recipient_id=to
        )
    except TargetGone as gone:
        # Else the only one who could take it would be asked again and again.
        await context.service.members.update_member(
            ticket.team_id, to, away_until=utc_now() + _UNREACHABLE_PAUSE
        )
        return _withdrawal(to, reason=f"{mention(to)} can't be reached: {gone}")


async def ask_requester(
    context: StepContext, ticket: Ticket, leased_step: PendingStep
) -> TicketUpdate:
    """The requester is told that it is resolved, and asked whether it helped.

    What was asked before it was reopened may have been sent without anybody's knowing: it is looked
    for, and follows the ticket, too.
    """
    kind, to = CardKind.RESOLVED, ticket.requester
    times = sum(event.what in _RESOLVING_MOVES for event in ticket.history)
    notices = [f"{ticket.id}.resolved.{number}" for number in range(1, times + 1)]
    asked = notices.pop() if ticket.status is Status.RESOLVED else ""
    for notice in notices:
        noting = await _record_sent_card(
            context, ticket, leased_step, notice=notice, kind=kind, recipient_id=to
        )
        if noting is not no_change:
            return _then_repeat_step(noting, leased_step.step)
    if not asked:
        return no_change
    return await _send_card(context, ticket, leased_step, notice=asked, kind=kind, recipient_id=to)


async def dm_watchers(
    context: StepContext, ticket: Ticket, leased_step: PendingStep
) -> TicketUpdate:
    """Who watches gets a card that follows the ticket; one of them for each try."""
    for who in watchers.watchers_without_card(ticket):
        member = await context.service.members.get_or_create_member(ticket.team_id, who)
        if not can(Verb.VIEW, member, ticket):
            continue
        notice = watchers.watcher_notice_id(ticket.id, who)
        try:
            told = await _send_card(
                context, ticket, leased_step, notice=notice, kind=CardKind.WATCHER, recipient_id=who
            )
        except TargetGone:
            return watchers.without_unreachable(who)
        return watchers.then_notify_rest(told, except_watcher=who)
    return no_change


async def _send_card(
    context: StepContext,
    ticket: Ticket,
    leased_step: PendingStep,
    *,
    notice: str,
    kind: CardKind,
    recipient_id: str,
) -> TicketUpdate:
    if any(card.notice == notice for card in ticket.cards):
        return no_change
    service = context.service
    channel = await service.dm_channel(ticket.team_id, recipient_id)
    found = (
        await _delete_duplicates(service, ticket, channel, notice)
        if leased_step.tries > 1
        else None
    )
    if found:
        return _card_update(notice, kind, recipient_id, channel, found)
    message = render_card(ticket, kind, viewer=recipient_id)
    channel, sent = await _post_card(service, ticket, recipient_id, channel, message, notice=notice)
    # Whoever was stopped in here for longer than the lease may not have been the only one.
    if leased_step.tries > 1 or not await service.is_still_leased(ticket.id, leased_step):
        kept = await _delete_duplicates_after_send(service, ticket, channel, notice)
        if kept and kept != sent:
            return _card_update(notice, kind, recipient_id, channel, kept)
    return _card_update(
        notice, kind, recipient_id, channel, sent, content=(ticket.version, message.digest)
    )


async def _post_card(
    service: TicketService,
    ticket: Ticket,
    recipient_id: str,
    channel: str,
    message: SlackMessage,
    *,
    notice: str,
) -> tuple[str, str]:
    """Where it was posted, and its `ts`; a channel that is not there any more is opened anew."""
    try:
        return channel, await service.slack.post_message(channel, message, notice_id=notice)
    except TargetGone:
        opened = await service.dm_channel(ticket.team_id, recipient_id, force_open=True)
        if opened == channel:
            raise
        return opened, await service.slack.post_message(opened, message, notice_id=notice)


async def _record_sent_card(
    context: StepContext,
    ticket: Ticket,
    leased_step: PendingStep,
    *,
    notice: str,
    kind: CardKind,
    recipient_id: str,
) -> TicketUpdate:
    """A card that may have been sent before the ticket went on follows it, too."""
    if leased_step.tries == 1 or any(card.notice == notice for card in ticket.cards):
        return no_change
    channel = await context.service.dm_channel(ticket.team_id, recipient_id)
    found = await _delete_duplicates(context.service, ticket, channel, notice)
    return _card_update(notice, kind, recipient_id, channel, found) if found else no_change


def _then_repeat_step(change: TicketUpdate, step: Step) -> TicketUpdate:
    """The change, after which the step is done once more."""
    return lambda current, now: change(current, now).with_step(step, due=now)


def _card_update(
    notice: str,
    kind: CardKind,
    recipient_id: str,
    channel: str,
    ts: str,
    *,
    content: tuple[int, str] = _UNKNOWN_CONTENT,
) -> TicketUpdate:
    """The ticket remembers the message; one that shows nobody knows what is drawn anew."""
    version, digest = content
    card = Card(
        notice=notice,
        kind=kind,
        to=recipient_id,
        channel=channel,
        ts=ts,
        version=version,
        digest=digest,
    )

    def noted(current: Ticket, now: datetime) -> Ticket:
        # What others know of it by now, like an incident, may look different without a move.
        same = (
            current.version != version
            or render_card(current, kind, viewer=recipient_id).digest == digest
        )
        shown = card if same else card.model_copy(update={"version": 0})
        return current.with_card(shown, now=now)

    return noted


async def _delete_duplicates_after_send(
    service: TicketService, ticket: Ticket, channel: str, notice: str
) -> str | None:
    """As `_kept`, after a message was sent: that may not be forgotten while Slack lets us wait."""
    try:
        return await _delete_duplicates(service, ticket, channel, notice)
    except RetryLater as later:
        raise OutcomeUnknown(f"sent, but {later}") from later


async def _delete_duplicates(
    service: TicketService, ticket: Ticket, channel: str, notice: str
) -> str | None:
    """The one message with this notice that stays, if there is any; copies of it are taken back."""
    since = ticket.opened_at - _MAX_CLOCK_SKEW
    copies = await service.slack.find_messages(channel, notice_id=notice, since=since)
    if not copies:
        return None
    current, _ = await service.tickets.get_ticket(ticket.id)
    noted = [card.ts for card in current.cards if card.notice == notice and card.ts in copies]
    kept = (noted or copies)[0]
    for ts in copies:
        if ts != kept:
            await service.slack.delete_message(channel, ts)
    return kept


def _current_assignee(ticket: Ticket) -> str | None:
    return ticket.assignee if ticket.status in ASSIGNED_STATUSES else None


def offer_notice_id(ticket: Ticket) -> str:
    return f"{ticket.id}.offer.{ticket.offers}"


def _withdrawal(assignee: str, *, reason: str) -> TicketUpdate:
    def withdrawn(current: Ticket, now: datetime) -> Ticket:
        if current.assignee != assignee:
            raise Conflict(f"{current.id} is in other hands")
        return workflow.transition(current, Move.UNASSIGN, actor=None, now=now, event_reason=reason)

    return withdrawn
