"""The ticket service of bot and worker: it stores each move or step, then wakes a worker."""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from models.errors import Conflict
from models.infra.metrics import CLAIM_SECONDS, OFFER_SECONDS
from models.infra.optimistic_locking import repeat_until_written
from models.job_queue.step_queue import StepQueue
from models.people.member import Member
from models.ticket_store.intake import TicketIntake
from models.ticket_store.lease import LeasedSteps, TicketLease, WriteResult
from models.ticket_store.store import TicketStore
from models.tickets import workflow
from models.tickets.actions import ACTIONS, Verb
from models.tickets.card_list import with_new_gaps_filled
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Draft, Status, Ticket, TicketUpdate
from models.webhooks.store import WebhookStore

_DURATION_METRICS = {
    ACTIONS[Verb.OFFER].event: OFFER_SECONDS,
    ACTIONS[Verb.CLAIM].event: CLAIM_SECONDS,
}


@dataclass(frozen=True, slots=True)
class TicketService:
    """Opens tickets, stores each change of them, and leases their steps to workers."""

    tickets: TicketStore
    intake: TicketIntake
    webhooks: WebhookStore
    step_queue: StepQueue

    async def open_ticket(self, draft: Draft) -> Ticket:
        """Store the ticket of a submission; a repeated submission returns the same ticket.

        People who do not see a receipt submit again, and may change their text first. The ticket
        then gets the newer text, unless triage has already run.

        Raises:
            NotAllowed: the guest policy denies the requester.
        """
        requester = Member(team_id=draft.team_id, slack_id=draft.requester)

        def make_ticket(number: int, now: datetime) -> Ticket:
            ticket = Ticket(id=f"T-{number}", opened_at=now, **draft.model_dump())
            return workflow.transition(ticket, Verb.OPEN, actor=requester, now=now)

        ticket = await self.intake.insert(make_ticket)
        # Its first steps are due at `opened_at`, so no other clock is needed here.
        await self._enqueue(ticket, list(ticket.pending), now=ticket.opened_at)
        return ticket if ticket.matches(draft) else await self._apply_resubmission(ticket, draft)

    async def _apply_resubmission(self, ticket: Ticket, draft: Draft) -> Ticket:
        """The ticket with the text of the second submission, unless triage has already run."""

        def replace_text(current: Ticket, _now: datetime) -> Ticket:
            if current.status is not Status.NEW:
                raise Conflict(f"{current.id} is triaged already")
            return current.model_copy(update=draft.model_dump())

        try:
            return (await self._update_and_enqueue(ticket.id, replace_text)).after
        except Conflict:
            return ticket

    async def move(
        self,
        ticket_id: str,
        verb: Verb,
        *,
        actor: Member | None,
        seen_version: int | None = None,
        **changes: Any,
    ) -> Ticket:
        """Make a move, and wake a worker for the steps that follow.

        Raises:
            Conflict, NotAllowed: as in `workflow.transition`.
            NoSuchTicket: the ticket does not exist, or the person may not see it.
            DatabaseUnavailable: the database did not answer.
        """

        def apply_move(ticket: Ticket, now: datetime) -> Ticket:
            return workflow.transition(
                ticket, verb, actor=actor, now=now, seen_version=seen_version, **changes
            )

        return (await self._update_and_enqueue(ticket_id, apply_move)).after

    async def lease_due_steps(self, lease: TicketLease) -> LeasedSteps:
        """Lease the due steps of `lease` for `LEASE_DURATION`.

        Raises:
            Conflict: no step is due, or another worker has leased the due ones.
        """
        leased = (
            await self._update_and_enqueue(lease.ticket_id, lease.with_due_steps_leased, lease)
        ).leased_steps
        if not leased.steps:
            raise Conflict(f"{lease.ticket_id}: no step is due")
        return leased

    async def is_still_leased(self, ticket_id: str, leased_step: PendingStep) -> bool:
        """Whether the lease of the step is still valid: no other worker has leased it since."""
        entry = (await self.tickets.get_ticket(ticket_id))[0].find_step(leased_step.step)
        return entry is not None and entry.lease == leased_step.lease

    async def complete_step(
        self, lease: TicketLease, leased_step: PendingStep, effect: TicketUpdate
    ) -> LeasedSteps:
        """Store the effect of a step, complete it and lease the next due steps, in one write.

        An effect that raises Conflict is dropped: the ticket has moved on, so it is not needed.

        Raises:
            Conflict: another worker has leased the step since; nothing is written.
        """

        def complete(ticket: Ticket, now: datetime) -> Ticket:
            after = ticket.with_step_completed(leased_step, now=now)
            with suppress(Conflict):
                after = effect(after, now)
            return lease.with_due_steps_leased(after, now) if lease.keep_running() else after

        return (await self._update_and_enqueue(lease.ticket_id, complete, lease)).leased_steps

    async def retry_later(
        self,
        lease: TicketLease,
        leased_step: PendingStep,
        *,
        delay: timedelta,
        error: str,
        failed_attempts: int,
        run_count: int,
    ) -> None:
        """Retry a step after a delay; raises Conflict as `complete_step` does."""

        def reschedule(ticket: Ticket, now: datetime) -> Ticket:
            due = now + delay
            return ticket.with_step_rescheduled(
                leased_step,
                now=now,
                due=due,
                error=error,
                failed_attempts=failed_attempts,
                run_count=run_count,
            )

        await self._update_and_enqueue(lease.ticket_id, reschedule, lease)

    async def dead_letter(
        self, lease: TicketLease, leased_step: PendingStep, *, error: str, failed_attempts: int
    ) -> None:
        """Make a step dead until an admin replays it; raises Conflict as `complete_step` does."""

        def mark_dead(ticket: Ticket, now: datetime) -> Ticket:
            return ticket.with_step_dead(
                leased_step, now=now, error=error, failed_attempts=failed_attempts
            )

        await self._update_and_enqueue(lease.ticket_id, mark_dead, lease)

    async def replay_step(self, ticket_id: str, step: Step) -> None:
        """Run a dead step again with all its attempts; raises Conflict when it is not dead."""
        await self._update_and_enqueue(
            ticket_id, lambda ticket, now: ticket.with_step_replayed(step, now=now)
        )

    async def update_ticket(self, ticket_id: str, update: TicketUpdate) -> Ticket:
        """Store a change of a ticket that is not a move; raises the same errors as `move`."""
        return (await self._update_and_enqueue(ticket_id, update)).after

    async def _update_and_enqueue(
        self, ticket_id: str, update: TicketUpdate, lease: TicketLease | None = None
    ) -> WriteResult:
        if lease is None:
            result = await self._update_with_retries(ticket_id, update, None)
        else:
            async with lease.lock:
                result = await self._update_with_retries(ticket_id, update, lease)
        before, after, now = result
        earlier = {(entry.step, entry.due) for entry in before.pending}
        new_steps = [
            entry
            for entry in after.pending
            if (entry.step, entry.due) not in earlier and not entry.is_leased
        ]
        await self._enqueue(after, new_steps, now=now)
        for event in after.events_after(before.event_count):
            if event.what in _DURATION_METRICS:
                duration = event.at - after.opened_at
                _DURATION_METRICS[event.what].observe(duration.total_seconds())
        return result

    async def _enqueue(
        self, ticket: Ticket, new_steps: list[PendingStep], *, now: datetime
    ) -> None:
        """Wake one worker for all steps that are due now, and later ones when they are due."""
        due = [entry for entry in new_steps if entry.due and entry.due <= now]
        later = [entry for entry in new_steps if entry not in due]
        await self.step_queue.enqueue(ticket.id, [*due[:1], *later], now=now)

    async def _update_with_retries(
        self, ticket_id: str, update: TicketUpdate, lease: TicketLease | None
    ) -> WriteResult:
        """Read the ticket, update it and write it; repeat when another write came first."""
        return await repeat_until_written(
            partial(self._attempt_update, ticket_id, update, lease),
            conflict_text=(
                f"{ticket_id} was not changed: many people are changing it at once. Try again."
            ),
        )

    async def _attempt_update(
        self, ticket_id: str, update: TicketUpdate, lease: TicketLease | None
    ) -> WriteResult | None:
        cached = lease.cached_ticket if lease else None
        before, now = cached or await self.tickets.get_ticket(ticket_id)
        monotonic_seconds = time.monotonic()
        if lease:
            # After a failed write, the state of the stored ticket is unknown.
            lease.invalidate()
        changed = with_new_gaps_filled(before, update(before, now), now=now)
        changed = await self.webhooks.with_delivery_step(before, changed, now=now)
        after = await self.tickets.compare_and_set(before, changed)
        if after is None:
            return None
        if lease:
            lease.cache(after, now, monotonic_seconds=monotonic_seconds)
        return WriteResult(before=before, after=after, now=now)
