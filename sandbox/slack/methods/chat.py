"""chat.*: posting, whispering, changing and deleting messages."""

from sandbox.slack import posting
from sandbox.slack.channels import Channel, Kind
from sandbox.slack.drafts import MOST_TEXT_IN_UPDATE, Draft, read_draft
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post, message_object
from sandbox.slack.methods.call import Call, Method, names
from sandbox.slack.rates import Tier
from sandbox.slack.shapes import Json

_DRAFT_ERRORS = "invalid_blocks invalid_blocks_format invalid_attachments no_text "
_METADATA_ERRORS = "invalid_metadata_format invalid_metadata_schema metadata_too_large "
_PLACE_ERRORS = "channel_not_found not_in_channel is_archived messages_tab_disabled "


def _place(call: Call) -> Channel:
    """Where to post: a channel's id or name, a DM's id, or a person's id."""
    state, target = call.state, call.text("channel")
    if state.people.get(target):
        channel = _direct(call, target)
    else:
        found = state.channels.get(target) or state.channels.named(target)
        if found is None:
            raise SlackError("channel_not_found")
        channel = found
    _refuse_outsider(call, channel)
    if channel.archived:
        raise SlackError("is_archived")
    if channel.kind is Kind.IM and not state.manifest.messages_tab:
        raise SlackError("messages_tab_disabled")
    return channel


def _direct(call: Call, user: str) -> Channel:
    member = call.state.people.get(user)
    unreachable = member is None or member.deleted or member.team_id != call.state.team_id
    if unreachable:
        raise SlackError("channel_not_found")
    return call.state.dm(user)


def _refuse_outsider(call: Call, channel: Channel) -> None:
    if call.state.app.bot_user_id in channel.members:
        return
    if channel.private:
        raise SlackError("channel_not_found")
    if "chat:write.public" not in call.state.manifest.bot_scopes:
        raise SlackError("not_in_channel")


def _draft(call: Call) -> Draft:
    draft = read_draft(call.args)
    if draft.says_nothing:
        raise SlackError("no_text")
    return draft


def _with_warnings(answer: Json, draft: Draft) -> Json:
    if not draft.warnings:
        return answer
    return answer | {
        "warning": ",".join(draft.warnings),
        "response_metadata": {"warnings": draft.warnings},
    }


def _thread(call: Call, channel: Channel) -> str | None:
    thread_ts = call.text("thread_ts") or None
    if thread_ts:
        parent = call.state.board.find(channel.id, thread_ts)
        # A reply to a reply lands in the thread it belongs to.
        return parent.thread_ts or parent.ts if parent else thread_ts
    return None


def post_message(call: Call) -> Json:
    channel = _place(call)
    draft = _draft(call)
    call.state.rates.count_message(channel.id)
    new = posting.post(call.state, channel, draft, thread_ts=_thread(call, channel))
    shown = message_object(new, all_metadata=True)
    answer = {"ok": True, "channel": channel.id, "ts": new.ts, "message": shown}
    return _with_warnings(answer, draft)


def post_ephemeral(call: Call) -> Json:
    channel, user = _place(call), call.text("user")
    draft = _draft(call)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    new = posting.whisper(call.state, channel, draft, to=user, thread_ts=_thread(call, channel))
    return _with_warnings({"ok": True, "message_ts": new.ts}, draft)


def _own(call: Call, channel: Channel, *, refusal: str) -> Post:
    old = call.state.board.find(channel.id, call.text("ts"))
    if old is None:
        raise SlackError("message_not_found")
    if old.user != call.state.app.bot_user_id:
        raise SlackError(refusal)
    return old


def update(call: Call) -> Json:
    channel = call.channel()
    draft = _draft(call)
    # limits.md, row 38: an update takes far less text than a new message.
    if len(draft.text or "") > MOST_TEXT_IN_UPDATE:
        raise SlackError("msg_too_long")
    old = _own(call, channel, refusal="cant_update_message")
    posting.redraw(call.state, channel, old, draft)
    shown = message_object(old, all_metadata=True)
    del shown["ts"]
    answer = {"ok": True, "channel": channel.id, "ts": old.ts, "text": old.text, "message": shown}
    return _with_warnings(answer, draft)


def delete(call: Call) -> Json:
    channel = call.channel()
    old = _own(call, channel, refusal="cant_delete_message")
    posting.delete(call.state, channel, old)
    return {"ok": True, "channel": channel.id, "ts": old.ts}


def get_permalink(call: Call) -> Json:
    channel, ts = call.channel(), call.text("message_ts")
    found = call.state.board.find(channel.id, ts)
    if found is None:
        raise SlackError("message_not_found")
    link = (
        f"https://{call.state.team_domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    )
    if found.is_reply:
        link += f"?thread_ts={found.thread_ts}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


METHODS = (
    Method(
        name="chat.postMessage",
        run=post_message,
        tier=Tier.SPECIAL,
        required=("channel",),
        scopes=("chat:write",),
        errors=names(
            _DRAFT_ERRORS
            + _METADATA_ERRORS
            + _PLACE_ERRORS
            + "msg_blocks_too_long too_many_attachments"
        ),
    ),
    Method(
        name="chat.postEphemeral",
        run=post_ephemeral,
        tier=Tier.FOUR,
        required=("user", "channel"),
        scopes=("chat:write",),
        errors=names(
            _DRAFT_ERRORS
            + _METADATA_ERRORS
            + _PLACE_ERRORS
            + "msg_blocks_too_long too_many_attachments user_not_in_channel"
        ),
    ),
    Method(
        name="chat.update",
        run=update,
        tier=Tier.THREE,
        required=("ts", "channel"),
        scopes=("chat:write",),
        errors=names(
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
        required=("ts", "channel"),
        scopes=("chat:write",),
        errors=names("channel_not_found message_not_found cant_delete_message"),
    ),
    Method(
        name="chat.getPermalink",
        run=get_permalink,
        tier=Tier.SPECIAL,
        required=("channel", "message_ts"),
        errors=names("channel_not_found message_not_found"),
    ),
)
