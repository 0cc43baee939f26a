"""Putting messages on the board, changing them and taking them off; the app hears of each."""

from sandbox.slack import happenings
from sandbox.slack.channels import Channel
from sandbox.slack.drafts import Draft
from sandbox.slack.messages import Post
from sandbox.slack.shapes import Json
from sandbox.slack.state import State


def post(state: State, channel: Channel, draft: Draft, *, thread_ts: str | None = None) -> Post:
    """A message of the app's, for everybody in the conversation."""
    new = _drawn(state, channel, draft, thread_ts)
    channel.open = True
    state.board.add(new)
    state.emit(happenings.message_posted(channel, new))
    state.changed()
    return new


def whisper(
    state: State, channel: Channel, draft: Draft, *, to: str, thread_ts: str | None = None
) -> Post:
    """A message that only one person sees, and that is in no history."""
    new = _drawn(state, channel, draft, thread_ts)
    new.seen_only_by = to
    state.board.add(new)
    state.changed()
    return new


def redraw(state: State, channel: Channel, old: Post, draft: Draft) -> None:
    """Change a message. Text without blocks takes the blocks away, as chat.update does."""
    before = happenings.told(old)
    old.text = draft.text if draft.text is not None else old.text
    if draft.blocks is not None or draft.text is not None:
        old.blocks = draft.blocks or []
    if draft.attachments is not None:
        old.attachments = draft.attachments
    if draft.metadata is not None:
        old.metadata = draft.metadata or None
    old.edited = {"user": state.app.bot_user_id, "ts": state.new_ts()}
    if not old.seen_only_by:
        state.emit(happenings.message_changed(state, channel, old, before=before))
    state.changed()


def delete(state: State, channel: Channel, old: Post) -> None:
    state.board.remove(old)
    if not old.seen_only_by:
        state.emit(happenings.message_deleted(state, channel, old))
    state.changed()


def post_by(state: State, channel: Channel, new: Post) -> list[Json]:
    """A person's own message; returns the events the app is to hear of."""
    state.board.add(new)
    state.changed()
    events = [happenings.message_posted(channel, new)]
    if f"<@{state.app.bot_user_id}>" in new.text:
        events.append(happenings.app_mentioned(channel, new))
    return events


def _drawn(state: State, channel: Channel, draft: Draft, thread_ts: str | None) -> Post:
    new = state.own_post(channel.id, draft.text or "")
    new.blocks = draft.blocks or []
    new.attachments = draft.attachments or []
    new.metadata = draft.metadata or None
    new.thread_ts = thread_ts
    return new
