"""Prometheus metrics; bot and worker each publish their own."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    start_http_server,
)

EXPOSITION_TYPE = CONTENT_TYPE_LATEST

# From a click with an immediate answer to a ticket that waits overnight.
_WAIT_BUCKETS_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 28800, 86400)
_CALL_BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)

STEPS = Counter("frontdesk_steps", "Attempts at steps, by outcome", ["step", "outcome"])
EXTERNAL_CALL_SECONDS = Histogram(
    "frontdesk_outside_seconds",
    "Duration of calls to external services, by outcome",
    ["service", "call", "outcome"],
    buckets=_CALL_BUCKETS_SECONDS,
)
OFFER_SECONDS = Histogram(
    "frontdesk_offer_seconds",
    "Time from a ticket's submission to its offer",
    buckets=_WAIT_BUCKETS_SECONDS,
)
CLAIM_SECONDS = Histogram(
    "frontdesk_claim_seconds",
    "Time from a ticket's submission to its claim",
    buckets=_WAIT_BUCKETS_SECONDS,
)
UNREADABLE_DOCUMENTS = Counter(
    "frontdesk_unreadable_documents", "Reads that met a damaged document", ["collection"]
)
LABELS_DROPPED = Counter(
    "frontdesk_labels_dropped", "Labels in a model's answer that the workspace does not have"
)
GEMINI_TOKENS = Counter("frontdesk_gemini_tokens", "Tokens that Gemini read and wrote")
ENQUEUE_FAILURES = Counter("frontdesk_rings_failed", "Wake-ups that Redis did not accept")
# The bot computes these gauges when Prometheus asks for them.
TICKETS = Gauge("frontdesk_tickets", "Tickets, by status", ["status"])
DEAD_STEPS = Gauge("frontdesk_dead_steps", "Steps that failed for good", ["step"])
QUARANTINED_TICKETS = Gauge("frontdesk_tickets_set_aside", "Tickets whose document can't be read")
TICKETS_WITH_LOST_CARD = Gauge(
    "frontdesk_tickets_with_lost_card", "Open tickets whose requester or assignee has no card"
)
OLDEST_DUE_STEP_SECONDS = Gauge(
    "frontdesk_queue_age_seconds", "Waiting time of the oldest due step"
)
BREAKER_OPEN = Gauge(
    "frontdesk_breaker_open", "Services whose circuit breaker is open", ["service"]
)


def exposition() -> bytes:
    """All metrics of this process in Prometheus's text format."""
    return generate_latest()


def start_metrics_server(host: str, port: int) -> None:
    """Serve metrics from a thread until the process ends.

    Raises:
        OSError: the address cannot be used.
    """
    start_http_server(port, addr=host)
