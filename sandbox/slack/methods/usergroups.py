"""usergroups.*: user groups and their members."""

from sandbox.slack.entities.usergroups import usergroup_object
from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier


def list_usergroups(call: MethodCall) -> Json:
    _require_paid_plan(call)
    usergroups = [
        usergroup_object(
            group, with_users=call.flag("include_users"), with_count=call.flag("include_count")
        )
        for group in call.state.usergroups
        if not group.is_disabled or call.flag("include_disabled")
    ]
    return {"ok": True, "usergroups": usergroups}


def list_usergroup_users(call: MethodCall) -> Json:
    _require_paid_plan(call)
    group = call.state.usergroups.find(call.text("usergroup"))
    if group is None or (group.is_disabled and not call.flag("include_disabled")):
        raise SlackError("no_such_subteam")
    return {"ok": True, "users": list(group.users)}


def _require_paid_plan(call: MethodCall) -> None:
    if not call.state.usergroups.has_paid_plan:
        raise SlackError("plan_upgrade_required")


METHODS = (
    Method(
        name="usergroups.list",
        run=list_usergroups,
        tier=Tier.TWO,
        scopes=("usergroups:read",),
        errors=to_error_names("plan_upgrade_required"),
    ),
    Method(
        name="usergroups.users.list",
        run=list_usergroup_users,
        tier=Tier.TWO,
        required_arguments=("usergroup",),
        scopes=("usergroups:read",),
        errors=to_error_names("plan_upgrade_required no_such_subteam"),
    ),
)
