"""What an acknowledgement means, and which ones Slack cannot make sense of."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.slack.blockkit import check_message, check_view
from sandbox.slack.delivery.delivery import Ack
from sandbox.slack.primitives.json_types import Json, get_path
from sandbox.slack.state.views import View

# The words under a modal when the submission went wrong (bolt-js#554).
CONNECTION_TROUBLE_TEXT = "We had some trouble connecting. Try again?"


class MalformedAck(Exception):
    """An answer that Slack shows as an error; the message is for the reader of a failing test."""


@dataclass(frozen=True, slots=True)
class CloseView:
    """The modal is done with."""


@dataclass(frozen=True, slots=True)
class ClearViews:
    """The whole stack is done with."""


@dataclass(frozen=True, slots=True)
class ShowErrors:
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class UpdateView:
    spec: Json


@dataclass(frozen=True, slots=True)
class PushView:
    spec: Json


ResponseAction = CloseView | ClearViews | ShowErrors | UpdateView | PushView


def parse_submission_ack(ack: Ack, view: View) -> ResponseAction:
    """What to do with the modal. Raises MalformedAck for everything Slack would not understand."""
    body = ack.body
    if body in (None, {}) and not ack.is_malformed:
        return CloseView()
    if ack.is_malformed or not isinstance(body, dict):
        raise MalformedAck(f"A submission is answered by nothing or by JSON, not by {body!r}.")
    match body.get("response_action"):
        case "clear":
            return ClearViews()
        case "errors":
            return ShowErrors(_validate_errors(body.get("errors"), view))
        case "update":
            return UpdateView(_validate_spec(body.get("view")))
        case "push":
            return PushView(_validate_spec(body.get("view")))
        case other:
            raise MalformedAck(f"There is no response_action {other!r}.")


def _validate_errors(errors: object, view: View) -> Mapping[str, str]:
    if not isinstance(errors, dict) or not errors:
        raise MalformedAck("response_action errors needs errors.")
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if strangers := [key for key in errors if key not in inputs]:
        raise MalformedAck(f"Errors are keyed by the block_id of an input, not by {strangers}.")
    if not all(isinstance(text, str) and text for text in errors.values()):
        raise MalformedAck("An error is a text.")
    return errors


def _validate_spec(spec: object) -> Json:
    if not isinstance(spec, dict):
        raise MalformedAck("response_action update and push need a view.")
    if problems := check_view(spec):
        raise MalformedAck("; ".join(str(problem) for problem in problems))
    return spec


def parse_command_ack(ack: Ack) -> Json | None:
    """The message in the answer to a slash command, if there is one."""
    if ack.is_malformed:
        raise MalformedAck(f"This is not JSON: {ack.body!r}.")
    if ack.body in (None, {}, ""):
        return None
    if isinstance(ack.body, str):
        return {"text": ack.body}
    if not isinstance(ack.body, dict):
        raise MalformedAck("A command is answered by text or by a JSON object.")
    blocks = ack.body.get("blocks")
    if blocks and (problems := check_message(blocks)):
        raise MalformedAck("; ".join(str(problem) for problem in problems))
    said = ack.body.get("text") or ack.body.get("blocks") or ack.body.get("attachments")
    return ack.body if said else None


def parse_options_ack(ack: Ack) -> list[Json]:
    """The options for an external select. They are held to the rules of any other menu."""
    body = ack.body
    if not isinstance(body, dict) or not ({"options", "option_groups"} & set(body)):
        raise MalformedAck("A menu is answered by options or option_groups.")
    options = body.get("options")
    if options == [] or body.get("option_groups") == []:
        return []
    menu = {"type": "static_select", "action_id": "menu"}
    menu |= {key: body[key] for key in ("options", "option_groups") if key in body}
    if problems := check_message([{"type": "actions", "elements": [menu]}]):
        raise MalformedAck("; ".join(str(problem) for problem in problems))
    grouped = [
        o for group in body.get("option_groups", ()) for o in get_path(group, "options") or ()
    ]
    return [*(options or ()), *grouped]
