"""chat.*: posting messages and ephemeral messages, changing and deleting them."""

from sandbox.slack.entities.channels import Channel, ChannelKind
from sandbox.slack.entities.messages import Post, message_object
from sandbox.slack.messaging import posting
from sandbox.slack.messaging.message_draft import (
    MAX_UPDATE_TEXT_CHARACTERS,
    MessageDraft,
    parse_draft,
)
from sandbox.slack.methods.call import Method, MethodCall, to_error_names
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.rate_limits import Tier

_DRAFT_ERRORS = "invalid_blocks invalid_blocks_format invalid_attachments no_text "
_METADATA_ERRORS = "invalid_metadata_format invalid_metadata_schema metadata_too_large "
_CHANNEL_ERRORS = "channel_not_found not_in_channel is_archived messages_tab_disabled "


def _get_target_channel(call: MethodCall) -> Channel:
    """Return the target conversation: by its id or name, or by a person's id."""
    state, target = call.state, call.text("channel")
    if state.people.find(target):
        channel = _get_direct_channel(call, target)
    else:
        named_channel = state.channels.find(target) or state.channels.find_by_name(target)
        if named_channel is None:
            raise SlackError("channel_not_found")
        channel = named_channel
    _require_membership(call, channel)
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.kind is ChannelKind.IM and not state.manifest.messages_tab:
        raise SlackError("messages_tab_disabled")
    return channel


def _get_direct_channel(call: MethodCall, user: str) -> Channel:
    member = call.state.people.find(user)
    if member is None or member.deleted or member.team_id != call.state.team_id:
        raise SlackError("channel_not_found")
    return call.state.direct_channel(user)


def _require_membership(call: MethodCall, channel: Channel) -> None:
    if call.state.app.bot_user_id in channel.members:
        return
    if channel.is_private:
        raise SlackError("channel_not_found")
    if "chat:write.public" not in call.state.manifest.bot_scopes:
        raise SlackError("not_in_channel")


def _get_draft(call: MethodCall) -> MessageDraft:
    draft = parse_draft(call.args)
    if draft.is_empty:
        raise SlackError("no_text")
    return draft


def _with_warnings(answer: Json, draft: MessageDraft) -> Json:
    if not draft.warnings:
        return answer
    return answer | {
        "warning": ",".join(draft.warnings),
        "response_metadata": {"warnings": draft.warnings},
    }


def _thread_ts(call: MethodCall, channel: Channel) -> str | None:
    thread_ts = call.text("thread_ts") or None
    if thread_ts:
        parent = call.state.messages.find(channel.id, thread_ts)
        # Slack adds a reply to a reply to the same thread.
        return parent.thread_ts or parent.ts if parent else thread_ts
    return None


def post_message(call: MethodCall) -> Json:
    channel = _get_target_channel(call)
    draft = _get_draft(call)
    call.state.rate_limiter.count_message(channel.id)
    post = posting.post_message(call.state, channel, draft, thread_ts=_thread_ts(call, channel))
    message = message_object(post, with_all_metadata=True)
    answer = {"ok": True, "channel": channel.id, "ts": post.ts, "message": message}
    return _with_warnings(answer, draft)


def post_ephemeral(call: MethodCall) -> Json:
    channel, user = _get_target_channel(call), call.text("user")
    draft = _get_draft(call)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    post = posting.post_ephemeral(
        call.state, channel, draft, user_id=user, thread_ts=_thread_ts(call, channel)
    )
    return _with_warnings({"ok": True, "message_ts": post.ts}, draft)


def _get_own_post(call: MethodCall, channel: Channel, *, error: str) -> Post:
    post = call.state.messages.find(channel.id, call.text("ts"))
    if post is None:
        raise SlackError("message_not_found")
    if post.user != call.state.app.bot_user_id:
        raise SlackError(error)
    return post


def update(call: MethodCall) -> Json:
    channel = call.channel()
    draft = _get_draft(call)
    # limits.md, row 38: the limit of an update is lower than that of a new message.
    if len(draft.text or "") > MAX_UPDATE_TEXT_CHARACTERS:
        raise SlackError("msg_too_long")
    post = _get_own_post(call, channel, error="cant_update_message")
    posting.update_message(call.state, channel, post, draft)
    message = message_object(post, with_all_metadata=True)
    del message["ts"]
    answer = {
        "ok": True,
        "channel": channel.id,
        "ts": post.ts,
        "text": post.text,
        "message": message,
    }
    return _with_warnings(answer, draft)


def delete(call: MethodCall) -> Json:
    channel = call.channel()
    post = _get_own_post(call, channel, error="cant_delete_message")
    posting.delete_message(call.state, channel, post)
    return {"ok": True, "channel": channel.id, "ts": post.ts}


def get_permalink(call: MethodCall) -> Json:
    channel, ts = call.channel(), call.text("message_ts")
    post = call.state.messages.find(channel.id, ts)
    if post is None:
        raise SlackError("message_not_found")
    link = (
        f"https://{call.state.team_domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    )
    if post.is_reply:
        link += f"?thread_ts={post.thread_ts}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


METHODS = (
    Method(
        name="chat.postMessage",
        run=post_message,
        tier=Tier.SPECIAL,
        required_arguments=("channel",),
        scopes=("chat:write",),
        errors=to_error_names(
            _DRAFT_ERRORS
            + _METADATA_ERRORS
            + _CHANNEL_ERRORS
            + "msg_blocks_too_long too_many_attachments"
        ),
    ),
    Method(
        name="chat.postEphemeral",
        run=post_ephemeral,
        tier=Tier.FOUR,
        required_arguments=("user", "channel"),
        scopes=("chat:write",),
        errors=to_error_names(
            _DRAFT_ERRORS
            + _METADATA_ERRORS
            + _CHANNEL_ERRORS
            + "msg_blocks_too_long too_many_attachments user_not_in_channel"
        ),
    ),
    Method(
        name="chat.update",
        run=update,
        tier=Tier.THREE,
        required_arguments=("ts", "channel"),
        scopes=("chat:write",),
        errors=to_error_names(
            _DRAFT_ERRORS
            + _METADATA_ERRORS
            + "channel_not_found message_not_found cant_update_message msg_too_long "
            "msg_blocks_too_long too_many_attachments"
        ),
    ),
    Method(
        name="chat.delete",
        run=delete,
        tier=Tier.THREE,
        required_arguments=("ts", "channel"),
        scopes=("chat:write",),
        errors=to_error_names("channel_not_found message_not_found cant_delete_message"),
    ),
    Method(
        name="chat.getPermalink",
        run=get_permalink,
        tier=Tier.SPECIAL,
        required_arguments=("channel", "message_ts"),
        errors=to_error_names("channel_not_found message_not_found"),
    ),
)
