"""The desk, which bot and worker open: its moves and steps, each stored, then rung for."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.access.audit_log import AuditLog
from models.access.directory_sync import DirectorySync
from models.access.email_links import EmailLinks
from models.access.token_store import ApiTokenStore
from models.assignment.workload import Workload
from models.engine.ai_request_log import AiRequestLog
from models.engine.training_store import TrainingStore
from models.errors import Conflict, NoSuchTicket
from models.infra.database import Database
from models.infra.metrics import CLAIM_SECONDS, OFFER_SECONDS
from models.infra.outbound_calls import OutboundCalls
from models.job_queue.step_queue import StepQueue
from models.messages.slack_client import SlackClient
from models.people.guest_policy_store import GuestPolicyStore
from models.people.member import Member
from models.people.store import MemberStore
from models.search.event_feed import EventFeed
from models.search.search import Search
from models.search.solution_index import SolutionIndex
from models.settings import Settings
from models.text import mention
from models.tickets import workflow
from models.tickets.intake import TicketIntake
from models.tickets.lease import LeasedSteps, TicketLease, WriteResult
from models.tickets.pending_step import PendingStep, Step
from models.tickets.store import TicketStore
from models.tickets.ticket import Draft, Status, Ticket, TicketUpdate
from models.tickets.workflow import Move
from models.triage.taxonomy_store import TaxonomyStore
from models.webhooks.store import WebhookStore

# Everybody who writes to a ticket at the same moment loses to one of the others at most once each.
_MAX_WRITE_ATTEMPTS = 50

_DURATION_METRICS = {Move.OFFER.value: OFFER_SECONDS, Move.CLAIM.value: CLAIM_SECONDS}


@dataclass(frozen=True, slots=True)
class TicketService:
    """What bot and worker work with."""

    settings: Settings
    database: Database
    tickets: TicketStore
    members: MemberStore
    taxonomies: TaxonomyStore
    intake: TicketIntake
    search: Search
    solution_index: SolutionIndex
    event_feed: EventFeed
    api_tokens: ApiTokenStore
    email_links: EmailLinks
    audit_log: AuditLog
    directory: DirectorySync
    guest_policies: GuestPolicyStore
    webhooks: WebhookStore
    training_store: TrainingStore
    workload: Workload
    ai_request_log: AiRequestLog
    step_queue: StepQueue
    outbound_calls: OutboundCalls
    slack: SlackClient

    async def open_ticket(self, draft: Draft) -> Ticket:
        """Store the ticket of a submission; the same submission again gives the same ticket.

        Who was not sure that it is stored may have changed the text before sending it again.

        Raises:
            NotAllowed: the desk does not serve the requester.
        """
        requester = Member(team_id=draft.team_id, slack_id=draft.requester)

        def opened(number: int, now: datetime) -> Ticket:
            fresh = Ticket(id=f"T-{number}", opened_at=now, **draft.model_dump())
            return workflow.transition(fresh, Move.OPEN, actor=requester, now=now)

        ticket = await self.intake.insert(opened)
        # Its steps are due since it was opened, by whatever clock.
        await self._enqueue(ticket, list(ticket.pending), now=ticket.opened_at)
        return ticket if ticket.matches(draft) else await self._apply_resubmission(ticket, draft)

    async def _apply_resubmission(self, ticket: Ticket, draft: Draft) -> Ticket:
        """The ticket as it was sent the second time; as it stands if somebody has begun with it."""

        def corrected(current: Ticket, _now: datetime) -> Ticket:
            if current.status is not Status.NEW:
                raise Conflict(f"{current.id} is being worked on")
            return current.model_copy(update=draft.model_dump())

        try:
            return (await self._update_and_enqueue(ticket.id, corrected)).after
        except Conflict:
            return ticket

    async def move(
        self,
        ticket_id: str,
        move: Move,
        *,
        actor: Member | None,
        seen_version: int | None = None,
        **changes: Any,
    ) -> Ticket:
        """Make a move, and ring for the steps that follow.

        Raises:
            OutOfTurn, NotAllowed: as `flow.make` says.
            NoSuchTicket: there is none, or none that concerns the person.
            Unavailable: the database did not answer.
        """

        def moved(ticket: Ticket, now: datetime) -> Ticket:
            if actor and not workflow.is_visible_to(ticket, actor):
                raise NoSuchTicket
            return workflow.transition(
                ticket, move, actor=actor, now=now, seen_version=seen_version, **changes
            )

        return (await self._update_and_enqueue(ticket_id, moved)).after

    async def lease_due_steps(self, lease: TicketLease) -> LeasedSteps:
        """Take the steps of `holding` that are due, each for `LEASE`.

        Raises:
            OutOfTurn: none is due, or somebody has them.
        """
        taken = (
            await self._update_and_enqueue(lease.ticket_id, lease.with_due_steps_leased, lease)
        ).leased_steps
        if not taken.steps:
            raise Conflict(f"{lease.ticket_id}: nothing is due")
        return taken

    async def is_still_leased(self, ticket_id: str, leased_step: PendingStep) -> bool:
        """Whether nobody else has taken the step since it was leased."""
        entry = (await self.tickets.get_ticket(ticket_id))[0].find_step(leased_step.step)
        return entry is not None and entry.lease == leased_step.lease

    async def complete_step(
        self, lease: TicketLease, leased_step: PendingStep, effect: TicketUpdate
    ) -> LeasedSteps:
        """Note the effect of a step, that it is done, and which follow at once, in one write.

        An effect that is out of turn is dropped: the ticket has moved on, and the step with it.

        Raises:
            OutOfTurn: another holder has leased the step since; nothing is written.
        """

        def finished(ticket: Ticket, now: datetime) -> Ticket:
            done = ticket.with_step_completed(leased_step, now=now)
            with suppress(Conflict):
                done = effect(done, now)
            return lease.with_due_steps_leased(done, now) if lease.keep_running() else done

        return (await self._update_and_enqueue(lease.ticket_id, finished, lease)).leased_steps

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
        """Try a step again after a wait; raises OutOfTurn as `finish` does."""

        def later(ticket: Ticket, now: datetime) -> Ticket:
            due = now + delay
            return ticket.with_step_rescheduled(
                leased_step,
                now=now,
                due=due,
                error=error,
                failed_attempts=failed_attempts,
                run_count=run_count,
            )

        await self._update_and_enqueue(lease.ticket_id, later, lease)

    async def dead_letter(
        self, lease: TicketLease, leased_step: PendingStep, *, error: str, failed_attempts: int
    ) -> None:
        """Leave a step dead until somebody replays it; raises OutOfTurn as `finish` does."""

        def dead(ticket: Ticket, now: datetime) -> Ticket:
            return ticket.with_step_dead(
                leased_step, now=now, error=error, failed_attempts=failed_attempts
            )

        await self._update_and_enqueue(lease.ticket_id, dead, lease)

    async def replay_step(self, ticket_id: str, step: Step) -> None:
        """Try a dead step again, as if it had never failed; raises OutOfTurn if it is not dead."""
        await self._update_and_enqueue(
            ticket_id, lambda t, now: t.with_step_replayed(step, now=now)
        )

    async def redeliver_webhook(self, webhook_id: str, delivery_id: str, *, actor: Member) -> bool:
        """Tell a webhook once more what it was told; whether there was such a delivery."""
        ticket_id = await self.webhooks.mark_undelivered(actor.team_id, webhook_id, delivery_id)
        if ticket_id:
            again = Step.DELIVER_WEBHOOKS
            await self._update_and_enqueue(ticket_id, lambda t, now: t.with_step(again, due=now))
        return ticket_id is not None

    async def prepare(self, team_id: str) -> None:
        """Make the database ready, and those admins who are always admins."""
        parts = (
            self.tickets,
            self.members,
            self.guest_policies,
            self.api_tokens,
            self.email_links,
            self.audit_log,
            self.webhooks,
            self.training_store,
            self.ai_request_log,
        )
        await asyncio.gather(*(part.prepare() for part in parts))
        for slack_id in self.settings.admin_slack_ids:
            await self.directory.promote_configured_admin(team_id, slack_id)

    async def member_with_profile(self, team_id: str, slack_id: str) -> Member:
        """See `People.acquainted`."""
        return await self.directory.member_with_profile(team_id, slack_id)

    async def dm_channel(self, team_id: str, slack_id: str, *, force_open: bool = False) -> str:
        """The app's direct-message channel with a person; asks Slack for it the first time.

        Args:
            anew: ask Slack in any case, since the channel that we know is not there any more.

        Raises:
            OutsideError: Slack could not open it.
        """
        member = await self.members.get_or_create_member(team_id, slack_id)
        if member.dm_channel and not force_open:
            return member.dm_channel
        channel = await self.slack.open_dm(slack_id)
        await self.members.update_member(team_id, slack_id, dm_channel=channel)
        return channel

    async def reassign_orphaned_tickets(self, team_id: str) -> None:
        """Tickets go on without those who may hold none any more; harmless when there are none."""
        held = await self.tickets.ticket_ids_by_assignee(team_id)
        members = await self.members.moderators(team_id)
        for slack_id in held.keys() - {one.slack_id for one in members if one.can_moderate}:
            for ticket_id in held[slack_id]:
                with suppress(Conflict, NoSuchTicket):
                    await self._unassign(ticket_id, slack_id)

    async def _unassign(self, ticket_id: str, slack_id: str) -> None:
        def withdrawn(ticket: Ticket, now: datetime) -> Ticket:
            if ticket.assignee != slack_id:
                raise Conflict(f"{ticket_id} is in other hands")
            why = f"{mention(slack_id)} is no moderator any more"
            return workflow.transition(ticket, Move.UNASSIGN, actor=None, now=now, event_reason=why)

        await self._update_and_enqueue(ticket_id, withdrawn)

    async def update_ticket(self, ticket_id: str, update: TicketUpdate) -> Ticket:
        """Change what is known of a ticket, without a move; raises as `move` does."""
        return (await self._update_and_enqueue(ticket_id, update)).after

    async def _update_and_enqueue(
        self, ticket_id: str, update: TicketUpdate, lease: TicketLease | None = None
    ) -> WriteResult:
        if lease is None:
            written = await self._update_with_retries(ticket_id, update, None)
        else:
            async with lease.lock:
                written = await self._update_with_retries(ticket_id, update, lease)
        known = {(entry.step, entry.due) for entry in written.before.pending}
        asked = [
            e for e in written.after.pending if (e.step, e.due) not in known and not e.is_leased
        ]
        await self._enqueue(written.after, asked, now=written.now)
        for event in written.after.history[len(written.before.history) :]:
            if event.what in _DURATION_METRICS:
                took = event.at - written.after.opened_at
                _DURATION_METRICS[event.what].observe(took.total_seconds())
        return written

    async def _enqueue(
        self, ticket: Ticket, new_steps: list[PendingStep], *, now: datetime
    ) -> None:
        """Wake one worker for what is due now, which does all of it; others when more is due."""
        due = [entry for entry in new_steps if entry.due and entry.due <= now]
        later = [entry for entry in new_steps if entry not in due]
        await self.step_queue.enqueue(ticket.id, [*due[:1], *later], now=now)

    async def _update_with_retries(
        self, ticket_id: str, update: TicketUpdate, lease: TicketLease | None
    ) -> WriteResult:
        """Read, decide, write if nobody else has written in between, else again."""
        for _ in range(_MAX_WRITE_ATTEMPTS):
            newest = lease.cached_ticket if lease else None
            before, now = newest or await self.tickets.get_ticket(ticket_id)
            since = time.monotonic()
            if lease:
                # Should the write fail, nobody knows how the ticket stands.
                lease.invalidate()
            changed = await self.webhooks.with_delivery_step(before, update(before, now), now=now)
            after = await self.tickets.compare_and_set(before, changed)
            if after:
                if lease:
                    lease.cache(after, now, monotonic_seconds=since)
                return WriteResult(before=before, after=after, now=now)
        raise Conflict(f"{ticket_id} is being changed by many people at once. Please try again.")
