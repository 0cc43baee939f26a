"""The handling of card buttons: make the transition, then update the clicked card at once."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from slack_bolt.async_app import AsyncAck
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from bot import identity
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from models.errors import DatabaseUnavailable, ExternalServiceError, NoSuchTicket, UserFacingError
from models.infra.logs import ticket_log_context
from models.messages.buttons import ButtonValue
from models.messages.cards import render_card
from models.messages.slack_client import SlackClient
from models.people.member import Member
from models.people.store import MemberStore
from models.ticket_service import TicketService
from models.ticket_store.store import TicketStore
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.card_list import with_card_restored
from models.tickets.pending_step import Step
from models.tickets.ticket import Card, CardKind, Ticket

# The request for a redraw by a worker is retried for this long while MongoDB is down.
_DATABASE_RETRY_SECONDS = 300
log = logging.getLogger(__name__)


ButtonAction = Callable[[ButtonValue, Member], Awaitable[Ticket]]
"""The action of a button; raises UserFacingError if it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardButtons:
    """Handles the buttons on cards."""

    slack: SlackClient
    members: MemberStore
    tickets: TicketStore
    ticket_service: TicketService
    background: BackgroundTasks

    async def get_clicked_ticket(self, body: Payload, verb: Verb) -> Ticket:
        """The ticket of the pressed button.

        Raises:
            NoSuchTicket: the ticket does not exist, or the person may not see it.
            NotAllowed: the person may not do this with it.
        """
        member = await identity.identify_member(body, members=self.members)
        button_value = ButtonValue.parse(action_value(body))
        return await self.tickets.get_for(member, button_value.ticket_id, verb)

    async def handle_move(
        self,
        verb: Verb,
        *,
        ack: AsyncAck,
        body: Payload,
    ) -> None:
        """Make the transition of the pressed button.

        Raises:
            UserFacingError: the transition is refused; the card is redrawn all the same.
        """

        clicked_ts = body.get("container", {}).get("message_ts", "")

        async def make_move(button_value: ButtonValue, member: Member) -> Ticket:
            def apply_move(ticket: Ticket, now: datetime) -> Ticket:
                after = workflow.transition(
                    ticket, verb, actor=member, now=now, seen_version=button_value.version
                )
                return with_card_restored(after, to=member.slack_id, ts=clicked_ts, now=now)

            return await self.ticket_service.update_ticket(button_value.ticket_id, apply_move)

        await self.handle_button(make_move, ack=ack, body=body)

    async def handle_button(
        self,
        action: ButtonAction,
        *,
        ack: AsyncAck,
        body: Payload,
    ) -> None:
        """Run the action of a button, update the clicked card, then acknowledge.

        Raises:
            UserFacingError: the action was refused; the card is updated all the same.
        """
        button_value = ButtonValue.parse(action_value(body))
        with ticket_log_context(button_value.ticket_id):
            await self._run_action(action, button_value, ack=ack, body=body)

    async def _run_action(
        self,
        action: ButtonAction,
        button_value: ButtonValue,
        *,
        ack: AsyncAck,
        body: Payload,
    ) -> None:
        member = await identity.identify_member(body, members=self.members)
        try:
            ticket = await action(button_value, member)
        except UserFacingError:
            self.background.start(self._redraw_latest_card(button_value.ticket_id, member, body))
            raise
        # The worker redraws the card, too. The bot is first, so a busy worker delays no button.
        card = _find_clicked_card(ticket, member, body) or _card_from_payload(ticket, member, body)
        if all(card.ts != former.ts for former in ticket.former_cards):
            self.background.start(self._redraw_card(ticket, card))
        log.info("%s: %s", ticket.id, ticket.history[-1].what)
        await ack()

    async def _redraw_card(self, ticket: Ticket, card: Card) -> None:
        """Update the card, and repeat that until the ticket no longer looks different."""
        sent_digest = ""
        with ticket_log_context(ticket.id):
            try:
                while (
                    message := render_card(ticket, card.kind, viewer=card.to)
                ).digest != sent_digest:
                    await self.slack.update_message(card.channel, card.ts, message)
                    sent_digest = message.digest
                    ticket, _ = await self.tickets.get_ticket(ticket.id)
            except (ExternalServiceError, DatabaseUnavailable) as error:
                # Slack may have applied the update all the same, and over a newer card.
                log.warning("%s: the bot leaves a card update to a worker: %s", ticket.id, error)
                await self._request_card_refresh(ticket.id, card)

    @retry(
        retry=retry_if_exception_type(DatabaseUnavailable),
        wait=wait_exponential(max=5),
        stop=stop_after_delay(_DATABASE_RETRY_SECONDS),
    )
    async def _request_card_refresh(self, ticket_id: str, card: Card) -> None:
        """Let a worker update the card, whatever it shows by now."""

        def request_refresh(ticket: Ticket, now: datetime) -> Ticket:
            return ticket.with_unknown_card(card.ts).with_step(Step.REFRESH_CARDS, due=now)

        await self.ticket_service.update_ticket(ticket_id, request_refresh)

    async def _redraw_latest_card(self, ticket_id: str, member: Member, body: Payload) -> None:
        with suppress(NoSuchTicket):
            ticket, _ = await self.tickets.get_ticket(ticket_id)
            if card := _find_clicked_card(ticket, member, body):
                await self._redraw_card(ticket, card)


def _find_clicked_card(ticket: Ticket, member: Member, body: Payload) -> Card | None:
    """The clicked card, if the ticket has it; a forged value cannot name another message."""
    ts = body.get("container", {}).get("message_ts")
    own_cards = (card for card in ticket.cards if card.to == member.slack_id)
    return next((card for card in own_cards if card.ts == ts), None)


def _card_from_payload(ticket: Ticket, member: Member, body: Payload) -> Card:
    """The clicked card from Slack's payload, because the worker may not have stored it yet."""
    is_requester = member.slack_id == ticket.requester
    return Card(
        notice="",
        kind=CardKind.RESOLVED if is_requester else CardKind.MODERATOR,
        to=member.slack_id,
        channel=body["container"]["channel_id"],
        ts=body["container"]["message_ts"],
        version=0,
    )
