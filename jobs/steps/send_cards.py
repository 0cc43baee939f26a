"""The steps that send cards in direct messages: to requester, assignee and watchers.

Each notice has an id, made from the ticket and the occasion. `card_delivery` uses it to send a
card once.
"""

from datetime import datetime, timedelta

from jobs.runner.step_function import no_change
from jobs.steps.card_delivery import CardDelivery
from models.clock import utc_now
from models.errors import Conflict, TargetGone
from models.people.store import MemberStore
from models.text import mention
from models.tickets import watchers, workflow
from models.tickets.actions import ACTIONS, Verb
from models.tickets.card_list import live_cards, unused_notice
from models.tickets.pending_step import PendingStep, Step
from models.tickets.permissions import can
from models.tickets.ticket import ASSIGNED_STATUSES, CardKind, Status, Ticket, TicketUpdate

# A moderator whom Slack cannot reach gets no offers for this long.
_UNREACHABLE_PAUSE = timedelta(hours=1)


async def dm_requester(
    ticket: Ticket, leased_step: PendingStep, *, card_delivery: CardDelivery
) -> TicketUpdate:
    """Send the requester the card that follows their ticket."""
    return await card_delivery.send(
        ticket,
        leased_step,
        notice=unused_notice(ticket, f"{ticket.id}.requester"),
        kind=CardKind.REQUESTER,
        recipient_id=ticket.requester,
    )


async def dm_assignee(
    ticket: Ticket, leased_step: PendingStep, *, members: MemberStore, card_delivery: CardDelivery
) -> TicketUpdate:
    """Send the assignee the card with the buttons, or unassign the ticket if that is impossible.

    The card of an earlier offer may have been sent without being stored. It is looked for, and then
    it is retired.
    """
    kind, offered_to, assignee = CardKind.MODERATOR, ticket.offered_to, _current_assignee(ticket)
    if offered_to and offered_to != assignee:
        notice = offer_notice_id(ticket)
        update = await card_delivery.record_sent(
            ticket, leased_step, notice=notice, kind=kind, recipient_id=offered_to
        )
        if update is not no_change:
            return _then_repeat_step(update, leased_step.step)
    new_notice = _assignee_notice_id(ticket)
    if assignee is None or new_notice is None:
        return no_change
    # The assignee may have lost the moderator role since the offer.
    member = await members.get_or_create_member(ticket.team_id, assignee)
    if not member.can_moderate:
        return _withdraw_offer(assignee, reason=f"{mention(assignee)} is no longer a moderator")
    try:
        return await card_delivery.send(
            ticket, leased_step, notice=new_notice, kind=kind, recipient_id=assignee
        )
    except TargetGone as error:
        # Without a pause, the only possible assignee would get the offer again and again.
        await members.update_member(
            ticket.team_id, assignee, away_until=utc_now() + _UNREACHABLE_PAUSE
        )
        return _withdraw_offer(assignee, reason=f"{mention(assignee)} can't be reached: {error}")


async def ask_requester(
    ticket: Ticket, leased_step: PendingStep, *, card_delivery: CardDelivery
) -> TicketUpdate:
    """Tell the requester that the ticket is resolved, and ask whether the answer helped.

    An earlier question, sent before the ticket was reopened, may not be stored. It is looked for
    and then follows the ticket, too.
    """
    kind, requester = CardKind.RESOLVED, ticket.requester
    notices = [f"{ticket.id}.resolved.{number}" for number in range(1, ticket.resolve_count + 1)]
    new_notice = unused_notice(ticket, notices.pop()) if ticket.status is Status.RESOLVED else ""
    for notice in notices:
        update = await card_delivery.record_sent(
            ticket, leased_step, notice=notice, kind=kind, recipient_id=requester
        )
        if update is not no_change:
            return _then_repeat_step(update, leased_step.step)
    if not new_notice:
        return no_change
    return await card_delivery.send(
        ticket, leased_step, notice=new_notice, kind=kind, recipient_id=requester
    )


async def dm_watchers(
    ticket: Ticket, leased_step: PendingStep, *, members: MemberStore, card_delivery: CardDelivery
) -> TicketUpdate:
    """Send one watcher the card that follows the ticket. The step repeats for the next one."""
    for watcher_id in watchers.watchers_without_card(ticket):
        member = await members.get_or_create_member(ticket.team_id, watcher_id)
        if not can(Verb.VIEW, member, ticket):
            continue
        try:
            update = await card_delivery.send(
                ticket,
                leased_step,
                notice=unused_notice(ticket, watchers.watcher_notice_id(ticket.id, watcher_id)),
                kind=CardKind.WATCHER,
                recipient_id=watcher_id,
            )
        except TargetGone:
            return watchers.without_unreachable(watcher_id)
        return watchers.then_notify_rest(update, except_watcher=watcher_id)
    return no_change


def offer_notice_id(ticket: Ticket) -> str:
    """The notice id of the current offer, shared by card and e-mail."""
    return f"{ticket.id}.offer.{ticket.offers}"


def _assignee_notice_id(ticket: Ticket) -> str | None:
    """The notice id of the assignee's next card; None if they need none.

    A person who claims a ticket that was never offered to them gets a card, too.
    """
    if ticket.assignee == ticket.offered_to:
        return unused_notice(ticket, offer_notice_id(ticket))
    if (CardKind.MODERATOR, ticket.assignee) in live_cards(ticket):
        return None
    claims = [
        number
        for number, event in ticket.numbered_events
        if event.what == ACTIONS[Verb.CLAIM].event
    ]
    return unused_notice(ticket, f"{ticket.id}.claim.{max(claims, default=0)}")


def _current_assignee(ticket: Ticket) -> str | None:
    return ticket.assignee if ticket.status in ASSIGNED_STATUSES else None


def _then_repeat_step(update: TicketUpdate, step: Step) -> TicketUpdate:
    return lambda current, now: update(current, now).with_step(step, due=now)


def _withdraw_offer(assignee: str, *, reason: str) -> TicketUpdate:
    def withdraw(current: Ticket, now: datetime) -> Ticket:
        if current.assignee != assignee:
            raise Conflict(f"{current.id} has another assignee now")
        return workflow.transition(current, Verb.UNASSIGN, actor=None, now=now, event_reason=reason)

    return withdraw


STEPS = {
    Step.DM_REQUESTER: dm_requester,
    Step.DM_ASSIGNEE: dm_assignee,
    Step.ASK_REQUESTER: ask_requester,
    Step.DM_WATCHERS: dm_watchers,
}
