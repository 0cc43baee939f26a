"""views.*: opening, pushing and changing modals, and publishing the Home tab."""

from sandbox.slack.blockkit import MAX_VIEW_BYTES, check_view
from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError, invalid_arguments
from sandbox.slack.primitives.json_types import Json, to_json
from sandbox.slack.state.rate_limits import Tier
from sandbox.slack.state.views import View

_TRIGGER_ERRORS = "expired_trigger_id exchanged_trigger_id invalid_trigger_id "
_VIEW_ERRORS = "duplicate_external_id view_too_large "


def _get_view_spec(call: MethodCall, *types: str) -> Json:
    spec = call.json_object("view")
    if len(to_json(spec).encode()) > MAX_VIEW_BYTES:
        raise SlackError("view_too_large")
    if spec.get("type") not in types:
        raise invalid_arguments([f"must be one of: {', '.join(types)} [json-pointer:/view/type]"])
    if problems := check_view(spec):
        raise invalid_arguments(problems)
    return spec


def _view_response(call: MethodCall, view: View) -> Json:
    call.state.notify_change()
    return {"ok": True, "view": call.state.view_object(view)}


def _use_trigger(call: MethodCall) -> str:
    if not call.text("trigger_id"):
        raise invalid_arguments(["missing required field: trigger_id"])
    return call.state.triggers.use(call.text("trigger_id")).user


def open_view(call: MethodCall) -> Json:
    spec = _get_view_spec(call, "modal")
    user = _use_trigger(call)
    member = call.state.people.find(user)
    team = member.team_id if member else call.state.team_id
    return _view_response(call, call.state.views.open(spec, owner=user, team=team))


def push(call: MethodCall) -> Json:
    spec = _get_view_spec(call, "modal")
    return _view_response(call, call.state.views.push(spec, owner=_use_trigger(call)))


def update(call: MethodCall) -> Json:
    if not (call.text("view_id") or call.text("external_id")):
        raise invalid_arguments(["missing required field: view_id"])
    spec = _get_view_spec(call, "modal", "home")
    views = call.state.views
    view = views.get_view(view_id=call.text("view_id"), external_id=call.text("external_id"))
    return _view_response(call, views.update(view, spec, expected_hash=call.text("hash")))


def publish(call: MethodCall) -> Json:
    if not call.state.manifest.home_tab:
        raise SlackError("not_enabled")
    spec = _get_view_spec(call, "home")
    member = call.state.people.find(call.text("user_id"))
    if member is None:
        raise invalid_arguments(["user_not_found [json-pointer:/user_id]"])
    view = call.state.views.publish(
        spec, owner=member.id, team=member.team_id, expected_hash=call.text("hash")
    )
    return _view_response(call, view)


METHODS = (
    Method(
        name="views.open",
        run=open_view,
        tier=Tier.FOUR,
        required_arguments=("view",),
        errors=to_error_names(_TRIGGER_ERRORS + _VIEW_ERRORS),
    ),
    Method(
        name="views.push",
        run=push,
        tier=Tier.FOUR,
        required_arguments=("view",),
        errors=to_error_names(_TRIGGER_ERRORS + _VIEW_ERRORS + "push_limit_reached not_found"),
    ),
    Method(
        name="views.update",
        run=update,
        tier=Tier.FOUR,
        required_arguments=("view",),
        errors=to_error_names(_VIEW_ERRORS + "hash_conflict not_found"),
    ),
    Method(
        name="views.publish",
        run=publish,
        tier=Tier.FOUR,
        required_arguments=("user_id", "view"),
        errors=to_error_names(_VIEW_ERRORS + "hash_conflict not_enabled"),
    ),
)
