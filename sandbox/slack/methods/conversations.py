"""conversations.*: finding, opening, joining and reading conversations."""

import re

from sandbox.slack.delivery import event_payloads
from sandbox.slack.entities.channels import Channel, ChannelKind, channel_object
from sandbox.slack.entities.messages import Post, message_object, thread_summary
from sandbox.slack.methods.call import Method, MethodCall, conversation_scopes, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier

# limits.md, row 40.
MAX_DIRECT_MESSAGE_USERS = 8
_SCOPES_TO_OPEN = {ChannelKind.IM: "im:write", ChannelKind.MPIM: "mpim:write"}
_TS = re.compile(r"\d+(\.\d+)?")


def open_conversation(call: MethodCall) -> Json:
    channel = _get_direct_channel(call) if call.text("channel") else _open_with_users(call)
    call.require_scope(_SCOPES_TO_OPEN[channel.kind])
    was_open, channel.is_open = channel.is_open, True
    call.state.notify_change()
    if not call.flag("return_im"):
        conversation: Json = {"id": channel.id}
    else:
        conversation = channel_object(channel, viewer_id=call.state.app.bot_user_id)
    open_fields = {"no_op": True, "already_open": True} if was_open else {}
    return {"ok": True, **open_fields, "channel": conversation}


def _get_direct_channel(call: MethodCall) -> Channel:
    channel = call.channel()
    if channel.kind not in _SCOPES_TO_OPEN:
        raise SlackError("method_not_supported_for_channel_type")
    return channel


def _open_with_users(call: MethodCall) -> Channel:
    users = [user.strip() for user in call.text("users").split(",") if user.strip()]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > MAX_DIRECT_MESSAGE_USERS:
        raise SlackError("too_many_users")
    for user in users:
        _require_reachable(call, user)
    bot = call.state.app.bot_user_id
    return call.state.channels.open_direct(bot, *users, created=call.state.now())


def _require_reachable(call: MethodCall, user: str) -> None:
    member = call.state.people.find(user)
    if member is None:
        raise SlackError("user_not_found")
    if member.deleted:
        raise SlackError("user_disabled")
    if member.team_id != call.state.team_id:
        raise SlackError("user_not_visible")
    if member.bot:
        raise SlackError("cannot_dm_bot")


def info(call: MethodCall) -> Json:
    channel = call.channel(action="read")
    conversation = channel_object(channel, viewer_id=call.state.app.bot_user_id)
    if call.flag("include_num_members"):
        conversation["num_members"] = len(channel.members)
    if call.flag("include_locale"):
        conversation["locale"] = "en-US"
    return {"ok": True, "channel": conversation}


def requested_kinds(call: MethodCall) -> list[ChannelKind]:
    """Return the kinds in the `types` argument; each kind requires its own scope."""
    kinds_by_type = {kind.list_type: kind for kind in ChannelKind}
    types = [name.strip() for name in (call.text("types") or "public_channel").split(",")]
    if any(name not in kinds_by_type for name in types):
        raise SlackError("invalid_types")
    kinds = [kinds_by_type[name] for name in types]
    for kind in kinds:
        call.require_scope(f"{kind.scope_prefix}:read")
    return kinds


def list_conversations(call: MethodCall) -> Json:
    kinds, bot = requested_kinds(call), call.state.app.bot_user_id
    channels = [
        channel_object(channel, viewer_id=bot)
        for channel in call.state.channels
        if channel.kind in kinds
        and (not channel.is_private or bot in channel.members)
        and not (channel.is_archived and call.flag("exclude_archived"))
    ]
    page, metadata = call.page(channels)
    return {"ok": True, "channels": page, "response_metadata": metadata}


def members(call: MethodCall) -> Json:
    channel = call.channel(action="read")
    page, metadata = call.page(list(channel.members))
    return {"ok": True, "members": page, "response_metadata": metadata}


def history(call: MethodCall) -> Json:
    channel = _get_readable_channel(call)
    posts = [p for p in call.state.messages.channel_posts(channel.id) if not p.is_reply]
    posts = [p for p in reversed(posts) if _is_in_time_range(call, p)]
    page, metadata = call.page(posts, limit_error="invalid_arguments")
    return {
        "ok": True,
        "messages": [_message_with_thread(call, post) for post in page],
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
        "response_metadata": metadata,
    }


