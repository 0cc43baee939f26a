"""blocks.validate: the problems of blocks, of a message or of a view."""

from collections.abc import Sequence

from sandbox.slack.blockkit import Problem, check_message, check_view
from sandbox.slack.messaging.message_draft import parse_json_value
from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier

_EXACTLY_ONE_TEXT = "must provide exactly one of `blocks`, `view`, or `message`"


def validate(call: MethodCall) -> Json:
    names = [name for name in ("blocks", "view", "message") if call.args.get(name)]
    if len(names) != 1:
        raise SlackError("invalid_arguments", response_metadata={"messages": [_EXACTLY_ONE_TEXT]})
    name = names[0]
    value = parse_json_value(call.args[name], error="invalid_arguments")
    if problems := _find_problems(name, value):
        raise SlackError(f"invalid_{name}", errors=list(map(_problem_object, problems)))
    return {"ok": True}


def _find_problems(name: str, value: object) -> Sequence[Problem]:
    if name == "view":
        return check_view(value)
    if name == "message":
        return check_message(value.get("blocks") if isinstance(value, dict) else value)
    return check_message(value)


def _problem_object(problem: Problem) -> Json:
    return {
        "code": "failed_constraint",
        "message": problem.message,
        "pointer": problem.pointer.removeprefix("/blocks").removeprefix("/view"),
        "constraint": {},
    }


METHODS = (
    Method(
        name="blocks.validate",
        run=validate,
        tier=Tier.THREE,
        token_kind=None,
        errors=to_error_names("invalid_blocks invalid_view invalid_message"),
    ),
)
