"""Every message about a ticket is drawn anew, as the ticket is now."""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.runner.step_context import StepContext
from models.errors import OutcomeUnknown, PermanentFailure, RetryLater, TargetGone
from models.messages.cards import render_card
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Card, CardKind, Ticket, TicketUpdate

# The rest is left to another try: one update may take long, and all of a try may take 18 s.
_MAX_DRAWING_SECONDS = 7
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _RefreshResult:
    """What came of drawing: what is done is noted also when the rest has to wait (seconds)."""

    updated_cards: list[Card] = field(default_factory=list)
    missing_cards: list[Card] = field(default_factory=list)
    retry_after_seconds: float | None = None

    def apply(self, current: Ticket, now: datetime) -> Ticket:
        """The effect on the ticket; a message that is gone is forgotten."""
        # Who asked for it meanwhile may have made them stale without a move.
        shows = {"version": 0} if current.find_step(Step.REFRESH_CARDS) else {}
        for card in self.missing_cards:
            current = current.without_card(card.notice)
        for card in self.updated_cards:
            current = current.with_card(card.model_copy(update=shows), now=now)
        if self.retry_after_seconds is None:
            return current
        return current.with_step(
            Step.REFRESH_CARDS, due=now + timedelta(seconds=self.retry_after_seconds)
        )


async def refresh_cards(
    context: StepContext, ticket: Ticket, leased_step: PendingStep
) -> TicketUpdate:
    """Draw all cards that show an older version, as far as time and Slack allow."""
    # What an earlier try has made of them nobody knows.
    if leased_step.tries > 1:
        unknown = tuple(card.model_copy(update={"digest": ""}) for card in ticket.cards)
        ticket = ticket.model_copy(update={"cards": unknown})
    began = time.monotonic()
    done = _RefreshResult()
    for card in (card for card in ticket.cards if card.version < ticket.version):
        if time.monotonic() - began > _MAX_DRAWING_SECONDS:
            done.retry_after_seconds = 0
            break
        try:
            await _refresh_card(context, ticket, card, done)
        except (RetryLater, OutcomeUnknown) as later:
            if not done.updated_cards and not done.missing_cards:
                raise
            done.retry_after_seconds = (
                later.retry_after_seconds if isinstance(later, RetryLater) else 0
            )
            break
    return done.apply


async def _refresh_card(
    context: StepContext, ticket: Ticket, card: Card, result: _RefreshResult
) -> None:
    try:
        result.updated_cards.append(await _redraw_card(context, ticket, card))
    except TargetGone:
        result.missing_cards.append(card)
    except PermanentFailure as refused:
        # The others are drawn all the same, and this one again at the next version.
        log.error("the card %s can't be drawn: %s", card.notice, refused)  # noqa: TRY400
        result.updated_cards.append(card.model_copy(update={"version": ticket.version}))


async def _redraw_card(context: StepContext, ticket: Ticket, card: Card) -> Card:
    """The card as it is now; Slack is only asked where it looks different.

    A card with buttons is also drawn by the bot, when one is pressed: what it shows is not known.
    """
    message = render_card(ticket, card.kind, viewer=card.to)
    if message.digest != card.digest or card.kind is not CardKind.REQUESTER:
        await context.service.slack.update_message(card.channel, card.ts, message)
    return card.model_copy(update={"version": ticket.version, "digest": message.digest})
