"""users.*: people and their conversations."""

from sandbox.slack.entities.channels import channel_object
from sandbox.slack.entities.people import Member, user_object
from sandbox.slack.methods.call import Method, MethodCall, conversation_scopes, to_error_names
from sandbox.slack.methods.conversations import requested_kinds
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier


def _user_object(call: MethodCall, member: Member) -> Json:
    # Slack shows e-mail addresses only to apps with users:read.email.
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
    users = [_user_object(call, member) for member in call.state.people.own_members()]
    page, metadata = call.page(users, limit_error="invalid_arguments")
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
    channels = [
        channel_object(channel, viewer_id=bot)
        for channel in call.state.channels
        if channel.kind in kinds
        and user in channel.members
        and (not channel.is_private or bot in channel.members)
        and not (channel.is_archived and call.flag("exclude_archived"))
    ]
    for channel in channels:
        # conversations.list returns `is_member`; this method does not.
        channel.pop("is_member", None)
    page, metadata = call.page(channels)
    return {"ok": True, "channels": page, "response_metadata": metadata}


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
)
