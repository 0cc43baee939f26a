"""When a step that failed is tried again, and when not any more."""

from datetime import timedelta

import pytest

from jobs.policies import POLICIES, pause
from models.errors import Gone, NotNow, Refused, Unknown
from models.step import LEASE, Step

POLICY = POLICIES[Step.DM_ASSIGNEE]
LETTER = POLICIES[Step.EMAIL_ASSIGNEE]


@pytest.mark.parametrize("attempts", range(1, POLICY.attempts))
def test_each_pause_is_up_to_twice_as_long_and_none_is_too_long(attempts: int) -> None:
    whole = min(POLICY.first * 2 ** (attempts - 1), POLICY.longest)

    waited = pause(POLICY, Unknown("x"), attempts=attempts)

    assert waited is not None
    assert whole / 2 <= waited <= whole


def test_the_last_attempt_is_the_last_also_when_the_outside_names_a_time() -> None:
    last = POLICY.attempts

    assert pause(POLICY, Unknown("x"), attempts=last) is None
    assert pause(POLICY, NotNow("x", seconds=5), attempts=last) is None


def test_what_uses_up_no_attempt_may_be_waited_for_for_ever() -> None:
    busy = NotNow("ratelimited", seconds=30, counts=False)

    assert pause(POLICY, busy, attempts=POLICY.attempts) == timedelta(seconds=30)


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("refused", [Refused("invalid_auth"), Gone("user_not_found")])
def test_what_is_refused_for_good_is_not_tried_again(step: Step, refused: Exception) -> None:
    assert pause(POLICIES[step], refused, attempts=1) is None
    assert pause(POLICIES[step], Unknown("x"), attempts=1) is not None


def test_each_kind_of_step_has_a_policy_and_no_try_outlasts_its_lease() -> None:
    assert set(POLICIES) == set(Step)
    assert all(policy.seconds < LEASE.total_seconds() - 10 for policy in POLICIES.values())


def test_a_letter_outlasts_a_greylisting_server() -> None:
    """RFC 6647 recommends to be refused for minutes, up to a day."""
    shortest = sum(
        (
            pause(LETTER, NotNow("451"), attempts=n) or timedelta()
            for n in range(1, LETTER.attempts)
        ),
        start=timedelta(),
    )

    assert shortest > timedelta(minutes=15)
