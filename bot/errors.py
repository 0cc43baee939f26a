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

from bot.acting import Body
from bot.background import Background
from bot.views.sentence import sentence_view
from models.desk import Desk
from models.errors import DeskError, InvalidDraft, OutsideError, Unavailable
from models.logs import trace

log = logging.getLogger(__name__)
UNKNOWN = "This is from an older version of the desk, or not from it at all, and does nothing now."

Respond = Callable[..., Awaitable[object]]


async def answer_error(
    error: Exception, body: Body, context: dict[str, Any], respond: Respond
) -> BoltResponse:
    """Answer Slack so that the person learns, where they are, what happened and what to do."""
    sentence = _sentence(error)
    if body.get("type") == "event_callback":
        return _for_event(error)
    if body.get("type") == "view_submission":
        return _in_form(error, sentence, body["view"])
    if "command" in body:
        return _json({"response_type": "ephemeral", "text": sentence})
    background: Background | None = context.get("background")
    if background and "trigger_id" in body:
        desk: Desk = context["desk"]
        if body.get("response_url"):
            background.start(_whisper(respond, sentence))
        elif body.get("view"):
            background.start(desk.slack.push_view(body["trigger_id"], sentence_view(sentence)))
        else:
            background.start(desk.slack.open_view(body["trigger_id"], sentence_view(sentence)))
    return BoltResponse(status=200, body="")


def _for_event(error: Exception) -> BoltResponse:
    """Nobody waits to read it; what was not stored is not taken, so that Slack sends it again."""
    taken = isinstance(error, BoltUnhandledRequestError)
    return BoltResponse(status=200 if taken else 503, body="")


def _sentence(error: Exception) -> str:
    """What the person reads; a bug is logged once, under the number they are given."""
    if isinstance(error, BoltUnhandledRequestError):
        return UNKNOWN
    if isinstance(error, Unavailable):
        log.warning("the database did not answer: %r", error.__cause__)
    if isinstance(error, DeskError):
        return str(error)
    if isinstance(error, OutsideError):
        log.warning("Slack did not answer: %s", error)
        return "Slack does not answer the desk just now. Please try again in a minute."
    number = secrets.token_hex(3)
    log.error("error %s: %s", number, trace(error))
    return (
        f"Something went wrong on our side (error {number}). Please try again; "
        "if it happens again, tell an admin this number."
    )


def _in_form(error: Exception, sentence: str, view: dict[str, Any]) -> BoltResponse:
    """The sentence under the field at fault, or the first one; the form stays, text and all."""
    if isinstance(error, InvalidDraft):
        return _json({"response_action": "errors", "errors": error.fields})
    inputs = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    if not inputs:
        return _json({"response_action": "update", "view": sentence_view(sentence)})
    return _json({"response_action": "errors", "errors": {inputs[0]: sentence}})


async def _whisper(respond: Respond, sentence: str) -> None:
    await respond(text=sentence, response_type="ephemeral", replace_original=False)


def _json(answer: dict[str, Any]) -> BoltResponse:
    return BoltResponse(
        status=200, body=json.dumps(answer), headers={"content-type": ["application/json"]}
    )
