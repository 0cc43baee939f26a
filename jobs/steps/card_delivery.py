"""Delivers a card to a person once: sends it, finds it again, and deletes duplicates.

A card carries its notice id as message metadata. After an attempt with an unknown outcome, the
conversation is searched for the notice id first, so that each person sees the card once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.runner.step_function import no_change
from models.errors import OutcomeUnknown, RetryLater, TargetGone
from models.messages.cards import SlackMessage, render_card
from models.messages.direct_messages import DirectMessages
from models.messages.slack_client import SlackClient
from models.people.member import Member
from models.people.store import MemberStore
from models.ticket_service import TicketService
from models.ticket_store.store import TicketStore
from models.tickets.pending_step import PendingStep
from models.tickets.ticket import Card, CardKind, Ticket, TicketUpdate

# Slack's clock and the database's clock may differ.
_MAX_CLOCK_SKEW = timedelta(minutes=10)
_UNKNOWN_CONTENT = (-1, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDelivery:
    """Sends a card to a person, and deletes its copies."""

    slack: SlackClient
    members: MemberStore
    tickets: TicketStore
    ticket_service: TicketService
    direct_messages: DirectMessages

    async def send(
        self,
        ticket: Ticket,
        leased_step: PendingStep,
        *,
        notice: str,
        kind: CardKind,
        recipient_id: str,
    ) -> TicketUpdate:
        """Send a card unless the recipient has it, and return the update that stores it.

        People whom the guest policy excludes by now get no card.
        """
        if any(card.notice == notice for card in ticket.cards):
            return no_change
        recipient = await self.members.get_or_create_member(ticket.team_id, recipient_id)
        if recipient.refusal:
            return no_change
        channel = await self.direct_messages.channel(recipient)
        if leased_step.tries > 1:
            earlier_ts = await self._delete_duplicates(ticket, channel, notice)
            if earlier_ts:
                return _card_update(notice, kind, recipient_id, channel, earlier_ts)
        message = render_card(ticket, kind, viewer=recipient_id)
        channel, sent_ts = await self._post_card(recipient, channel, message, notice=notice)
        # If this attempt outlived its lease, another worker may have sent the card, too.
        if leased_step.tries > 1 or not await self.ticket_service.is_still_leased(
            ticket.id, leased_step
        ):
            kept_ts = await self._delete_duplicates_after_send(ticket, channel, notice)
            if kept_ts and kept_ts != sent_ts:
                return _card_update(notice, kind, recipient_id, channel, kept_ts)
        content = (ticket.state_version, message.digest)
        return _card_update(notice, kind, recipient_id, channel, sent_ts, content=content)

    async def record_sent(
        self,
        ticket: Ticket,
        leased_step: PendingStep,
        *,
        notice: str,
        kind: CardKind,
        recipient_id: str,
    ) -> TicketUpdate:
        """Store a card that an earlier attempt may have sent, so that it follows the ticket."""
        known_notices = {card.notice for card in (*ticket.cards, *ticket.former_cards)}
        if leased_step.tries == 1 or notice in known_notices:
            return no_change
        recipient = await self.members.get_or_create_member(ticket.team_id, recipient_id)
        channel = await self.direct_messages.channel(recipient)
        ts = await self._delete_duplicates(ticket, channel, notice)
        return _card_update(notice, kind, recipient_id, channel, ts) if ts else no_change

    async def _post_card(
        self,
        recipient: Member,
        channel: str,
        message: SlackMessage,
        *,
        notice: str,
    ) -> tuple[str, str]:
        """The channel and the `ts` of the posted card. A channel that is gone is opened again."""
        try:
            return channel, await self.slack.post_message(channel, message, notice_id=notice)
        except TargetGone:
            new_channel = await self.direct_messages.channel(recipient, force_open=True)
            if new_channel == channel:
                raise
            ts = await self.slack.post_message(new_channel, message, notice_id=notice)
            return new_channel, ts

    async def _delete_duplicates_after_send(
        self, ticket: Ticket, channel: str, notice: str
    ) -> str | None:
        """As `_delete_duplicates`, after a message was sent.

        If Slack asks to wait, the outcome is unknown: the next attempt must look for the message.
        """
        try:
            return await self._delete_duplicates(ticket, channel, notice)
        except RetryLater as error:
            raise OutcomeUnknown(f"the card was sent, but {error}") from error

    async def _delete_duplicates(self, ticket: Ticket, channel: str, notice: str) -> str | None:
        """The `ts` of the one message with this notice that stays, or None if there is none."""
        since = ticket.opened_at - _MAX_CLOCK_SKEW
        copies = await self.slack.find_messages(channel, notice_id=notice, since=since)
        if not copies:
            return None
        current, _ = await self.tickets.get_ticket(ticket.id)
        stored = [card.ts for card in current.cards if card.notice == notice and card.ts in copies]
        kept_ts = (stored or copies)[0]
        for ts in copies:
            if ts != kept_ts:
                await self.slack.delete_message(channel, ts)
        return kept_ts


def _card_update(
    notice: str,
    kind: CardKind,
    recipient_id: str,
    channel: str,
    ts: str,
    *,
    content: tuple[int, str] = _UNKNOWN_CONTENT,
) -> TicketUpdate:
    """The update that stores the card. A card with unknown content is drawn again."""
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

    def store_card(current: Ticket, now: datetime) -> Ticket:
        # A change without a move, such as a joined incident, may change the card meanwhile.
        is_current = (
            current.state_version != version
            or render_card(current, kind, viewer=recipient_id).digest == digest
        )
        stored_card = card if is_current else card.model_copy(update={"version": 0})
        return current.with_card(stored_card, now=now)

    return store_card
