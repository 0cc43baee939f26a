"""Modals that open while the trigger is valid and get their content in the background.

A trigger works once and expires after three seconds:
https://docs.slack.dev/interactivity/handling-user-interaction
"""

from collections.abc import Awaitable

from bot.ui.notice_view import notice_view
from models.errors import ExternalServiceError, UserFacingError
from models.messages.cards import Block
from models.messages.slack_client import SlackClient

_NOT_OPENED_TEXT = "Slack did not open the page. Please try again."
_NOT_UPDATED_TEXT = "Slack does not answer. Close this page and try again in a minute."


def loading_view(title: str) -> Block:
    """The modal that stands in until the content is ready."""
    return notice_view("One moment …", title=title)


async def open_view(slack: SlackClient, trigger_id: str, view: Block) -> str:
    """Open a modal and return its id.

    Raises:
        UserFacingError: Slack did not open it.
    """
    try:
        return await slack.open_view(trigger_id, view)
    except ExternalServiceError as error:
        raise UserFacingError(_NOT_OPENED_TEXT) from error


async def push_view(slack: SlackClient, trigger_id: str, view: Block) -> str:
    """Open a modal on top of the current one and return its id.

    Raises:
        UserFacingError: Slack did not open it.
    """
    try:
        return await slack.push_view(trigger_id, view)
    except ExternalServiceError as error:
        raise UserFacingError(_NOT_OPENED_TEXT) from error


async def update_view(slack: SlackClient, view_id: str, view: Block) -> None:
    """Replace the content of an open modal.

    Raises:
        UserFacingError: Slack did not replace it.
    """
    try:
        await slack.update_view(view_id, view)
    except ExternalServiceError as error:
        raise UserFacingError(_NOT_UPDATED_TEXT) from error


async def fill_view(
    slack: SlackClient, view_id: str, content: Awaitable[Block], *, title: str
) -> None:
    """Replace the "One moment …" modal by its content, or by the reason why there is none."""
    try:
        view = await content
    except UserFacingError as error:
        view = notice_view(str(error), title=title)
    except ExternalServiceError:
        view = notice_view(_NOT_UPDATED_TEXT, title=title)
    await slack.update_view(view_id, view)
