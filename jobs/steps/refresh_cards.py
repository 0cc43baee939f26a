"""The step that redraws the cards of a ticket with its current state, and retires old ones."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models.errors import OutcomeUnknown, PermanentFailure, RetryLater, TargetGone
from models.messages.cards import render_card, retired_card
from models.messages.slack_client import SlackClient
from models.people.store import MemberStore
from models.tickets.card_list import live_cards, retired_cards
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Card, Ticket, TicketUpdate
from models.workspace.settings_store import SettingsStore

# After this time the remaining cards wait for another attempt: an attempt may take 18 s.
_MAX_DRAWING_SECONDS = 7
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _RefreshResult:
    """The cards redrawn so far, and the wait before the remaining ones.

    Attributes:
        gone_cards: cards whose message Slack does not have any more.
        last_drawn_cards: retired cards that were redrawn for the last time.
    """

    updated_cards: list[Card] = field(default_factory=list)
    gone_cards: list[Card] = field(default_factory=list)
    last_drawn_cards: list[Card] = field(default_factory=list)
    retry_after_seconds: float | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.updated_cards or self.gone_cards or self.last_drawn_cards)

    def apply(self, current: Ticket, now: datetime) -> Ticket:
        """Store the redrawn cards, and remove the others."""
        # A step requested meanwhile may have made the cards stale without a move.
        stale_version = {"version": 0} if current.find_step(Step.REFRESH_CARDS) else {}
        for card in self.gone_cards:
            current = current.without_card(card.notice)
        still_retired = {card.notice for card in retired_cards(current)}
        for card in self.last_drawn_cards:
            if card.notice in still_retired:
                current = current.without_card(card.notice)
            else:
                # The person has a part in the ticket again, and the card must show it.
                current = current.with_card(card.with_unknown_content(), now=now)
        for card in self.updated_cards:
            current = current.with_card(card.model_copy(update=stale_version), now=now)
        if self.retry_after_seconds is None:
            return current
        return current.with_step(
            Step.REFRESH_CARDS, due=now + timedelta(seconds=self.retry_after_seconds)
        )


async def refresh_cards(
    ticket: Ticket,
    leased_step: PendingStep,
    *,
    slack: SlackClient,
    workspace_settings: SettingsStore,
    members: MemberStore,
) -> TicketUpdate:
    """Redraw the cards that look different now, as far as time and Slack allow."""
    # An earlier attempt may have redrawn some cards, so their content is unknown.
    if leased_step.tries > 1:
        cards = tuple(card.model_copy(update={"digest": ""}) for card in ticket.cards)
        ticket = ticket.model_copy(update={"cards": cards})
    started = time.monotonic()
    result = _RefreshResult()
    excluded = await _excluded_people(
        ticket, workspace_settings=workspace_settings, members=members
    )
    outdated = [
        card
        for card in live_cards(ticket).values()
        if card.version < ticket.state_version and card.to not in excluded
    ]
    for card in (*outdated, *retired_cards(ticket)):
        if time.monotonic() - started > _MAX_DRAWING_SECONDS:
            result.retry_after_seconds = 0
            break
        try:
            await _refresh_card(ticket, card, result, slack=slack)
        except (RetryLater, OutcomeUnknown) as error:
            if result.is_empty:
                raise
            result.retry_after_seconds = (
                error.retry_after_seconds if isinstance(error, RetryLater) else 0
            )
            break
    return result.apply


async def _excluded_people(
    ticket: Ticket, *, workspace_settings: SettingsStore, members: MemberStore
) -> set[str]:
    """The readers of cards whom the guest policy excludes by now; mostly this costs no read."""
    settings = await workspace_settings.load(ticket.team_id)
    if not settings.may_exclude_earlier_requesters:
        return set()
    people = {card.to for card in ticket.cards}
    readers = await asyncio.gather(
        *(members.find_member(ticket.team_id, slack_id) for slack_id in people)
    )
    return {member.slack_id for member in readers if member and member.refusal}


async def _refresh_card(
    ticket: Ticket, card: Card, result: _RefreshResult, *, slack: SlackClient
) -> None:
    """Redraw one card, if it looks different now."""
    is_retired = card in retired_cards(ticket)
    message = (
        retired_card(ticket, card) if is_retired else render_card(ticket, card.kind, viewer=card.to)
    )
    drawn = {"version": ticket.state_version, "digest": message.digest}
    try:
        if message.digest != card.digest:
            await slack.update_message(card.channel, card.ts, message)
    except TargetGone as error:
        log.warning("%s: the %s card is gone from Slack: %s", ticket.id, card.kind, error)
        result.gone_cards.append(card)
        return
    except PermanentFailure as error:
        # The other cards are still redrawn, and this one again at the next version.
        log.error(  # noqa: TRY400
            "%s: the worker can't redraw the %s card: %s", ticket.id, card.kind, error
        )
        drawn["digest"] = card.digest
    cards = result.last_drawn_cards if is_retired else result.updated_cards
    cards.append(card.model_copy(update=drawn))


STEPS = {Step.REFRESH_CARDS: refresh_cards}
