"""What can go wrong, as the person or the job that must act on it needs to hear it.

DeskError                what a person asked for cannot be; the message is what they will read
├── InvalidDraft         a field of a form is not right: one sentence for each field
├── NotAllowed           their role, or their part in the ticket, does not allow it
│   └── NotYetKnown      it may, once Slack has said who they are
├── OutOfTurn            the ticket has moved on since they looked
├── NoSuchTicket         there is no such ticket
│   └── Unreadable       there is, but its document is damaged
├── NoSuchToken          a token is none of ours, or does not count any more
└── Unavailable          our own database does not answer: what was asked may be stored, or not

OutsideError             a call to the outside (Slack, the mail server) did not end well
├── Refused              for good: another try would end the same
│   └── Gone             the person or the message it was about is not there any more
├── NotNow               it asked us to come back later; nothing was done
└── Unknown              it may or may not have been done: look it up before doing it again
"""

from collections.abc import Mapping
from typing import ClassVar


class UserFacingError(Exception):
    """What a person asked for cannot be; the message is the sentence they will read (mrkdwn)."""


class InvalidInput(UserFacingError):
    """A form holds values the desk can't take.

    Attributes:
        fields: one sentence for each field at fault, by the field's block id.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = dict(fields)


class NotAllowed(UserFacingError):
    """The person's role, or their part in the ticket, does not allow the move."""


class ProfilePending(NotAllowed):
    """Slack has not said yet who the person is."""


class Conflict(UserFacingError):
    """The ticket has moved on since the person looked at it."""


class NoSuchTicket(UserFacingError):
    """There is no such ticket."""

    def __init__(self, message: str = "There is no such ticket any more.") -> None:
        super().__init__(message)


class CorruptDocument(NoSuchTicket):
    """The ticket's document is damaged; somebody has to look at it."""


class InvalidToken(UserFacingError):
    """The token is none of ours, has expired, or was revoked: nobody is told which."""

    def __init__(self) -> None:
        super().__init__("This token is not valid. Get a new one in Slack with `/ticket token`.")


class DatabaseUnavailable(UserFacingError):
    """The database did not answer in time; what was asked of it may be stored, or not."""


class ExternalServiceError(Exception):
    """A call to Slack, Gemini, the mail server or a webhook failed; for admins and logs.

    Attributes:
        metric_label: the published value of the metric label `outcome`; it outlives renames.
    """

    metric_label: ClassVar[str] = "OutsideError"


class PermanentFailure(ExternalServiceError):
    """Refused for good: another try would end the same."""

    metric_label = "Refused"


class TargetGone(PermanentFailure):
    """The person or the message it was about is not there any more."""

    metric_label = "Gone"


class RetryLater(ExternalServiceError):
    """Nothing was done; it may be tried again later.

    Attributes:
        seconds: how long to wait first, as the other side asked.
        counts: whether this uses up one of the step's attempts (a rate limit does not).
    """

    metric_label = "NotNow"

    def __init__(
        self, message: str, *, retry_after_seconds: float = 0, uses_attempt: bool = True
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.uses_attempt = uses_attempt


class OutcomeUnknown(ExternalServiceError):
    """It may or may not have been done: look it up before doing it again."""

    metric_label = "Unknown"
