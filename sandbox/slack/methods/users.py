"""users.*, usergroups.*, bots.info and team.info: who is here."""

from sandbox.slack.entities.channels import channel_object
from sandbox.slack.entities.people import Member, user_object
from sandbox.slack.entities.usergroups import usergroup_object
from sandbox.slack.methods.call import Method, MethodCall, conversation_scopes, to_error_names
from sandbox.slack.methods.conversations import requested_kinds
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier


def _user_object(call: MethodCall, member: Member) -> Json:
    """E-mail addresses only with users:read.email."""
    return user_object(
        member,
        home_team_id=call.state.team_id,
        with_email="users:read.email" in call.state.manifest.bot_scopes,
        with_locale=call.flag("include_locale"),
    )


def info(call: MethodCall) -> Json:
    member = call.state.people.find(call.text("user"))
    if member is None:
        raise SlackError("user_not_found")
    return {"ok": True, "user": _user_object(call, member)}


def list_users(call: MethodCall) -> Json:
    everybody = [_user_object(call, member) for member in call.state.people.own_members()]
    page, metadata = call.page(everybody, limit_error="invalid_arguments")
    return {
        "ok": True,
        "members": page,
        "cache_ts": call.state.now(),
        "response_metadata": metadata,
    }


def lookup_by_email(call: MethodCall) -> Json:
    member = call.state.people.find_by_email(call.text("email"))
    if member is None:
        raise SlackError("users_not_found")
    return {"ok": True, "user": _user_object(call, member)}


def list_user_conversations(call: MethodCall) -> Json:
    kinds, bot = requested_kinds(call), call.state.app.bot_user_id
    user = call.text("user") or bot
    seen = [
        channel_object(channel, viewer_id=bot)
        for channel in call.state.channels
        if channel.kind in kinds
        and user in channel.members
        and (not channel.is_private or bot in channel.members)
        and not (channel.is_archived and call.flag("exclude_archived"))
    ]
    for one in seen:
        # The one thing conversations.list tells and this method does not.
        one.pop("is_member", None)
    page, metadata = call.page(seen)
    return {"ok": True, "channels": page, "response_metadata": metadata}


def list_usergroups(call: MethodCall) -> Json:
    _require_paid_plan(call)
    shown = [
        usergroup_object(
            group, with_users=call.flag("include_users"), with_count=call.flag("include_count")
        )
        for group in call.state.usergroups
        if not group.is_disabled or call.flag("include_disabled")
    ]
    return {"ok": True, "usergroups": shown}


def list_usergroup_users(call: MethodCall) -> Json:
    _require_paid_plan(call)
    group = call.state.usergroups.find(call.text("usergroup"))
    if group is None or (group.is_disabled and not call.flag("include_disabled")):
        raise SlackError("no_such_subteam")
    return {"ok": True, "users": list(group.users)}


def _require_paid_plan(call: MethodCall) -> None:
    if not call.state.usergroups.has_paid_plan:
        raise SlackError("plan_upgrade_required")


def bot_info(call: MethodCall) -> Json:
    wanted = call.text("bot")
    if wanted and wanted != call.state.app.bot_id:
        raise SlackError("bot_not_found")
    profile = call.state.bot_profile()
    kept = ("id", "deleted", "name", "updated", "app_id", "icons")
    bot = {key: profile[key] for key in kept} | {"user_id": call.state.app.bot_user_id}
    return {"ok": True, "bot": bot}


def team_info(call: MethodCall) -> Json:
    state = call.state
    if call.text("team") not in ("", state.team_id):
        raise SlackError("team_not_found")
    icons: Json = {
        f"image_{size}": f"https://a.slack-edge.com/80588/img/avatars-teams/ava_{size}.png"
        for size in (34, 44, 68, 88, 102, 132, 230)
    }
    domain = state.team_domain
    return {
        "ok": True,
        "team": {
            "id": state.team_id,
            "name": state.team_name,
            "domain": domain,
            "url": f"https://{domain}.slack.com/",
            "email_domain": "",
            "is_verified": False,
            "icon": icons | {"image_default": True},
        },
    }


METHODS = (
    Method(
        name="users.info",
        run=info,
        tier=Tier.FOUR,
        required_arguments=("user",),
        scopes=("users:read",),
        errors=to_error_names("user_not_found"),
    ),
    Method(
        name="users.list",
        run=list_users,
        tier=Tier.TWO,
        scopes=("users:read",),
        errors=to_error_names("invalid_cursor"),
    ),
    Method(
        name="users.lookupByEmail",
        run=lookup_by_email,
        tier=Tier.THREE,
        required_arguments=("email",),
        scopes=("users:read.email",),
        errors=to_error_names("users_not_found"),
    ),
    Method(
        name="users.conversations",
        run=list_user_conversations,
        tier=Tier.THREE,
        scopes=conversation_scopes("read"),
        errors=to_error_names("invalid_cursor invalid_limit invalid_types"),
    ),
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
    Method(
        name="bots.info",
        run=bot_info,
        tier=Tier.THREE,
        scopes=("users:read",),
        errors=to_error_names("bot_not_found"),
    ),
    Method(
        name="team.info",
        run=team_info,
        tier=Tier.THREE,
        scopes=("team:read",),
        errors=to_error_names("team_not_found"),
    ),
)