def replies(call: MethodCall) -> Json:
    channel = _get_readable_channel(call)
    start = call.state.messages.find(channel.id, call.text("ts"))
    if start is None:
        raise SlackError("thread_not_found")
    thread = [start, *call.state.messages.thread_replies(channel.id, start.thread_ts or start.ts)]
    thread = [p for p in dict.fromkeys(thread) if p is start or _is_in_time_range(call, p)]
    page, metadata = call.page(thread, limit_error="invalid_arguments")
    return {
        "ok": True,
        "messages": [_message_with_thread(call, post) for post in page],
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def _get_readable_channel(call: MethodCall) -> Channel:
    channel = call.channel(action="history")
    if call.state.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _is_in_time_range(call: MethodCall, post: Post) -> bool:
    oldest, latest = (
        _timestamp_argument(call, "oldest", "0"),
        _timestamp_argument(call, "latest", "99999999999"),
    )
    if call.flag("inclusive"):
        return oldest <= float(post.ts) <= latest
    return oldest < float(post.ts) < latest


def _timestamp_argument(call: MethodCall, name: str, default: str) -> float:
    raw = call.text(name) or default
    if not _TS.fullmatch(raw):
        raise SlackError(f"invalid_ts_{name}")
    return float(raw)


def _message_with_thread(call: MethodCall, post: Post) -> Json:
    thread = call.state.messages.thread_replies(post.channel, post.ts)
    message = message_object(post, with_all_metadata=call.flag("include_all_metadata"))
    return message | thread_summary(post, thread)


def join(call: MethodCall) -> Json:
    channel, bot = call.channel(), call.state.app.bot_user_id
    if channel.kind is not ChannelKind.CHANNEL:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    was_member = bot in channel.members
    if not was_member:
        channel.members.append(bot)
        call.state.emit(event_payloads.member_joined(call.state, channel, bot, inviter=None))
        call.state.notify_change()
    answer: Json = {"ok": True, "channel": channel_object(channel, viewer_id=bot)}
    if was_member:
        warnings = ["already_in_channel"]
        answer |= {"warning": warnings[0], "response_metadata": {"warnings": warnings}}
    return answer


_HISTORY_ERRORS = "channel_not_found not_in_channel invalid_cursor invalid_ts_latest "
_HISTORY_ERRORS += "invalid_ts_oldest "

METHODS = (
    Method(
        name="conversations.open",
        run=open_conversation,
        tier=Tier.THREE,
        scopes=("channels:manage", "groups:write", "im:write", "mpim:write"),
        errors=to_error_names(
            "channel_not_found method_not_supported_for_channel_type too_many_users "
            "user_disabled user_not_found user_not_visible users_list_not_supplied cannot_dm_bot"
        ),
    ),
    Method(
        name="conversations.info",
        run=info,
        tier=Tier.THREE,
        required_arguments=("channel",),
        scopes=conversation_scopes("read"),
        errors=to_error_names("channel_not_found"),
    ),
    Method(
        name="conversations.list",
        run=list_conversations,
        tier=Tier.TWO,
        scopes=conversation_scopes("read"),
        errors=to_error_names("invalid_cursor invalid_limit invalid_types"),
    ),
    Method(
        name="conversations.members",
        run=members,
        tier=Tier.FOUR,
        required_arguments=("channel",),
        scopes=conversation_scopes("read"),
        errors=to_error_names("channel_not_found invalid_cursor invalid_limit"),
    ),
    Method(
        name="conversations.history",
        run=history,
        tier=Tier.THREE,
        required_arguments=("channel",),
        scopes=conversation_scopes("history"),
        errors=to_error_names(_HISTORY_ERRORS),
    ),
    Method(
        name="conversations.replies",
        run=replies,
        tier=Tier.THREE,
        required_arguments=("channel", "ts"),
        scopes=conversation_scopes("history"),
        errors=to_error_names(_HISTORY_ERRORS + "thread_not_found"),
    ),
    Method(
        name="conversations.join",
        run=join,
        tier=Tier.THREE,
        required_arguments=("channel",),
        scopes=("channels:join",),
        errors=to_error_names(
            "channel_not_found is_archived method_not_supported_for_channel_type"
        ),
    ),
)
