"""Posting, changing and deleting messages, and the events that each of these sends."""

from sandbox.slack.delivery import event_payloads
from sandbox.slack.entities.channels import Channel
from sandbox.slack.entities.messages import Post
from sandbox.slack.messaging.message_draft import MessageDraft
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.workspace_state import WorkspaceState


def post_message(
    state: WorkspaceState, channel: Channel, draft: MessageDraft, *, thread_ts: str | None = None
) -> Post:
    """Post a message by the app to everybody in the conversation."""
    post = _build_post(state, channel, draft, thread_ts)
    channel.is_open = True
    state.messages.add(post)
    state.emit(event_payloads.message_posted(channel, post))
    state.notify_change()
    return post


def post_ephemeral(
    state: WorkspaceState,
    channel: Channel,
    draft: MessageDraft,
    *,
    user_id: str,
    thread_ts: str | None = None,
) -> Post:
    """Post a message that only one person sees and that no history contains."""
    post = _build_post(state, channel, draft, thread_ts)
    post.ephemeral_user_id = user_id
    state.messages.add(post)
    state.notify_change()
    return post


def update_message(
    state: WorkspaceState, channel: Channel, post: Post, draft: MessageDraft
) -> None:
    """Change a message; text without blocks removes the blocks, as chat.update does."""
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
    """Post a person's message and return the events for the app."""
    state.messages.add(post)
    state.notify_change()
    events = [event_payloads.message_posted(channel, post)]
    if f"<@{state.app.bot_user_id}>" in post.text:
        events.append(event_payloads.app_mentioned(channel, post))
    return events


def _build_post(
    state: WorkspaceState, channel: Channel, draft: MessageDraft, thread_ts: str | None
) -> Post:
    post = state.new_app_post(channel.id, draft.text or "")
    post.blocks = draft.blocks or []
    post.attachments = draft.attachments or []
    post.metadata = draft.metadata or None
    post.thread_ts = thread_ts
    return post
