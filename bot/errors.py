"""The only error handler: turns an error of a listener into an answer for the person.

Over Socket Mode Slack accepts no status but 200, so a refusal also has status 200. A form shows it
under a field and keeps its text, and a command shows it as an ephemeral message. Other actions use
the response URL or a view (https://docs.slack.dev/interactivity/handling-user-interaction).
"""

import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping

from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot.background import BackgroundTasks
from bot.payload import Payload
from bot.ui.views import notice_view
from models.errors import DatabaseUnavailable, ExternalServiceError, InvalidInput, UserFacingError
from models.infra.logs import format_traceback
from models.messages.slack_client import SlackClient

log = logging.getLogger(__name__)
UNKNOWN_REQUEST_TEXT = (
    "This button or form is not part of this version of Frontdesk. Nothing was changed. "
    "Type /ticket to start again."
)

Respond = Callable[..., Awaitable[object]]


async def answer_error(
    error: Exception,
    body: Payload,
    respond: Respond,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
) -> BoltResponse:
    """The answer that shows the person, where they are, what happened and what to do."""
    text = _error_text(error)
    if body.get("type") == "event_callback":
        return _event_response(error)
    if body.get("type") == "view_submission":
        return _form_response(error, text, body["view"])
    if "command" in body:
        return _json_response({"response_type": "ephemeral", "text": text})
    if "trigger_id" in body:
        if body.get("response_url"):
            background.start(_send_ephemeral(respond, text))
        elif body.get("view"):
            background.start(slack.push_view(body["trigger_id"], notice_view(text)))
        else:
            background.start(slack.open_view(body["trigger_id"], notice_view(text)))
    return BoltResponse(status=200, body="")


def _event_response(error: Exception) -> BoltResponse:
    """No person waits; an event that was not stored is answered with 503, so Slack resends it."""
    is_ignored = isinstance(error, BoltUnhandledRequestError)
    return BoltResponse(status=200 if is_ignored else 503, body="")


def _error_text(error: Exception) -> str:
    """The text for the person; a bug is logged under the number in the text."""
    if isinstance(error, BoltUnhandledRequestError):
        return UNKNOWN_REQUEST_TEXT
    if isinstance(error, DatabaseUnavailable):
        log.warning("MongoDB does not answer: %r", error.__cause__)
    if isinstance(error, UserFacingError):
        return str(error)
    if isinstance(error, ExternalServiceError):
        log.warning("Slack does not answer: %s", error)
        return "Slack does not answer Frontdesk. A form keeps your input. Try again in a minute."
    number = secrets.token_hex(3)
    log.error("error %s: %s", number, format_traceback(error))
    return (
        f"Something went wrong in Frontdesk (error {number}). A form keeps your input. Try again. "
        "If it happens again, give this number to an admin."
    )


def _form_response(error: Exception, text: str, view: Payload) -> BoltResponse:
    """The text under the field at fault, or under the first one; the form keeps its input."""
    if isinstance(error, InvalidInput):
        return _json_response({"response_action": "errors", "errors": error.fields})
    inputs = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    if not inputs:
        return _json_response({"response_action": "update", "view": notice_view(text)})
    return _json_response({"response_action": "errors", "errors": {inputs[0]: text}})


async def _send_ephemeral(respond: Respond, text: str) -> None:
    await respond(text=text, response_type="ephemeral", replace_original=False)


def _json_response(payload: Mapping[str, object]) -> BoltResponse:
    return BoltResponse(
        status=200, body=json.dumps(payload), headers={"content-type": ["application/json"]}
    )
