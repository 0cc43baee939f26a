"""Opens, fills and replaces modals; if Slack does not, the person reads why.

A trigger works once and expires after three seconds:
https://docs.slack.dev/interactivity/handling-user-interaction
"""

from collections.abc import Awaitable

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from bot.payload import Payload
from bot.ui.views import notice_view
from models.errors import ExternalServiceError, OutcomeUnknown, RetryLater, UserFacingError
from models.messages.block_kit import View
from models.messages.slack_client import SlackClient

_NOT_UPDATED_TEXT = "Slack does not answer. Close this page and try again in a minute."
_RETRY_SECONDS = 60


async def open_view(slack: SlackClient, body: Payload, view: View) -> str:
    """Open a modal with the request's trigger, and return the modal's id.

    Raises:
        UserFacingError: Slack did not open it.
    """
    try:
        return await slack.open_view(body["trigger_id"], view)
    except ExternalServiceError as error:
        raise _not_opened(view) from error


async def push_view(slack: SlackClient, body: Payload, view: View) -> str:
    """Open a modal on top of the one that the person clicked in, and return the modal's id.

    Raises:
        UserFacingError: Slack did not open it.
    """
    try:
        return await slack.push_view(body["trigger_id"], view)
    except ExternalServiceError as error:
        raise _not_opened(view) from error


async def update_view(slack: SlackClient, body: Payload, view: View) -> None:
    """Replace the modal that the person clicked in.

    Raises:
        UserFacingError: Slack did not replace it.
    """
    try:
        await slack.update_view(body["view"]["id"], view)
    except ExternalServiceError as error:
        raise UserFacingError(_NOT_UPDATED_TEXT) from error


async def redraw_view(slack: SlackClient, body: Payload, view: View) -> None:
    """Replace the modal that the person clicked in, in the background.

    If Slack does not replace it, the reason opens on top of it.
    """
    try:
        await update_view(slack, body, view)
    except UserFacingError as error:
        await push_view(slack, body, notice_view(str(error)))


async def fill_view(
    slack: SlackClient, view_id: str, content: Awaitable[View], *, title: str
) -> None:
    """Replace a page by its content, or by the reason why there is none, in the background.

    The trigger is used, so nothing can open on top of the page. While Slack does not answer, the
    update is repeated.
    """
    try:
        view = await content
    except UserFacingError as error:
        view = notice_view(str(error), title=title)
    except ExternalServiceError:
        view = notice_view(_NOT_UPDATED_TEXT, title=title)
    await _update_until_answered(slack, view_id, view)


@retry(
    retry=retry_if_exception_type((RetryLater, OutcomeUnknown)),
    wait=wait_exponential(multiplier=0.5, max=5),
    stop=stop_after_delay(_RETRY_SECONDS),
    reraise=True,
)
async def _update_until_answered(slack: SlackClient, view_id: str, view: View) -> None:
    await slack.update_view(view_id, view)


def _not_opened(view: View) -> UserFacingError:
    noun = "form" if "submit" in view else "page"
    return UserFacingError(f"Slack did not open the {noun}. Please try again.")
