"""How each kind of step is tried: how long a try may take, how often, and with what pauses.

What counts as refused for good is said where the outside is known: Slack's `invalid_auth` in
`models.slack`, a 550 in `jobs.smtp`. What the outside asks us to wait for (Slack's `ratelimited`:
`NotNow` with `counts=False`) uses up no attempt.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from models.errors import NotNow, Refused
from models.step import LEASE, Step

# All of a try is over well before its lease, so that nobody else starts while it is at work.
LONGEST_TRY = LEASE - timedelta(seconds=10)
# For so long a worker that is at a ticket takes what follows, too; then it rings for it.
GOES_ON = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Policy:
    """How one kind of step is tried.

    Attributes:
        attempts: failed tries after which the step is dead.
        first: the pause after the first failed try; each further one is twice as long.
        longest: the longest pause.
        seconds: how long one try may take.
        permanent: what ends it at the first try.
    """

    attempts: int
    first: timedelta
    longest: timedelta
    seconds: float = 18
    permanent: type[Exception] = Refused


_QUICK = Policy(attempts=12, first=timedelta(seconds=2), longest=timedelta(minutes=5))
# Who greylists wants a sender to come back after minutes, and for hours: RFC 6647, section 5.
_LETTER = Policy(attempts=12, first=timedelta(seconds=2), longest=timedelta(hours=1))
# Whoever runs the receiver may be asleep.
_WEBHOOK = Policy(attempts=12, first=timedelta(seconds=5), longest=timedelta(hours=2))
# An outage may take a day; the longer it takes already, the less often is it asked.
_OUTAGE = Policy(attempts=100, first=timedelta(seconds=30), longest=timedelta(minutes=15))

POLICIES: Mapping[Step, Policy] = {
    Step.TRIAGE: _QUICK,
    Step.ASSIGN: _QUICK,
    Step.DM_REQUESTER: _QUICK,
    Step.DM_ASSIGNEE: _QUICK,
    Step.EMAIL_ASSIGNEE: _LETTER,
    Step.ASK_REQUESTER: _QUICK,
    Step.DM_WATCHERS: _QUICK,
    Step.REFRESH_CARDS: _QUICK,
    Step.TELL_ADMINS: _QUICK,
    Step.DELIVER_WEBHOOKS: _WEBHOOK,
    Step.LEARN: _QUICK,
    Step.TRIAGE_AGAIN: _OUTAGE,
    Step.ANSWER_ALL: _QUICK,
}


def pause(policy: Policy, error: Exception, *, attempts: int) -> timedelta | None:
    """How long to wait after a failed try; None: there is no other.

    Args:
        attempts: how many tries have failed, this one included if it counts.
    """
    if isinstance(error, policy.permanent):
        return None
    patient = isinstance(error, NotNow) and not error.counts
    if attempts >= policy.attempts and not patient:
        return None
    if isinstance(error, NotNow) and error.seconds:
        return timedelta(seconds=error.seconds)
    doubled: timedelta = policy.first * 2 ** min(attempts - 1, 30)
    # Jitter is no secret.
    return min(doubled, policy.longest) * random.uniform(0.5, 1.0)  # noqa: S311
