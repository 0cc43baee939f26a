"""When a step that failed is tried again, and when not any more."""

from datetime import timedelta

import pytest

from jobs.runner.retry_policies import RETRY_POLICIES, retry_delay
from models.errors import OutcomeUnknown, PermanentFailure, RetryLater, TargetGone
from models.tickets.pending_step import LEASE_DURATION, Step

POLICY = RETRY_POLICIES[Step.DM_ASSIGNEE]
LETTER = RETRY_POLICIES[Step.EMAIL_ASSIGNEE]


@pytest.mark.parametrize("attempts", range(1, POLICY.max_attempts))
def test_each_pause_is_up_to_twice_as_long_and_none_is_too_long(attempts: int) -> None:
    whole = min(POLICY.first_delay * 2 ** (attempts - 1), POLICY.max_delay)

    waited = retry_delay(POLICY, OutcomeUnknown("x"), failed_attempts=attempts)

    assert waited is not None
    assert whole / 2 <= waited <= whole


def test_the_last_attempt_is_the_last_also_when_the_outside_names_a_time() -> None:
    last = POLICY.max_attempts

    assert retry_delay(POLICY, OutcomeUnknown("x"), failed_attempts=last) is None
    assert retry_delay(POLICY, RetryLater("x", retry_after_seconds=5), failed_attempts=last) is None


def test_what_uses_up_no_attempt_may_be_waited_for_for_ever() -> None:
    busy = RetryLater("ratelimited", retry_after_seconds=30, uses_attempt=False)

    assert retry_delay(POLICY, busy, failed_attempts=POLICY.max_attempts) == timedelta(seconds=30)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize(
    "refused", [PermanentFailure("invalid_auth"), TargetGone("user_not_found")]
)
def test_what_is_refused_for_good_is_not_tried_again(step: Step, refused: Exception) -> None:
    assert retry_delay(RETRY_POLICIES[step], refused, failed_attempts=1) is None
    assert retry_delay(RETRY_POLICIES[step], OutcomeUnknown("x"), failed_attempts=1) is not None


def test_each_kind_of_step_has_a_policy_and_no_try_outlasts_its_lease() -> None:
    assert set(RETRY_POLICIES) == set(Step)
    assert all(
        policy.timeout_seconds < LEASE_DURATION.total_seconds() - 10
        for policy in RETRY_POLICIES.values()
    )


def test_a_letter_outlasts_a_greylisting_server() -> None:
    """RFC 6647 recommends to be refused for minutes, up to a day."""
    shortest = sum(
        (
            retry_delay(LETTER, RetryLater("451"), failed_attempts=n) or timedelta()
            for n in range(1, LETTER.max_attempts)
        ),
        start=timedelta(),
    )

    assert shortest > timedelta(minutes=15)
