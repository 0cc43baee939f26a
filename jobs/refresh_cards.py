"""Every message about a ticket is drawn anew, as the ticket is now."""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jobs.retrying import Tools
from models.cards import draw
from models.desk import Change
from models.errors import Gone, NotNow, Refused, Unknown
from models.step import Pending, Step
from models.ticket import Card, CardKind, Ticket

# The rest is left to another try: one update may take long, and all of a try may take 18 s.
_DRAWING_SECONDS = 7
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Round:
    """What came of drawing: what is done is noted also when the rest has to wait (seconds)."""

    shown: list[Card] = field(default_factory=list)
    gone: list[Card] = field(default_factory=list)
    wait: float | None = None

    def noted(self, current: Ticket, now: datetime) -> Ticket:
        """The effect on the ticket; a message that is gone is forgotten."""
        # Who asked for it meanwhile may have made them stale without a move.
        shows = {"version": 0} if current.step(Step.REFRESH_CARDS) else {}
        for card in self.gone:
            current = current.without_card(card.notice)
        for card in self.shown:
            current = current.with_card(card.model_copy(update=shows), now=now)
        if self.wait is None:
            return current
        return current.asking(Step.REFRESH_CARDS, due=now + timedelta(seconds=self.wait))


async def refresh_cards(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """Draw all cards that show an older version, as far as time and Slack allow."""
    # What an earlier try has made of them nobody knows.
    if leased.tries > 1:
        unknown = tuple(card.model_copy(update={"digest": ""}) for card in ticket.cards)
        ticket = ticket.model_copy(update={"cards": unknown})
    began = time.monotonic()
    done = _Round()
    for card in (card for card in ticket.cards if card.version < ticket.version):
        if time.monotonic() - began > _DRAWING_SECONDS:
            done.wait = 0
            break
        try:
            await _draw(tools, ticket, card, done)
        except (NotNow, Unknown) as later:
            if not done.shown and not done.gone:
                raise
            done.wait = later.seconds if isinstance(later, NotNow) else 0
            break
    return done.noted


async def _draw(tools: Tools, ticket: Ticket, card: Card, done: _Round) -> None:
    try:
        done.shown.append(await _redrawn(tools, ticket, card))
    except Gone:
        done.gone.append(card)
    except Refused as refused:
        # The others are drawn all the same, and this one again at the next version.
        log.error("the card %s can't be drawn: %s", card.notice, refused)  # noqa: TRY400
        done.shown.append(card.model_copy(update={"version": ticket.version}))


async def _redrawn(tools: Tools, ticket: Ticket, card: Card) -> Card:
    """The card as it is now; Slack is only asked where it looks different.

    A card with buttons is also drawn by the bot, when one is pressed: what it shows is not known.
    """
    message = draw(ticket, card.kind, to=card.to)
    if message.digest != card.digest or card.kind is not CardKind.REQUESTER:
        await tools.desk.slack.update(card.channel, card.ts, message)
    return card.model_copy(update={"version": ticket.version, "digest": message.digest})
