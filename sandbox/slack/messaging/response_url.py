"""Posts to a response_url: a new message, or a change of the original message."""

from sandbox.slack.entities.channels import Channel
from sandbox.slack.entities.messages import Post
from sandbox.slack.messaging import posting
from sandbox.slack.messaging.message_draft import parse_draft
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.expiring_urls import ResponseUrl
from sandbox.slack.state.workspace_state import WorkspaceState


def handle_response_url_post(state: WorkspaceState, path: str, body: Json) -> None:
    """Post, change or delete a message by response URL, up to five times in 30 minutes.

    Raises:
        SlackError: expired_url, used_url, no_such_url, channel_not_found, no_text and
            the errors of `parse_draft`.
    """
    url = state.response_urls.use(path)
    channel = state.channels.find(url.channel)
    if channel is None:
        raise SlackError("channel_not_found")
    source = _find_source_post(state, url)
    if _is_true(body.get("delete_original")):
        if source:
            posting.delete_message(state, channel, source)
        return
    draft = parse_draft(body)
    if draft.is_empty:
        raise SlackError("no_text")
    if source and _replaces_original(body):
        posting.update_message(state, channel, source, draft)
    else:
        post_response(state, channel, body, user_id=url.user)


def post_response(state: WorkspaceState, channel: Channel, body: Json, *, user_id: str) -> Post:
    """Post a new message, ephemeral unless `response_type` is in_channel."""
    draft = parse_draft(body)
    thread_ts = body.get("thread_ts")
    if body.get("response_type") == "in_channel":
        return posting.post_message(state, channel, draft, thread_ts=thread_ts)
    return posting.post_ephemeral(state, channel, draft, user_id=user_id, thread_ts=thread_ts)


def _find_source_post(state: WorkspaceState, url: ResponseUrl) -> Post | None:
    """Find the message that was clicked; a command has none (bolt-python#1268)."""
    if url.message_ts is None:
        return None
    if url.is_ephemeral:
        return state.messages.find_ephemeral(url.channel, url.message_ts, url.user)
    return state.messages.find(url.channel, url.message_ts)


def _replaces_original(body: Json) -> bool:
    """Slack replaces the message unless the body asks for something else (slack-go#428)."""
    if "replace_original" in body:
        return _is_true(body["replace_original"])
    return "response_type" not in body


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() == "true"
