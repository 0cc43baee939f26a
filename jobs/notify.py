"""People are told: cards in their DMs, drawn again after every change, and letters.

What a person must be told has an id made from the ticket and the occasion. A DM carries it as
metadata; after a try whose outcome is unknown it is looked for in the conversation first, so that
each person sees it once. A letter carries it as its Message-ID.
"""

import logging
from datetime import datetime, timedelta

from jobs import smtp
from jobs.letters import offer_letter
from jobs.retrying import Tools, nothing
from models import flow
from models.cards import draw
from models.desk import Change
from models.errors import Gone, OutOfTurn
from models.flow import Move
from models.ticket import OPEN_WITH_SOMEBODY, Card, CardKind, Pending, Status, Ticket
from models.wording import mention

# Slack's clock and the database's need not agree.
_CLOCK_SLACK = timedelta(minutes=10)
log = logging.getLogger(__name__)


async def dm_requester(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """The requester gets the card that follows their ticket."""
    notice = f"{ticket.id}.requester"
    return await _send_card(
        tools, ticket, leased, notice=notice, kind=CardKind.REQUESTER, to=ticket.requester
    )


async def dm_assignee(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """The assignee gets the card with the buttons; who can't be reached is passed over."""
    assignee = _assignee(ticket)
    if assignee is None:
        return nothing
    # They may have lost the role between the choice and now.
    if not (await tools.desk.store.member(ticket.team_id, assignee)).moderates:
        return _withdrawn(assignee, why=f"{mention(assignee)} is no moderator any more")
    try:
        return await _send_card(
            tools, ticket, leased, notice=_offer(ticket), kind=CardKind.MODERATOR, to=assignee
        )
    except Gone as gone:
        return _withdrawn(assignee, why=f"{mention(assignee)} can't be reached: {gone}")


async def ask_requester(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """The requester is told that it is resolved, and asked whether it helped."""
    if ticket.status is not Status.RESOLVED:
        return nothing
    times = sum(event.what == Move.RESOLVE for event in ticket.history)
    notice = f"{ticket.id}.resolved.{times}"
    return await _send_card(
        tools, ticket, leased, notice=notice, kind=CardKind.RESOLVED, to=ticket.requester
    )


async def email_assignee(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """The assignee gets the letter, if there is a mail server and they have an address."""
    desk, assignee = tools.desk, _assignee(ticket)
    if assignee is None or desk.settings.smtp_host is None:
        return nothing
    to = await desk.acquainted(ticket.team_id, assignee)
    if not to.email:
        log.info("%s: no letter, since Slack shows no e-mail address of %s", ticket.id, assignee)
        return nothing
    requester = await desk.acquainted(ticket.team_id, ticket.requester)
    letter = offer_letter(
        ticket,
        notice=_offer(ticket),
        to=to,
        requester=requester,
        sender=desk.settings.mail_from,
    )
    await smtp.send(desk.settings, letter)
    return nothing


async def refresh_cards(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Every message about the ticket shows it as it is now; one that is gone is forgotten."""
    gone: set[str] = set()
    stale = [card for card in ticket.cards if card.version < ticket.version]
    for card in stale:
        message = draw(ticket, card.kind, to=card.to)
        try:
            await tools.desk.slack.update(card.channel, card.ts, message)
        except Gone:
            gone.add(card.notice)

    def refreshed(current: Ticket, now: datetime) -> Ticket:
        for card in stale:
            if card.notice in gone:
                current = current.without_card(card.notice)
            else:
                shown = card.model_copy(update={"version": ticket.version})
                current = current.with_card(shown, now=now)
        return current

    return refreshed


async def _send_card(
    tools: Tools, ticket: Ticket, leased: Pending, *, notice: str, kind: CardKind, to: str
) -> Change:
    if any(card.notice == notice for card in ticket.cards):
        return nothing
    slack = tools.desk.slack
    channel = await tools.desk.dm_channel(ticket.team_id, to)
    ts = None
    if leased.tries > 1:
        since = ticket.opened_at - _CLOCK_SLACK
        ts = await slack.find(channel, notice=notice, since=since)
    if ts is None:
        ts = await slack.post(channel, draw(ticket, kind, to=to), notice=notice)
    card = Card(notice=notice, kind=kind, to=to, channel=channel, ts=ts, version=ticket.version)
    return lambda current, now: current.with_card(card, now=now)


def _assignee(ticket: Ticket) -> str | None:
    return ticket.assignee if ticket.status in OPEN_WITH_SOMEBODY else None


def _offer(ticket: Ticket) -> str:
    return f"{ticket.id}.offer.{ticket.offers}"


def _withdrawn(assignee: str, *, why: str) -> Change:
    def withdrawn(current: Ticket, now: datetime) -> Ticket:
        if current.assignee != assignee:
            raise OutOfTurn(f"{current.id} is in other hands")
        return flow.make(current, Move.WITHDRAW, by=None, now=now, why=why)

    return withdrawn
