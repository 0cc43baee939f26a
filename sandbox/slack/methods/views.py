"""views.*: opening, pushing and changing modals, publishing the Home tab."""

from sandbox.slack.blockkit import VIEW_BYTES, check_view
from sandbox.slack.errors import SlackError, invalid_arguments
from sandbox.slack.methods.call import Call, Method, names
from sandbox.slack.rates import Tier
from sandbox.slack.shapes import Json, to_json
from sandbox.slack.views import View

_TRIGGER_ERRORS = "expired_trigger_id exchanged_trigger_id invalid_trigger_id "
_VIEW_ERRORS = "duplicate_external_id view_too_large "


def _spec(call: Call, *types: str) -> Json:
    spec = call.json_object("view")
    if len(to_json(spec).encode()) > VIEW_BYTES:
        raise SlackError("view_too_large")
    if spec.get("type") not in types:
        raise invalid_arguments([f"must be one of: {', '.join(types)} [json-pointer:/view/type]"])
    if problems := check_view(spec):
        raise invalid_arguments(problems)
    return spec


def _answer(call: Call, view: View) -> Json:
    call.state.changed()
    return {"ok": True, "view": call.state.shown(view)}


def _trigger_user(call: Call) -> str:
    if not call.text("trigger_id"):
        raise invalid_arguments(["missing required field: trigger_id"])
    return call.state.triggers.spend(call.text("trigger_id")).user


def open_view(call: Call) -> Json:
    spec = _spec(call, "modal")
    user = _trigger_user(call)
    member = call.state.people.get(user)
    team = member.team_id if member else call.state.team_id
    return _answer(call, call.state.views.open(spec, owner=user, team=team))


def push(call: Call) -> Json:
    spec = _spec(call, "modal")
    return _answer(call, call.state.views.push(spec, owner=_trigger_user(call)))


def update(call: Call) -> Json:
    if not (call.text("view_id") or call.text("external_id")):
        raise invalid_arguments(["missing required field: view_id"])
    spec = _spec(call, "modal", "home")
    views = call.state.views
    view = views.find(view_id=call.text("view_id"), external_id=call.text("external_id"))
    return _answer(call, views.update(view, spec, expected_hash=call.text("hash")))


def publish(call: Call) -> Json:
    if not call.state.manifest.home_tab:
        raise SlackError("not_enabled")
    spec = _spec(call, "home")
    member = call.state.people.get(call.text("user_id"))
    if member is None:
        raise invalid_arguments(["user_not_found [json-pointer:/user_id]"])
    view = call.state.views.publish(
        spec, owner=member.id, team=member.team_id, expected_hash=call.text("hash")
    )
    return _answer(call, view)


METHODS = (
    Method(
        name="views.open",
        run=open_view,
        tier=Tier.FOUR,
        required=("view",),
        errors=names(_TRIGGER_ERRORS + _VIEW_ERRORS),
    ),
    Method(
        name="views.push",
        run=push,
        tier=Tier.FOUR,
        required=("view",),
        errors=names(_TRIGGER_ERRORS + _VIEW_ERRORS + "push_limit_reached not_found"),
    ),
    Method(
        name="views.update",
        run=update,
        tier=Tier.FOUR,
        required=("view",),
        errors=names(_VIEW_ERRORS + "hash_conflict not_found"),
    ),
    Method(
        name="views.publish",
        run=publish,
        tier=Tier.FOUR,
        required=("user_id", "view"),
        errors=names(_VIEW_ERRORS + "hash_conflict not_enabled"),
    ),
)
