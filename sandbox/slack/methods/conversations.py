"""conversations.*: finding, opening, joining and reading conversations."""

import re

from sandbox.slack import happenings
from sandbox.slack.channels import Channel, Kind, channel_object
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post, message_object, thread_summary
from sandbox.slack.methods.call import Call, Method, names, scopes_for
from sandbox.slack.rates import Tier
from sandbox.slack.shapes import Json

# limits.md, row 40.
MOST_PEOPLE = 8
_OPENERS = {Kind.IM: "im:write", Kind.MPIM: "mpim:write"}
_TS = re.compile(r"\d+(\.\d+)?")


def open_conversation(call: Call) -> Json:
    channel = _existing(call) if call.text("channel") else _with_people(call)
    call.need_scope(_OPENERS[channel.kind])
    was_open, channel.open = channel.open, True
    call.state.changed()
    if not call.flag("return_im"):
        shown: Json = {"id": channel.id}
    else:
        shown = channel_object(channel, seen_by=call.state.app.bot_user_id)
    already = {"no_op": True, "already_open": True} if was_open else {}
    return {"ok": True, **already, "channel": shown}


def _existing(call: Call) -> Channel:
    channel = call.channel()
    if channel.kind not in _OPENERS:
        raise SlackError("method_not_supported_for_channel_type")
    return channel


def _with_people(call: Call) -> Channel:
    users = [user.strip() for user in call.text("users").split(",") if user.strip()]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > MOST_PEOPLE:
        raise SlackError("too_many_users")
    for user in users:
        _refuse_unreachable(call, user)
    bot = call.state.app.bot_user_id
    return call.state.channels.direct(bot, *users, created=call.state.now())


def _refuse_unreachable(call: Call, user: str) -> None:
    member = call.state.people.get(user)
    if member is None:
        raise SlackError("user_not_found")
    if member.deleted:
        raise SlackError("user_disabled")
    if member.team_id != call.state.team_id:
        raise SlackError("user_not_visible")
    if member.bot:
        raise SlackError("cannot_dm_bot")


def info(call: Call) -> Json:
    channel = call.channel(action="read")
    shown = channel_object(channel, seen_by=call.state.app.bot_user_id)
    if call.flag("include_num_members"):
        shown["num_members"] = len(channel.members)
    if call.flag("include_locale"):
        shown["locale"] = "en-US"
    return {"ok": True, "channel": shown}


def kinds_asked_for(call: Call) -> list[Kind]:
    """The `types` argument; each kind takes its own scope."""
    listed = {kind.listed_as: kind for kind in Kind}
    wanted = (call.text("types") or "public_channel").split(",")
    if any(word.strip() not in listed for word in wanted):
        raise SlackError("invalid_types")
    kinds = [listed[word.strip()] for word in wanted]
    for kind in kinds:
        call.need_scope(f"{kind.scope_area}:read")
    return kinds


def list_conversations(call: Call) -> Json:
    kinds, bot = kinds_asked_for(call), call.state.app.bot_user_id
    seen = [
        channel_object(channel, seen_by=bot)
        for channel in call.state.channels
        if channel.kind in kinds
        and (not channel.private or bot in channel.members)
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    page, metadata = call.page(seen)
    return {"ok": True, "channels": page, "response_metadata": metadata}


def members(call: Call) -> Json:
    channel = call.channel(action="read")
    page, metadata = call.page(list(channel.members))
    return {"ok": True, "members": page, "response_metadata": metadata}


def history(call: Call) -> Json:
    channel = _readable(call)
    posts = [p for p in call.state.board.in_channel(channel.id) if not p.is_reply]
    posts = [p for p in reversed(posts) if _within(call, p)]
    page, metadata = call.page(posts, limit_error="invalid_arguments")
    return {
        "ok": True,
        "messages": [_shown(call, post) for post in page],
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
        "response_metadata": metadata,
    }


def replies(call: Call) -> Json:
    channel = _readable(call)
    first = call.state.board.find(channel.id, call.text("ts"))
    if first is None:
        raise SlackError("thread_not_found")
    thread = [first, *call.state.board.replies(channel.id, first.thread_ts or first.ts)]
    thread = [p for p in dict.fromkeys(thread) if p is first or _within(call, p)]
    page, metadata = call.page(thread, limit_error="invalid_arguments")
    return {
        "ok": True,
        "messages": [_shown(call, post) for post in page],
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def _readable(call: Call) -> Channel:
    channel = call.channel(action="history")
    if call.state.app.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _within(call: Call, post: Post) -> bool:
    oldest, latest = _moment(call, "oldest", "0"), _moment(call, "latest", "99999999999")
    if call.flag("inclusive"):
        return oldest <= float(post.ts) <= latest
    return oldest < float(post.ts) < latest


def _moment(call: Call, name: str, default: str) -> float:
    raw = call.text(name) or default
    if not _TS.fullmatch(raw):
        raise SlackError(f"invalid_ts_{name}")
    return float(raw)


def _shown(call: Call, post: Post) -> Json:
    thread = call.state.board.replies(post.channel, post.ts)
    shown = message_object(post, all_metadata=call.flag("include_all_metadata"))
    return shown | thread_summary(post, thread)


def join(call: Call) -> Json:
    channel, bot = call.channel(), call.state.app.bot_user_id
    if channel.kind is not Kind.CHANNEL:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    already = bot in channel.members
    if not already:
        channel.members.append(bot)
        call.state.emit(happenings.member_joined(call.state, channel, bot, inviter=None))
        call.state.changed()
    answer: Json = {"ok": True, "channel": channel_object(channel, seen_by=bot)}
    if already:
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
        errors=names(
            "channel_not_found method_not_supported_for_channel_type too_many_users "
            "user_disabled user_not_found user_not_visible users_list_not_supplied cannot_dm_bot"
        ),
    ),
    Method(
        name="conversations.info",
        run=info,
        tier=Tier.THREE,
        required=("channel",),
        scopes=scopes_for("read"),
        errors=names("channel_not_found"),
    ),
    Method(
        name="conversations.list",
        run=list_conversations,
        tier=Tier.TWO,
        scopes=scopes_for("read"),
        errors=names("invalid_cursor invalid_limit invalid_types"),
    ),
    Method(
        name="conversations.members",
        run=members,
        tier=Tier.FOUR,
        required=("channel",),
        scopes=scopes_for("read"),
        errors=names("channel_not_found invalid_cursor invalid_limit"),
    ),
    Method(
        name="conversations.history",
        run=history,
        tier=Tier.THREE,
        required=("channel",),
        scopes=scopes_for("history"),
        errors=names(_HISTORY_ERRORS),
    ),
    Method(
        name="conversations.replies",
        run=replies,
        tier=Tier.THREE,
        required=("channel", "ts"),
        scopes=scopes_for("history"),
        errors=names(_HISTORY_ERRORS + "thread_not_found"),
    ),
    Method(
        name="conversations.join",
        run=join,
        tier=Tier.THREE,
        required=("channel",),
        scopes=("channels:join",),
        errors=names("channel_not_found is_archived method_not_supported_for_channel_type"),
    ),
)
