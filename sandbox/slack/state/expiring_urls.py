"""Triggers and response URLs, which expire after a time or a number of uses."""

from dataclasses import dataclass

from sandbox.slack.primitives.clock import Clock
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.ids import IdGenerator, random_secret

# limits.md, rows 25 and 34.
MAX_TRIGGER_AGE_SECONDS = 3.0
MAX_RESPONSE_URL_AGE_SECONDS = 30 * 60
MAX_RESPONSE_URL_USES = 5


@dataclass(slots=True)
class Trigger:
    """A person's recent action, which allows the app to show them one view."""

    id: str
    user: str
    created_at: float
    is_used: bool = False


class Triggers:
    def __init__(self, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids
        self._by_id: dict[str, Trigger] = {}

    def create(self, user: str) -> str:
        now = self._clock.now()
        trigger = Trigger(id=self._ids.new_trigger_id(now), user=user, created_at=now)
        self._by_id[trigger.id] = trigger
        return trigger.id

    def use(self, trigger_id: object) -> Trigger:
        trigger = self._by_id.get(str(trigger_id))
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self._clock.now() - trigger.created_at > MAX_TRIGGER_AGE_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.is_used = True
        return trigger

    def clear(self) -> None:
        self._by_id.clear()


@dataclass(slots=True)
class ResponseUrl:
    """A URL for answers without a token, with its user, channel and message."""

    path: str
    user: str
    channel: str
    created_at: float
    message_ts: str | None = None
    is_ephemeral: bool = False
    use_count: int = 0


class ResponseUrls:
    def __init__(self, clock: Clock, ids: IdGenerator) -> None:
        self._clock = clock
        self._ids = ids
        self._by_path: dict[str, ResponseUrl] = {}

    def create(
        self,
        kind: str,
        *,
        team: str,
        user: str,
        channel: str,
        message_ts: str | None = None,
        ephemeral: bool = False,
    ) -> ResponseUrl:
        path = f"/{kind}/{team}/{self._ids.new_id('')}/{random_secret()}"
        url = ResponseUrl(
            path=path,
            user=user,
            channel=channel,
            created_at=self._clock.now(),
            message_ts=message_ts,
            is_ephemeral=ephemeral,
        )
        self._by_path[path] = url
        return url

    def use(self, path: str) -> ResponseUrl:
        url = self._by_path.get(path)
        if url is None:
            raise SlackError("no_such_url")
        if self._clock.now() - url.created_at > MAX_RESPONSE_URL_AGE_SECONDS:
            raise SlackError("expired_url")
        if url.use_count >= MAX_RESPONSE_URL_USES:
            raise SlackError("used_url")
        url.use_count += 1
        return url

    def clear(self) -> None:
        self._by_path.clear()
