"""Retry policies: the timeout, the number of attempts and the backoff of each kind of step.

The client of each service decides which answers are permanent: Slack's `invalid_auth` in
`models.messages.slack_client`, code 550 in `jobs.outbox.smtp`. A wait that the service asks for
(Slack's `ratelimited`: `RetryLater` with `uses_attempt=False`) uses no attempt.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from models.errors import PermanentFailure, RetryLater
from models.tickets.pending_step import LEASE_DURATION, Step

# An attempt ends well before its lease, so no other worker starts the step meanwhile.
MAX_TRY_TIME = LEASE_DURATION - timedelta(seconds=10)
# For this long a worker also runs the following steps of its ticket. Then it wakes another one.
MAX_HOLD_TIME = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The retry policy of one kind of step.

    Attributes:
        max_attempts: the number of failed attempts after which the step is dead.
        first_delay: the delay after the first failed attempt. It doubles with each further one.
        max_delay: the longest delay.
        timeout_seconds: the longest time of one attempt.
        permanent_error: the error that makes the step dead at once.
    """

    max_attempts: int
    first_delay: timedelta
    max_delay: timedelta
    timeout_seconds: float = 18
    permanent_error: type[Exception] = PermanentFailure


_DEFAULT_POLICY = RetryPolicy(
    max_attempts=12, first_delay=timedelta(seconds=2), max_delay=timedelta(minutes=5)
)
# A greylisting server accepts a retry after minutes, for some hours: RFC 6647, section 5.
_EMAIL_POLICY = RetryPolicy(
    max_attempts=12, first_delay=timedelta(seconds=2), max_delay=timedelta(hours=1)
)
# The receiver may fail at night, when nobody repairs it.
_WEBHOOK_POLICY = RetryPolicy(
    max_attempts=12, first_delay=timedelta(seconds=5), max_delay=timedelta(hours=2)
)
# An outage may last a day. The delay grows, so a long one costs few calls.
_OUTAGE_POLICY = RetryPolicy(
    max_attempts=100, first_delay=timedelta(seconds=30), max_delay=timedelta(minutes=15)
)

# All other steps have the default policy.
_SPECIAL_POLICIES: Mapping[Step, RetryPolicy] = {
    Step.EMAIL_ASSIGNEE: _EMAIL_POLICY,
    Step.DELIVER_WEBHOOKS: _WEBHOOK_POLICY,
    Step.RETRIAGE: _OUTAGE_POLICY,
}


def retry_policy(step: Step) -> RetryPolicy:
    """The retry policy of a step."""
    return _SPECIAL_POLICIES.get(step, _DEFAULT_POLICY)


def retry_delay(policy: RetryPolicy, error: Exception, *, failed_attempts: int) -> timedelta | None:
    """The delay before the next attempt, or None if the step is dead.

    Args:
        policy: the retry policy of the step.
        error: the error of the last attempt.
        failed_attempts: the number of failed attempts, with this one if it uses an attempt.
    """
    if isinstance(error, policy.permanent_error):
        return None
    is_free_retry = isinstance(error, RetryLater) and not error.uses_attempt
    if failed_attempts >= policy.max_attempts and not is_free_retry:
        return None
    if isinstance(error, RetryLater) and error.retry_after_seconds:
        return timedelta(seconds=error.retry_after_seconds)
    backoff: timedelta = policy.first_delay * 2 ** min(failed_attempts - 1, 30)
    # Jitter needs no secure random numbers.
    return min(backoff, policy.max_delay) * random.uniform(0.5, 1.0)  # noqa: S311
