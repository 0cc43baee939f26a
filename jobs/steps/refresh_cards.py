"""The step that redraws all cards of a ticket with its current state."""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.runner.step_context import StepContext
from models.errors import OutcomeUnknown, PermanentFailure, RetryLater, TargetGone
from models.messages.cards import render_card
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Card, CardKind, Ticket, TicketUpdate

# After this time the remaining cards wait for another attempt: an attempt may take 18 s.
_MAX_DRAWING_SECONDS = 7
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _RefreshResult:
    """The cards redrawn so far, and the wait before the remaining ones."""

    updated_cards: list[Card] = field(default_factory=list)
    missing_cards: list[Card] = field(default_factory=list)
    retry_after_seconds: float | None = None

    def apply(self, current: Ticket, now: datetime) -> Ticket:
        """Store the redrawn cards, and remove the ones whose message is gone."""
        # A step requested meanwhile may have made the cards stale without a move.
        stale_version = {"version": 0} if current.find_step(Step.REFRESH_CARDS) else {}
        for card in self.missing_cards:
            current = current.without_card(card.notice)
        for card in self.updated_cards:
            current = current.with_card(card.model_copy(update=stale_version), now=now)
        if self.retry_after_seconds is None:
            return current
        return current.with_step(
            Step.REFRESH_CARDS, due=now + timedelta(seconds=self.retry_after_seconds)
        )


async def refresh_cards(
    context: StepContext, ticket: Ticket, leased_step: PendingStep
) -> TicketUpdate:
    """Redraw all cards that show an older version, as far as time and Slack allow."""
    # An earlier attempt may have redrawn some cards, so their content is unknown.
    if leased_step.tries > 1:
        cards = tuple(card.model_copy(update={"digest": ""}) for card in ticket.cards)
        ticket = ticket.model_copy(update={"cards": cards})
    started = time.monotonic()
    result = _RefreshResult()
    for card in (card for card in ticket.cards if card.version < ticket.version):
        if time.monotonic() - started > _MAX_DRAWING_SECONDS:
            result.retry_after_seconds = 0
            break
        try:
            await _refresh_card(context, ticket, card, result)
        except (RetryLater, OutcomeUnknown) as error:
            if not result.updated_cards and not result.missing_cards:
                raise
            result.retry_after_seconds = (
                error.retry_after_seconds if isinstance(error, RetryLater) else 0
            )
            break
    return result.apply


async def _refresh_card(
    context: StepContext, ticket: Ticket, card: Card, result: _RefreshResult
) -> None:
    try:
        result.updated_cards.append(await _redraw_card(context, ticket, card))
    except TargetGone:
        result.missing_cards.append(card)
    except PermanentFailure as error:
        # The other cards are still redrawn, and this one again at the next version.
        log.error("the worker can't redraw the card %s: %s", card.notice, error)  # noqa: TRY400
        result.updated_cards.append(card.model_copy(update={"version": ticket.version}))


async def _redraw_card(context: StepContext, ticket: Ticket, card: Card) -> Card:
    """The current card. Slack is called only if the card looks different.

    The bot also redraws a card with buttons when one is pressed, so its content is unknown here.
    """
    message = render_card(ticket, card.kind, viewer=card.to)
    if message.digest != card.digest or card.kind is not CardKind.REQUESTER:
        await context.service.slack.update_message(card.channel, card.ts, message)
    return card.model_copy(update={"version": ticket.version, "digest": message.digest})
