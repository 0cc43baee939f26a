"""Retry policies: the delay before each retry, and the last attempt."""

from datetime import timedelta

import pytest

from jobs.runner.retry_policies import retry_delay, retry_policy
from models.errors import OutcomeUnknown, PermanentFailure, RetryLater, TargetGone
from models.tickets.pending_step import LEASE_DURATION, Step

POLICY = retry_policy(Step.DM_ASSIGNEE)
EMAIL_POLICY = retry_policy(Step.EMAIL_ASSIGNEE)


@pytest.mark.parametrize("attempts", range(1, POLICY.max_attempts))
def test_delay_doubles_up_to_the_longest(attempts: int) -> None:
    longest = min(POLICY.first_delay * 2 ** (attempts - 1), POLICY.max_delay)

    delay = retry_delay(POLICY, OutcomeUnknown("x"), failed_attempts=attempts)

    assert delay is not None
    assert longest / 2 <= delay <= longest


def test_last_attempt_is_final_even_if_a_service_names_a_time() -> None:
    last = POLICY.max_attempts

    assert retry_delay(POLICY, OutcomeUnknown("x"), failed_attempts=last) is None
    assert retry_delay(POLICY, RetryLater("x", retry_after_seconds=5), failed_attempts=last) is None


def test_retry_without_attempt_has_no_limit() -> None:
    busy = RetryLater("ratelimited", retry_after_seconds=30, uses_attempt=False)

    assert retry_delay(POLICY, busy, failed_attempts=POLICY.max_attempts) == timedelta(seconds=30)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("error", [PermanentFailure("invalid_auth"), TargetGone("user_not_found")])
def test_permanent_failure_is_not_retried(step: Step, error: Exception) -> None:
    assert retry_delay(retry_policy(step), error, failed_attempts=1) is None
    assert retry_delay(retry_policy(step), OutcomeUnknown("x"), failed_attempts=1) is not None


def test_every_step_times_out_before_its_lease() -> None:
    assert all(
        policy.timeout_seconds < LEASE_DURATION.total_seconds() - 10
        for policy in map(retry_policy, Step)
    )


def test_email_retries_outlast_a_greylisting_server() -> None:
    """RFC 6647 recommends that servers refuse for minutes, up to a day."""
    shortest_total = sum(
        (
            retry_delay(EMAIL_POLICY, RetryLater("451"), failed_attempts=n) or timedelta()
            for n in range(1, EMAIL_POLICY.max_attempts)
        ),
        start=timedelta(),
    )

    assert shortest_total > timedelta(minutes=15)
