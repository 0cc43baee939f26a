"""The errors that callers may catch; the class says who can act on the error.

UserFacingError          a request of a person fails; the message is the text they read
├── InvalidInput         a form has wrong values: one sentence for each field
├── NotAllowed           the person's role or part in the ticket does not allow the action
│   └── ProfilePending   Slack has not sent the person's profile yet, so the role is not known
├── Conflict             the ticket has changed since the person saw it (stale version)
│   └── NewerDocument    a newer release of Frontdesk has written the document
├── NoSuchTicket         the ticket does not exist, or the person may not see it
│   └── CorruptDocument  the ticket exists, but its document is damaged
├── DamagedDocument      a document that the request needs cannot be read; an operator repairs it
├── InvalidToken         the API token is unknown, expired or revoked
└── DatabaseUnavailable  MongoDB or Redis does not answer: the change may be stored, or not

ExternalServiceError     a call to Slack, Gemini, the mail server or a webhook failed
├── PermanentFailure     another attempt would fail, too
│   └── TargetGone       the person or the message does not exist any more
├── RetryLater           nothing was done; the service wants a later attempt
└── OutcomeUnknown       the call may have worked: look before the next attempt
"""

from collections.abc import Mapping
from typing import ClassVar

_NO_SUCH_TICKET_TEXT = (
    "There is no such ticket, or you cannot see it. Check the ticket number. If you lost a role by "
    "mistake, ask an admin."
)


class UserFacingError(Exception):
    """A request of a person fails; the message is the text they read (mrkdwn)."""


class InvalidInput(UserFacingError):
    """A form has wrong values.

    Attributes:
        fields: one sentence for each wrong field, by the field's block id.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = dict(fields)


class NotAllowed(UserFacingError):
    """The person's role, or their part in the ticket, does not allow the action."""


class ProfilePending(NotAllowed):
    """Slack has not sent the person's profile yet, so their role is not known."""


class Conflict(UserFacingError):
    """The ticket has changed since the person saw it."""


class NewerDocument(Conflict):
    """A newer release of Frontdesk has written the document; only that release may change it."""

    def __init__(self) -> None:
        super().__init__("Frontdesk is being updated. Press again in a minute.")


class NoSuchTicket(UserFacingError):
    """The ticket does not exist, or the person may not see it."""

    def __init__(self, message: str = _NO_SUCH_TICKET_TEXT) -> None:
        super().__init__(message)


class CorruptDocument(NoSuchTicket):
    """The ticket's document is damaged; an operator has to repair it."""


class DamagedDocument(UserFacingError):
    """A document that the request needs cannot be read; an operator has to repair it."""


class InvalidToken(UserFacingError):
    """The API token is unknown, expired or revoked; callers do not learn which."""

    def __init__(self) -> None:
        super().__init__("This token is not valid. Get a new one in Slack with `/ticket token`.")


class DatabaseUnavailable(UserFacingError):
    """MongoDB or Redis did not answer in time; the change may be stored, or not."""


class ExternalServiceError(Exception):
    """A call to Slack, Gemini, the mail server or a webhook failed; for admins and logs.

    Attributes:
        metric_label: the value of the metric label `outcome`; it stays when the class is renamed.
    """

    metric_label: ClassVar[str] = "OutsideError"


class PermanentFailure(ExternalServiceError):
    """The service refused the call; another attempt would fail, too."""

    metric_label = "Refused"


class TargetGone(PermanentFailure):
    """The person or the message that the call names does not exist any more."""

    metric_label = "Gone"


class RetryLater(ExternalServiceError):
    """Nothing was done; a later attempt may succeed.

    Attributes:
        retry_after_seconds: the wait that the service asked for.
        uses_attempt: whether this uses one of the step's attempts (a rate limit does not).
    """

    metric_label = "NotNow"

    def __init__(
        self, message: str, *, retry_after_seconds: float = 0, uses_attempt: bool = True
    ) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.uses_attempt = uses_attempt


class OutcomeUnknown(ExternalServiceError):
    """The call may have worked: look whether it did before the next attempt."""

    metric_label = "Unknown"
