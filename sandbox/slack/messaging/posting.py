"""Putting messages on the board, changing them and taking them off; the app hears of each."""

from sandbox.slack.delivery import event_payloads
from sandbox.slack.entities.channels import Channel
from sandbox.slack.entities.messages import Post
from sandbox.slack.messaging.message_draft import MessageDraft
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.workspace_state import WorkspaceState


def post_message(
    state: WorkspaceState, channel: Channel, draft: MessageDraft, *, thread_ts: str | None = None
) -> Post:
    """A message of the app's, for everybody in the conversation."""
    new = _build_post(state, channel, draft, thread_ts)
    channel.is_open = True
    state.messages.add(new)
    state.emit(event_payloads.message_posted(channel, new))
    state.notify_change()
    return new


def post_ephemeral(
    state: WorkspaceState,
    channel: Channel,
    draft: MessageDraft,
    *,
    user_id: str,
    thread_ts: str | None = None,
) -> Post:
    """A message that only one person sees, and that is in no history."""
    new = _build_post(state, channel, draft, thread_ts)
    new.ephemeral_user_id = user_id
    state.messages.add(new)
    state.notify_change()
    return new


def update_message(
    state: WorkspaceState, channel: Channel, post: Post, draft: MessageDraft
) -> None:
    """Change a message. Text without blocks takes the blocks away, as chat.update does."""
    before = event_payloads.event_message(post)
    post.text = draft.text if draft.text is not None else post.text
    if draft.blocks is not None or draft.text is not None:
        post.blocks = draft.blocks or []
    if draft.attachments is not None:
        post.attachments = draft.attachments
    if draft.metadata is not None:
        post.metadata = draft.metadata or None
    post.edited = {"user": state.app.bot_user_id, "ts": state.new_ts()}
    if not post.ephemeral_user_id:
        state.emit(event_payloads.message_changed(state, channel, post, before=before))
    state.notify_change()


def delete_message(state: WorkspaceState, channel: Channel, post: Post) -> None:
    state.messages.remove(post)
    if not post.ephemeral_user_id:
        state.emit(event_payloads.message_deleted(state, channel, post))
    state.notify_change()


def post_as_person(state: WorkspaceState, channel: Channel, post: Post) -> list[Json]:
    """A person's own message; returns the events the app is to hear of."""
    state.messages.add(post)
    state.notify_change()
    events = [event_payloads.message_posted(channel, post)]
    if f"<@{state.app.bot_user_id}>" in post.text:
        events.append(event_payloads.app_mentioned(channel, post))
    return events


def _build_post(
    state: WorkspaceState, channel: Channel, draft: MessageDraft, thread_ts: str | None
) -> Post:
    new = state.new_app_post(channel.id, draft.text or "")
    new.blocks = draft.blocks or []
    new.attachments = draft.attachments or []
    new.metadata = draft.metadata or None
    new.thread_ts = thread_ts
    return new
