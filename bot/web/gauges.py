"""The desk as a whole, in numbers: looked up when Prometheus asks."""

from collections import Counter

from models.health import group_dead_steps
from models.health_checks import MAX_REPORTED_TICKETS
from models.infra import metrics
from models.ticket_service import TicketService
from models.tickets.pending_step import Step


async def update_gauges(ticket_service: TicketService, team_id: str) -> None:
    """Set the gauges; raises Unavailable when the database does not answer."""
    counts, oldest = await ticket_service.tickets.backlog(team_id)
    for status, number in counts.items():
        metrics.TICKETS.labels(status).set(number)
    metrics.OLDEST_DUE_STEP_SECONDS.set(oldest)
    dead = group_dead_steps(await ticket_service.tickets.dead_tickets(limit=MAX_REPORTED_TICKETS))
    numbers = Counter({kind.step: len(kind.ticket_ids) for kind in dead})
    for step in Step:
        metrics.DEAD_STEPS.labels(step).set(numbers[step])
    metrics.QUARANTINED_TICKETS.set(
        len(await ticket_service.tickets.quarantined_tickets(limit=MAX_REPORTED_TICKETS))
    )
    for name, rests in (await ticket_service.outbound_calls.breaker_states()).items():
        metrics.BREAKER_OPEN.labels(name).set(rests)
