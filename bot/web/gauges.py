"""Gauges of tickets, dead steps and circuit breakers, read when Prometheus scrapes."""

from collections import Counter

from models.health import MAX_REPORTED_TICKETS, group_dead_steps
from models.infra import metrics
from models.infra.outbound_calls import OutboundCalls
from models.ticket_store.store import TicketStore
from models.tickets.pending_step import Step


async def update_gauges(
    team_id: str, *, outbound_calls: OutboundCalls, tickets: TicketStore
) -> None:
    """Set the gauges; raises DatabaseUnavailable if MongoDB does not answer."""
    counts, oldest_seconds = await tickets.backlog(team_id)
    for status, count in counts.items():
        metrics.TICKETS.labels(status).set(count)
    metrics.OLDEST_DUE_STEP_SECONDS.set(oldest_seconds)
    groups = group_dead_steps(await tickets.dead_tickets(limit=MAX_REPORTED_TICKETS))
    dead_counts = Counter({group.step: len(group.ticket_ids) for group in groups})
    for step in Step:
        metrics.DEAD_STEPS.labels(step).set(dead_counts[step])
    metrics.QUARANTINED_TICKETS.set(
        len(await tickets.quarantined_tickets(limit=MAX_REPORTED_TICKETS))
    )
    metrics.TICKETS_WITH_LOST_CARD.set(
        len(await tickets.tickets_with_lost_card(limit=MAX_REPORTED_TICKETS))
    )
    for name, is_open in (await outbound_calls.breaker_states()).items():
        metrics.BREAKER_OPEN.labels(name).set(is_open)
