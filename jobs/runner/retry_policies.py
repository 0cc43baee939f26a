"""How each kind of step is tried: how long a try may take, how often, and with what pauses.

What counts as refused for good is said where the outside is known: Slack's `invalid_auth` in
`models.messages.slack_client`, a 550 in `jobs.outbox.smtp`. What the outside asks us to wait for (Slack's `ratelimited`:
`NotNow` with `counts=False`) uses up no attempt.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from models.errors import PermanentFailure, RetryLater
from models.tickets.pending_step import LEASE_DURATION, Step

# All of a try is over well before its lease, so that nobody else starts while it is at work.
MAX_TRY_TIME = LEASE_DURATION - timedelta(seconds=10)
# For so long a worker that is at a ticket takes what follows, too; then it rings for it.
MAX_HOLD_TIME = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How one kind of step is tried.

    Attributes:
        attempts: failed tries after which the step is dead.
        first: the pause after the first failed try; each further one is twice as long.
        longest: the longest pause.
        seconds: how long one try may take.
        permanent: what ends it at the first try.
    """

    max_attempts: int
    first_delay: timedelta
    max_delay: timedelta
    timeout_seconds: float = 18
    permanent_error: type[Exception] = PermanentFailure


_DEFAULT_POLICY = RetryPolicy(
    max_attempts=12, first_delay=timedelta(seconds=2), max_delay=timedelta(minutes=5)
)
# Who greylists wants a sender to come back after minutes, and for hours: RFC 6647, section 5.
_EMAIL_POLICY = RetryPolicy(
    max_attempts=12, first_delay=timedelta(seconds=2), max_delay=timedelta(hours=1)
)
# Whoever runs the receiver may be asleep.
_WEBHOOK_POLICY = RetryPolicy(
    max_attempts=12, first_delay=timedelta(seconds=5), max_delay=timedelta(hours=2)
)
# An outage may take a day; the longer it takes already, the less often is it asked.
_OUTAGE_POLICY = RetryPolicy(
    max_attempts=100, first_delay=timedelta(seconds=30), max_delay=timedelta(minutes=15)
)

RETRY_POLICIES: Mapping[Step, RetryPolicy] = {
    Step.TRIAGE: _DEFAULT_POLICY,
    Step.ASSIGN: _DEFAULT_POLICY,
    Step.DM_REQUESTER: _DEFAULT_POLICY,
    Step.DM_ASSIGNEE: _DEFAULT_POLICY,
    Step.EMAIL_ASSIGNEE: _EMAIL_POLICY,
    Step.ASK_REQUESTER: _DEFAULT_POLICY,
    Step.DM_WATCHERS: _DEFAULT_POLICY,
    Step.REFRESH_CARDS: _DEFAULT_POLICY,
    Step.ALERT_ADMINS: _DEFAULT_POLICY,
    Step.DELIVER_WEBHOOKS: _WEBHOOK_POLICY,
    Step.LEARN: _DEFAULT_POLICY,
    Step.RETRIAGE: _OUTAGE_POLICY,
    Step.ANSWER_INCIDENT: _DEFAULT_POLICY,
}


def retry_delay(policy: RetryPolicy, error: Exception, *, failed_attempts: int) -> timedelta | None:
    """How long to wait after a failed try; None: there is no other.

    Args:
        attempts: how many tries have failed, this one included if it counts.
    """
    if isinstance(error, policy.permanent_error):
        return None
    patient = isinstance(error, RetryLater) and not error.uses_attempt
    if failed_attempts >= policy.max_attempts and not patient:
        return None
    if isinstance(error, RetryLater) and error.retry_after_seconds:
        return timedelta(seconds=error.retry_after_seconds)
    doubled: timedelta = policy.first_delay * 2 ** min(failed_attempts - 1, 30)
    # Jitter is no secret.
    return min(doubled, policy.max_delay) * random.uniform(0.5, 1.0)  # noqa: S311
