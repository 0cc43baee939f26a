"""Acknowledgements: their meaning for Slack, and the malformed ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.slack.blockkit import check_message, check_view
from sandbox.slack.delivery.delivery import Ack
from sandbox.slack.primitives.json_types import Json, get_path
from sandbox.slack.state.views import View

# Slack shows this text under a modal when the submission failed (bolt-js#554).
CONNECTION_TROUBLE_TEXT = "We had some trouble connecting. Try again?"


class MalformedAck(Exception):
    """An answer that Slack shows as an error; the message explains it in a failed test."""


@dataclass(frozen=True, slots=True)
class CloseView:
    """Close the modal."""


@dataclass(frozen=True, slots=True)
class ClearViews:
    """Close all modals of the stack."""


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
    """Return the change to the modal that the app asks for.

    Raises:
        MalformedAck: Slack would not understand the answer.
    """
    body = ack.body
    if body in (None, {}) and not ack.is_malformed:
        return CloseView()
    if ack.is_malformed or not isinstance(body, dict):
        raise MalformedAck(f"The answer to a submission is empty or JSON, not {body!r}.")
    match body.get("response_action"):
        case "clear":
            return ClearViews()
        case "errors":
            return ShowErrors(_validate_errors(body.get("errors"), view))
        case "update":
            return UpdateView(_validate_spec(body.get("view")))
        case "push":
            return PushView(_validate_spec(body.get("view")))
        case unknown:
            raise MalformedAck(f"There is no response_action {unknown!r}.")


def _validate_errors(errors: object, view: View) -> Mapping[str, str]:
    if not isinstance(errors, dict) or not errors:
        raise MalformedAck("response_action errors needs errors.")
    input_ids = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if unknown_keys := [key for key in errors if key not in input_ids]:
        raise MalformedAck(f"Errors are keyed by the block_id of an input, not by {unknown_keys}.")
    if not all(isinstance(text, str) and text for text in errors.values()):
        raise MalformedAck("An error must be a text.")
    return errors


def _validate_spec(spec: object) -> Json:
    if not isinstance(spec, dict):
        raise MalformedAck("response_action update and push need a view.")
    if problems := check_view(spec):
        raise MalformedAck("; ".join(str(problem) for problem in problems))
    return spec


def parse_command_ack(ack: Ack) -> Json | None:
    """Return the message in the answer to a slash command, if there is one."""
    if ack.is_malformed:
        raise MalformedAck(f"The answer to a command is not valid JSON: {ack.body!r}.")
    if ack.body in (None, {}, ""):
        return None
    if isinstance(ack.body, str):
        return {"text": ack.body}
    if not isinstance(ack.body, dict):
        raise MalformedAck("The answer to a command must be text or a JSON object.")
    blocks = ack.body.get("blocks")
    if blocks and (problems := check_message(blocks)):
        raise MalformedAck("; ".join(str(problem) for problem in problems))
    has_content = any(ack.body.get(key) for key in ("text", "blocks", "attachments"))
    return ack.body if has_content else None


def parse_options_ack(ack: Ack) -> list[Json]:
    """Return the options for an external select, checked by the rules of a static menu."""
    body = ack.body
    if not isinstance(body, dict) or not ({"options", "option_groups"} & set(body)):
        raise MalformedAck("The answer to a menu must have options or option_groups.")
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
