"""The desk as a whole, in numbers: looked up when Prometheus asks."""

from collections import Counter

from models import metrics
from models.desk import Desk
from models.doctor import MOST_TICKETS
from models.health import dead_by_kind
from models.step import Step


async def measure(desk: Desk, team_id: str) -> None:
    """Set the gauges; raises Unavailable when the database does not answer."""
    counts, oldest = await desk.store.waiting(team_id)
    for status, number in counts.items():
        metrics.TICKETS.labels(status).set(number)
    metrics.QUEUE_AGE.set(oldest)
    dead = dead_by_kind(await desk.store.dead_tickets(limit=MOST_TICKETS))
    numbers = Counter({kind.step: len(kind.tickets) for kind in dead})
    for step in Step:
        metrics.DEAD_STEPS.labels(step).set(numbers[step])
    metrics.SET_ASIDE.set(len(await desk.store.set_aside(limit=MOST_TICKETS)))
    for service, rests in (await desk.gate.breakers()).items():
        metrics.BREAKER_OPEN.labels(service).set(rests)
