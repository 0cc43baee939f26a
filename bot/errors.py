"""What the person is told when a listener raises: the only error handler.

Slack takes no answer but 200 over Socket Mode, so a refusal too is an answer with 200:
in a form under its field with the text kept, for a command as a whisper, elsewhere through the
response URL (https://docs.slack.dev/interactivity/handling-user-interaction).
"""

import json
import logging
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot.background import BackgroundTasks
from bot.identity import Body
from bot.ui.notice_view import notice_view
from models.errors import DatabaseUnavailable, ExternalServiceError, InvalidInput, UserFacingError
from models.infra.logs import format_traceback
from models.ticket_service import TicketService

log = logging.getLogger(__name__)
UNKNOWN_REQUEST_TEXT = (
    "This is from an older version of the desk, or not from it at all, and does nothing now."
)

Respond = Callable[..., Awaitable[object]]


async def answer_error(
    error: Exception, body: Body, context: dict[str, Any], respond: Respond
) -> BoltResponse:
    """Answer Slack so that the person learns, where they are, what happened and what to do."""
    sentence = _error_text(error)
    if body.get("type") == "event_callback":
        return _event_response(error)
    if body.get("type") == "view_submission":
        return _form_response(error, sentence, body["view"])
    if "command" in body:
        return _json_response({"response_type": "ephemeral", "text": sentence})
    background: BackgroundTasks | None = context.get("background")
    if background and "trigger_id" in body:
        service: TicketService = context["service"]
        if body.get("response_url"):
            background.start(_send_ephemeral(respond, sentence))
        elif body.get("view"):
            background.start(service.slack.push_view(body["trigger_id"], notice_view(sentence)))
        else:
            background.start(service.slack.open_view(body["trigger_id"], notice_view(sentence)))
    return BoltResponse(status=200, body="")


def _event_response(error: Exception) -> BoltResponse:
    """Nobody waits to read it; what was not stored is not taken, so that Slack sends it again."""
    taken = isinstance(error, BoltUnhandledRequestError)
    return BoltResponse(status=200 if taken else 503, body="")


def _error_text(error: Exception) -> str:
    """What the person reads; a bug is logged once, under the number they are given."""
    if isinstance(error, BoltUnhandledRequestError):
        return UNKNOWN_REQUEST_TEXT
    if isinstance(error, DatabaseUnavailable):
        log.warning("the database did not answer: %r", error.__cause__)
    if isinstance(error, UserFacingError):
        return str(error)
    if isinstance(error, ExternalServiceError):
        log.warning("Slack did not answer: %s", error)
        return "Slack does not answer the desk just now. Please try again in a minute."
    number = secrets.token_hex(3)
    log.error("error %s: %s", number, format_traceback(error))
    return (
        f"Something went wrong on our side (error {number}). Please try again; "
        "if it happens again, tell an admin this number."
    )


def _form_response(error: Exception, text: str, view: dict[str, Any]) -> BoltResponse:
    """The sentence under the field at fault, or the first one; the form stays, text and all."""
    if isinstance(error, InvalidInput):
        return _json_response({"response_action": "errors", "errors": error.fields})
    inputs = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    if not inputs:
        return _json_response({"response_action": "update", "view": notice_view(text)})
    return _json_response({"response_action": "errors", "errors": {inputs[0]: text}})


async def _send_ephemeral(respond: Respond, text: str) -> None:
    await respond(text=text, response_type="ephemeral", replace_original=False)


def _json_response(payload: dict[str, Any]) -> BoltResponse:
    return BoltResponse(
        status=200, body=json.dumps(payload), headers={"content-type": ["application/json"]}
    )
