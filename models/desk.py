"""The desk, which bot and worker open: its moves and steps, each stored, then rung for."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models import flow
from models.accounts import Accounts
from models.database import Database
from models.errors import NoSuchTicket, OutOfTurn
from models.feed import Feed
from models.flow import Move
from models.gate import Gate
from models.holding import Holding, Taken, Written
from models.lessons import Lessons
from models.member import Member
from models.metrics import CLAIM_SECONDS, OFFER_SECONDS
from models.openings import Openings
from models.people import People
from models.queue import Queue
from models.search import Search
from models.sent import Sent
from models.settings import Settings
from models.slack import Slack
from models.solutions import Solutions
from models.step import Pending, Step
from models.store import Store
from models.ticket import Draft, Status, Ticket
from models.webhooks import Webhooks
from models.welcomes import Welcomes
from models.wording import mention
from models.workload import Workload

# Everybody who writes to a ticket at the same moment loses to one of the others at most once each.
_TRIES = 50

_TIMED = {Move.OFFER.value: OFFER_SECONDS, Move.CLAIM.value: CLAIM_SECONDS}

Change = Callable[[Ticket, datetime], Ticket]
"""What a ticket becomes, given the database's time; raises OutOfTurn when it is too late."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What bot and worker work with."""

    settings: Settings
    database: Database
    store: Store
    openings: Openings
    search: Search
    solutions: Solutions
    feed: Feed
    accounts: Accounts
    people: People
    welcomes: Welcomes
    webhooks: Webhooks
    lessons: Lessons
    workload: Workload
    sent: Sent
    queue: Queue
    gate: Gate
    slack: Slack

    async def open_ticket(self, draft: Draft) -> Ticket:
        """Store the ticket of a submission; the same submission again gives the same ticket.

        Who was not sure that it is stored may have changed the text before sending it again.

        Raises:
            NotAllowed: the desk does not serve the requester.
        """
        requester = Member(team_id=draft.team_id, slack_id=draft.requester)

        def opened(number: int, now: datetime) -> Ticket:
            fresh = Ticket(id=f"T-{number}", opened_at=now, **draft.model_dump())
            return flow.make(fresh, Move.OPEN, by=requester, now=now)

        ticket = await self.openings.open(opened)
        # Its steps are due since it was opened, by whatever clock.
        await self._ring(ticket, list(ticket.pending), now=ticket.opened_at)
        return ticket if ticket.says(draft) else await self._corrected(ticket, draft)

    async def _corrected(self, ticket: Ticket, draft: Draft) -> Ticket:
        """The ticket as it was sent the second time; as it stands if somebody has begun with it."""

        def corrected(current: Ticket, _now: datetime) -> Ticket:
            if current.status is not Status.NEW:
                raise OutOfTurn(f"{current.id} is being worked on")
            return current.model_copy(update=draft.model_dump())

        try:
            return (await self._change_and_ring(ticket.id, corrected)).after
        except OutOfTurn:
            return ticket

    async def move(
        self,
        ticket_id: str,
        move: Move,
        *,
        by: Member | None,
        seen: int | None = None,
        **changes: Any,
    ) -> Ticket:
        """Make a move, and ring for the steps that follow.

        Raises:
            OutOfTurn, NotAllowed: as `flow.make` says.
            NoSuchTicket: there is none, or none that concerns the person.
            Unavailable: the database did not answer.
        """

        def moved(ticket: Ticket, now: datetime) -> Ticket:
            if by and not flow.concerns(ticket, by):
                raise NoSuchTicket
            return flow.make(ticket, move, by=by, now=now, seen=seen, **changes)

        return (await self._change_and_ring(ticket_id, moved)).after

    async def take(self, holding: Holding) -> Taken:
        """Take the steps of `holding` that are due, each for `LEASE`.

        Raises:
            OutOfTurn: none is due, or somebody has them.
        """
        taken = (await self._change_and_ring(holding.ticket_id, holding.leased, holding)).taken
        if not taken.steps:
            raise OutOfTurn(f"{holding.ticket_id}: nothing is due")
        return taken

    async def holds(self, ticket_id: str, leased: Pending) -> bool:
        """Whether nobody else has taken the step since it was leased."""
        entry = (await self.store.ticket(ticket_id))[0].step(leased.step)
        return entry is not None and entry.lease == leased.lease

    async def finish(self, holding: Holding, leased: Pending, effect: Change) -> Taken:
        """Note the effect of a step, that it is done, and which follow at once, in one write.

        An effect that is out of turn is dropped: the ticket has moved on, and the step with it.

        Raises:
            OutOfTurn: another holder has leased the step since; nothing is written.
        """

        def finished(ticket: Ticket, now: datetime) -> Ticket:
            done = ticket.step_done(leased, now=now)
            with suppress(OutOfTurn):
                done = effect(done, now)
            return holding.leased(done, now) if holding.goes_on() else done

        return (await self._change_and_ring(holding.ticket_id, finished, holding)).taken

    async def put_off(
        self,
        holding: Holding,
        leased: Pending,
        *,
        wait: timedelta,
        error: str,
        attempts: int,
        tries: int,
    ) -> None:
        """Try a step again after a wait; raises OutOfTurn as `finish` does."""

        def later(ticket: Ticket, now: datetime) -> Ticket:
            due = now + wait
            return ticket.step_put_off(
                leased, now=now, due=due, error=error, attempts=attempts, tries=tries
            )

        await self._change_and_ring(holding.ticket_id, later, holding)

    async def give_up(
        self, holding: Holding, leased: Pending, *, error: str, attempts: int
    ) -> None:
        """Leave a step dead until somebody replays it; raises OutOfTurn as `finish` does."""

        def dead(ticket: Ticket, now: datetime) -> Ticket:
            return ticket.step_given_up(leased, now=now, error=error, attempts=attempts)

        await self._change_and_ring(holding.ticket_id, dead, holding)

    async def replay(self, ticket_id: str, step: Step) -> None:
        """Try a dead step again, as if it had never failed; raises OutOfTurn if it is not dead."""
        await self._change_and_ring(ticket_id, lambda t, now: t.step_replayed(step, now=now))

    async def redeliver(self, webhook_id: str, delivery_id: str, *, by: Member) -> bool:
        """Tell a webhook once more what it was told; whether there was such a delivery."""
        ticket_id = await self.webhooks.forget(by.team_id, webhook_id, delivery_id)
        if ticket_id:
            again = Step.DELIVER_WEBHOOKS
            await self._change_and_ring(ticket_id, lambda t, now: t.asking(again, due=now))
        return ticket_id is not None

    async def begin(self, team_id: str) -> None:
        """Make the database ready, and those admins who are always admins."""
        parts = (
            self.store,
            self.welcomes,
            self.accounts,
            self.webhooks,
            self.lessons,
            self.sent,
        )
        await asyncio.gather(*(part.prepare() for part in parts))
        for slack_id in self.settings.admin_slack_ids:
            await self.people.name_admin(team_id, slack_id)

    async def acquainted(self, team_id: str, slack_id: str) -> Member:
        """See `People.acquainted`."""
        return await self.people.acquainted(team_id, slack_id)

    async def dm_channel(self, team_id: str, slack_id: str, *, anew: bool = False) -> str:
        """The app's direct-message channel with a person; asks Slack for it the first time.

        Args:
            anew: ask Slack in any case, since the channel that we know is not there any more.

        Raises:
            OutsideError: Slack could not open it.
        """
        member = await self.store.member(team_id, slack_id)
        if member.dm_channel and not anew:
            return member.dm_channel
        channel = await self.slack.open_dm(slack_id)
        await self.store.note(team_id, slack_id, dm_channel=channel)
        return channel

    async def take_back_orphans(self, team_id: str) -> None:
        """Tickets go on without those who may hold none any more; harmless when there are none."""
        held = await self.store.open_tickets(team_id)
        members = await self.store.moderators(team_id)
        for slack_id in held.keys() - {one.slack_id for one in members if one.moderates}:
            for ticket_id in held[slack_id]:
                with suppress(OutOfTurn, NoSuchTicket):
                    await self._take_back(ticket_id, slack_id)

    async def _take_back(self, ticket_id: str, slack_id: str) -> None:
        def withdrawn(ticket: Ticket, now: datetime) -> Ticket:
            if ticket.assignee != slack_id:
                raise OutOfTurn(f"{ticket_id} is in other hands")
            why = f"{mention(slack_id)} is no moderator any more"
            return flow.make(ticket, Move.WITHDRAW, by=None, now=now, why=why)

        await self._change_and_ring(ticket_id, withdrawn)

    async def amend(self, ticket_id: str, change: Change) -> Ticket:
        """Change what is known of a ticket, without a move; raises as `move` does."""
        return (await self._change_and_ring(ticket_id, change)).after

    async def _change_and_ring(
        self, ticket_id: str, change: Change, holding: Holding | None = None
    ) -> Written:
        if holding is None:
            written = await self._change(ticket_id, change, None)
        else:
            async with holding.lock:
                written = await self._change(ticket_id, change, holding)
        known = {(entry.step, entry.due) for entry in written.before.pending}
        asked = [e for e in written.after.pending if (e.step, e.due) not in known and not e.held]
        await self._ring(written.after, asked, now=written.now)
        for event in written.after.history[len(written.before.history) :]:
            if event.what in _TIMED:
                took = event.at - written.after.opened_at
                _TIMED[event.what].observe(took.total_seconds())
        return written

    async def _ring(self, ticket: Ticket, asked: list[Pending], *, now: datetime) -> None:
        """Wake one worker for what is due now, which does all of it; others when more is due."""
        due = [entry for entry in asked if entry.due and entry.due <= now]
        later = [entry for entry in asked if entry not in due]
        await self.queue.ring(ticket.id, [*due[:1], *later], now=now)

    async def _change(self, ticket_id: str, change: Change, holding: Holding | None) -> Written:
        """Read, decide, write if nobody else has written in between, else again."""
        for _ in range(_TRIES):
            newest = holding.newest if holding else None
            before, now = newest or await self.store.ticket(ticket_id)
            since = time.monotonic()
            if holding:
                # Should the write fail, nobody knows how the ticket stands.
                holding.forget()
            changed = await self.webhooks.heard(before, change(before, now), now=now)
            after = await self.store.replace(before, changed)
            if after:
                if holding:
                    holding.saw(after, now, since=since)
                return Written(before=before, after=after, now=now)
        raise OutOfTurn(f"{ticket_id} is being changed by many people at once. Please try again.")
