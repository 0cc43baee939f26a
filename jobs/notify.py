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
from models import flow, watching
from models.cards import Message, draw
from models.clock import now
from models.desk import Change, Desk
from models.errors import Gone, NotNow, OutOfTurn, Unknown
from models.flow import Move
from models.gate import Service
from models.member import Member
from models.permissions import Verb, may
from models.step import Pending, Step
from models.ticket import OPEN_WITH_SOMEBODY, Card, CardKind, Status, Ticket
from models.wording import mention

# Slack's clock and the database's need not agree.
_CLOCK_SLACK = timedelta(minutes=10)
_NOBODY_KNOWS = (-1, "")
# No tickets are offered for so long to somebody whom Slack does not reach.
_UNREACHABLE = timedelta(hours=1)
# Long enough for a holiday's mail, and short for a key that lies in an inbox.
_LINKS_LIVE = timedelta(days=7)
_RESOLVING = {Move.RESOLVE, Move.SOLVE, Move.ANSWER}
log = logging.getLogger(__name__)


async def dm_requester(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """The requester gets the card that follows their ticket."""
    notice = f"{ticket.id}.requester"
    return await _send_card(
        tools, ticket, leased, notice=notice, kind=CardKind.REQUESTER, to=ticket.requester
    )


async def dm_assignee(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """Who it is offered to gets the card with the buttons; who can't be reached is passed over."""
    to = ticket.offered_to
    if to is None:
        return nothing
    notice = _offer(ticket)
    if to != _assignee(ticket):
        kind = CardKind.MODERATOR
        return await _note_card(tools, ticket, leased, notice=notice, kind=kind, to=to)
    # They may have lost the role between the choice and now.
    if not (await tools.desk.store.member(ticket.team_id, to)).moderates:
        return _withdrawn(to, why=f"{mention(to)} is no moderator any more")
    try:
        return await _send_card(
            tools, ticket, leased, notice=notice, kind=CardKind.MODERATOR, to=to
        )
    except Gone as gone:
        # Else the only one who could take it would be asked again and again.
        await tools.desk.store.note(ticket.team_id, to, away_until=now() + _UNREACHABLE)
        return _withdrawn(to, why=f"{mention(to)} can't be reached: {gone}")


async def ask_requester(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """The requester is told that it is resolved, and asked whether it helped.

    What was asked before it was reopened may have been sent without anybody's knowing: it is looked
    for, and follows the ticket, too.
    """
    kind, to = CardKind.RESOLVED, ticket.requester
    times = sum(event.what in _RESOLVING for event in ticket.history)
    notices = [f"{ticket.id}.resolved.{number}" for number in range(1, times + 1)]
    asked = notices.pop() if ticket.status is Status.RESOLVED else ""
    for notice in notices:
        noting = await _note_card(tools, ticket, leased, notice=notice, kind=kind, to=to)
        if noting is not nothing:
            return _and_again(noting, leased.step)
    if not asked:
        return nothing
    return await _send_card(tools, ticket, leased, notice=asked, kind=kind, to=to)


async def dm_watchers(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """Who watches gets a card that follows the ticket; one of them for each try."""
    for who in watching.untold(ticket):
        member = await tools.desk.store.member(ticket.team_id, who)
        if not may(Verb.VIEW, member, ticket):
            continue
        notice = watching.notice_of(ticket.id, who)
        try:
            told = await _send_card(
                tools, ticket, leased, notice=notice, kind=CardKind.WATCHER, to=who
            )
        except Gone:
            return watching.lost(who)
        return watching.telling_the_rest(told, besides=who)
    return nothing


async def email_assignee(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """Who it is offered to gets the letter, if there is a mail server and they have an address."""
    desk = tools.desk
    if ticket.status is not Status.OFFERED or not ticket.assignee or not desk.settings.smtp_host:
        return nothing
    to = await desk.acquainted(ticket.team_id, ticket.assignee)
    if not to.email:
        log.info("no letter, since Slack shows no e-mail address of %s", ticket.assignee)
        return nothing
    requester = await desk.acquainted(ticket.team_id, ticket.requester)
    letter = offer_letter(
        ticket,
        notice=_offer(ticket),
        to=to,
        requester=requester,
        sender=desk.settings.mail_from,
        links=_links(desk, ticket, to),
    )
    try:
        async with desk.gate.out(Service.SMTP, "send"):
            await smtp.send(desk.settings, letter)
    except Unknown:
        # SMTP can't be asked whether it took it. A second copy is sent, a third is not.
        if leased.tries == 1:
            raise
        log.warning("the letter %s was sent twice, and may not have arrived", letter["Message-ID"])
    return nothing


def _links(desk: Desk, ticket: Ticket, to: Member) -> dict[str, str]:
    """What the letter offers to do by a link; the same each time, since it may be sent twice."""
    base = desk.settings.public_url
    if not base:
        return {}
    offered = [event.at for event in ticket.history if event.what == Move.OFFER]

    def link(verb: Verb) -> str:
        token = desk.accounts.link(
            to,
            ticket_id=ticket.id,
            verb=verb,
            notice=_offer(ticket),
            at=offered[-1],
            life=_LINKS_LIVE,
        )
        return f"{base.rstrip('/')}/link/{token}"

    return {"Claim": link(Verb.CLAIM), "View": link(Verb.VIEW)}


async def _send_card(
    tools: Tools, ticket: Ticket, leased: Pending, *, notice: str, kind: CardKind, to: str
) -> Change:
    if any(card.notice == notice for card in ticket.cards):
        return nothing
    desk = tools.desk
    channel = await desk.dm_channel(ticket.team_id, to)
    found = await _kept(desk, ticket, channel, notice) if leased.tries > 1 else None
    if found:
        return _noting(notice, kind, to, channel, found)
    message = draw(ticket, kind, to=to)
    channel, sent = await _post(desk, ticket, to, channel, message, notice=notice)
    # Whoever was stopped in here for longer than the lease may not have been the only one.
    if leased.tries > 1 or not await desk.holds(ticket.id, leased):
        kept = await _kept_of_several(desk, ticket, channel, notice)
        if kept and kept != sent:
            return _noting(notice, kind, to, channel, kept)
    return _noting(notice, kind, to, channel, sent, shows=(ticket.version, message.digest))


async def _post(
    desk: Desk, ticket: Ticket, to: str, channel: str, message: Message, *, notice: str
) -> tuple[str, str]:
    """Where it was posted, and its `ts`; a channel that is not there any more is opened anew."""
    try:
        return channel, await desk.slack.post(channel, message, notice=notice)
    except Gone:
        opened = await desk.dm_channel(ticket.team_id, to, anew=True)
        if opened == channel:
            raise
        return opened, await desk.slack.post(opened, message, notice=notice)


async def _note_card(
    tools: Tools, ticket: Ticket, leased: Pending, *, notice: str, kind: CardKind, to: str
) -> Change:
    """A card that may have been sent before the ticket went on follows it, too."""
    if leased.tries == 1 or any(card.notice == notice for card in ticket.cards):
        return nothing
    channel = await tools.desk.dm_channel(ticket.team_id, to)
    found = await _kept(tools.desk, ticket, channel, notice)
    return _noting(notice, kind, to, channel, found) if found else nothing


def _and_again(change: Change, step: Step) -> Change:
    """The change, after which the step is done once more."""
    return lambda current, now: change(current, now).asking(step, due=now)


def _noting(
    notice: str,
    kind: CardKind,
    to: str,
    channel: str,
    ts: str,
    *,
    shows: tuple[int, str] = _NOBODY_KNOWS,
) -> Change:
    """The ticket remembers the message; one that shows nobody knows what is drawn anew."""
    version, digest = shows
    card = Card(
        notice=notice, kind=kind, to=to, channel=channel, ts=ts, version=version, digest=digest
    )

    def noted(current: Ticket, now: datetime) -> Ticket:
        # What others know of it by now, like an incident, may look different without a move.
        same = current.version != version or draw(current, kind, to=to).digest == digest
        shown = card if same else card.model_copy(update={"version": 0})
        return current.with_card(shown, now=now)

    return noted


async def _kept_of_several(desk: Desk, ticket: Ticket, channel: str, notice: str) -> str | None:
    """As `_kept`, after a message was sent: that may not be forgotten while Slack lets us wait."""
    try:
        return await _kept(desk, ticket, channel, notice)
    except NotNow as later:
        raise Unknown(f"sent, but {later}") from later


async def _kept(desk: Desk, ticket: Ticket, channel: str, notice: str) -> str | None:
    """The one message with this notice that stays, if there is any; copies of it are taken back."""
    since = ticket.opened_at - _CLOCK_SLACK
    copies = await desk.slack.find(channel, notice=notice, since=since)
    if not copies:
        return None
    current, _ = await desk.store.ticket(ticket.id)
    noted = [card.ts for card in current.cards if card.notice == notice and card.ts in copies]
    kept = (noted or copies)[0]
    for ts in copies:
        if ts != kept:
            await desk.slack.delete(channel, ts)
    return kept


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
