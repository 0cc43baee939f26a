"""Messages as the workspace stores them, and as the Web API and events show them."""

import bisect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.slack.primitives.json_types import Json


@dataclass(slots=True, eq=False, weakref_slot=True)
class Post:
    """One message; `ephemeral_user_id` keeps it out of the channel's history."""

    channel: str
    ts: str
    user: str
    team: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    bot_profile: Json | None = None
    client_msg_id: str | None = None
    edited: Json | None = None
    ephemeral_user_id: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)

    @property
    def version(self) -> tuple[object, int]:
        """A value that changes whenever the message looks different."""
        return self.edited and self.edited["ts"], sum(map(len, self.reactions.values()))

    @property
    def is_reply(self) -> bool:
        return self.thread_ts not in (None, self.ts)


class MessageStore:
    """All messages of all conversations, and the ephemeral messages."""

    def __init__(self) -> None:
        self._posts: defaultdict[str, dict[str, Post]] = defaultdict(dict)
        self._order: defaultdict[str, list[str]] = defaultdict(list)
        self._ephemeral_posts: list[Post] = []

    def add(self, post: Post) -> Post:
        if post.ephemeral_user_id:
            self._ephemeral_posts.append(post)
        else:
            self._posts[post.channel][post.ts] = post
            bisect.insort(self._order[post.channel], post.ts)
        return post

    def find(self, channel: str, ts: str) -> Post | None:
        return self._posts[channel].get(ts)

    def find_ephemeral(self, channel: str, ts: str, user: str) -> Post | None:
        for post in self._ephemeral_posts:
            if (post.channel, post.ts, post.ephemeral_user_id) == (channel, ts, user):
                return post
        return None

    def remove(self, post: Post) -> None:
        if post.ephemeral_user_id:
            self._ephemeral_posts.remove(post)
        else:
            del self._posts[post.channel][post.ts]
            self._order[post.channel].remove(post.ts)

    def channel_posts(self, channel: str) -> list[Post]:
        """Return a channel's messages, oldest first, including thread replies."""
        return [self._posts[channel][ts] for ts in self._order[channel]]

    def thread_replies(self, channel: str, thread_ts: str) -> list[Post]:
        return [p for p in self.channel_posts(channel) if p.is_reply and p.thread_ts == thread_ts]

    def ephemeral_posts_to(self, user: str) -> list[Post]:
        return [post for post in self._ephemeral_posts if post.ephemeral_user_id == user]

    def __iter__(self) -> Iterator[Post]:
        for channel in list(self._order):
            yield from self.channel_posts(channel)

    def clear(self) -> None:
        self._posts.clear()
        self._order.clear()
        self._ephemeral_posts.clear()


def message_object(post: Post, *, with_all_metadata: bool = False) -> Json:
    """Return a message as history and payloads show it."""
    message: Json = {"type": "message", "text": post.text, "user": post.user, "ts": post.ts}
    message["team"] = post.team
    if post.bot_profile:
        message |= {
            "bot_id": post.bot_profile["id"],
            "app_id": post.bot_profile["app_id"],
            "bot_profile": post.bot_profile,
        }
    if post.files:
        message |= {"subtype": "file_share", "upload": False, "display_as_bot": False}
    for key in ("client_msg_id", "blocks", "attachments", "files", "thread_ts", "edited"):
        if value := getattr(post, key):
            message[key] = value
    if post.metadata:
        event_type_only = {"event_type": post.metadata["event_type"]}
        message["metadata"] = post.metadata if with_all_metadata else event_type_only
    if post.reactions:
        message["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)}
            for name, users in post.reactions.items()
        ]
    return message


def thread_summary(post: Post, replies: list[Post]) -> Json:
    """Return the fields by which a thread's first message describes its replies."""
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": post.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "reply_users": users,
        "is_locked": False,
        "subscribed": False,
    }
