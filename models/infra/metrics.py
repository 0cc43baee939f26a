"""What the desk counts and times, for Prometheus: bot and worker each tell their own."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)

EXPOSITION_TYPE = CONTENT_TYPE_LATEST

# From a click that is answered at once to a ticket that waits for somebody overnight.
_WAIT_BUCKETS_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 28800, 86400)
_CALL_BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)

STEPS = Counter("frontdesk_steps", "Tries at steps, by how they ended", ["step", "outcome"])
EXTERNAL_CALL_SECONDS = Histogram(
    "frontdesk_outside_seconds",
    "Calls to the outside, by how they ended",
    ["service", "call", "outcome"],
    buckets=_CALL_BUCKETS_SECONDS,
)
OFFER_SECONDS = Histogram(
    "frontdesk_offer_seconds",
    "From a ticket's submission to its offer",
    buckets=_WAIT_BUCKETS_SECONDS,
)
CLAIM_SECONDS = Histogram(
    "frontdesk_claim_seconds",
    "From a ticket's submission to its claim",
    buckets=_WAIT_BUCKETS_SECONDS,
)
LABELS_DROPPED = Counter(
    "frontdesk_labels_dropped", "Labels that a model answered and the desk does not know"
)
GEMINI_TOKENS = Counter("frontdesk_gemini_tokens", "Tokens that Gemini has read and written")
ENQUEUE_FAILURES = Counter("frontdesk_rings_failed", "Rings that Redis did not take")
# The bot looks these up when it is asked.
TICKETS = Gauge("frontdesk_tickets", "Tickets, by status", ["status"])
DEAD_STEPS = Gauge("frontdesk_dead_steps", "Steps that were given up", ["step"])
QUARANTINED_TICKETS = Gauge("frontdesk_tickets_set_aside", "Tickets whose document can't be read")
OLDEST_DUE_STEP_SECONDS = Gauge(
    "frontdesk_queue_age_seconds", "For how long the oldest due step has waited"
)
BREAKER_OPEN = Gauge(
    "frontdesk_breaker_open", "Services that are let rest, since they do not answer", ["service"]
)


def exposition() -> bytes:
    """All of this process, as Prometheus reads it."""
    return generate_latest()


def start_metrics_server(host: str, port: int) -> None:
    """Answer Prometheus from a thread, until the process ends.

    Raises:
        OSError: nobody can listen there.
    """
    start_http_server(port, addr=host)
