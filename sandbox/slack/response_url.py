"""What an app posts to a response_url: a new message, or a change of the one it came from."""

from sandbox.slack import posting
from sandbox.slack.channels import Channel
from sandbox.slack.drafts import read_draft
from sandbox.slack.errors import SlackError
from sandbox.slack.messages import Post
from sandbox.slack.shapes import Json
from sandbox.slack.state import State
from sandbox.slack.windows import ResponseUrl


def answer(state: State, path: str, body: Json) -> None:
    """Raises expired_url and used_url; good five times within half an hour."""
    url = state.response_urls.use(path)
    channel = state.channels.get(url.channel)
    if channel is None:
        raise SlackError("channel_not_found")
    source = _source(state, url)
    if _yes(body.get("delete_original")):
        if source:
            posting.delete(state, channel, source)
        return
    draft = read_draft(body)
    if draft.says_nothing:
        raise SlackError("no_text")
    if source and _replaces(body):
        posting.redraw(state, channel, source, draft)
    else:
        say(state, channel, body, to=url.user)


def say(state: State, channel: Channel, body: Json, *, to: str) -> Post:
    """A new message as `response_type` wants it; ephemeral unless it says in_channel."""
    draft = read_draft(body)
    thread_ts = body.get("thread_ts")
    if body.get("response_type") == "in_channel":
        return posting.post(state, channel, draft, thread_ts=thread_ts)
    return posting.whisper(state, channel, draft, to=to, thread_ts=thread_ts)


def _source(state: State, url: ResponseUrl) -> Post | None:
    """The message a click came from. A command came from none (bolt-python#1268)."""
    if url.message_ts is None:
        return None
    if url.ephemeral:
        return state.board.find_whisper(url.channel, url.message_ts, url.user)
    return state.board.find(url.channel, url.message_ts)


def _replaces(body: Json) -> bool:
    """The message is replaced unless something else was asked for (slack-go#428)."""
    if "replace_original" in body:
        return _yes(body["replace_original"])
    return "response_type" not in body


def _yes(value: object) -> bool:
    return value is True or str(value).lower() == "true"
