"""Things that are good for a while, or for a number of times: triggers and response URLs."""

from dataclasses import dataclass

from sandbox.slack.clock import Clock
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import Ids, secret

# Both from limits.md, rows 25 and 34.
TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60
RESPONSE_URL_USES = 5


@dataclass(slots=True)
class Trigger:
    """Somebody just did something, so a view may be shown to them."""

    id: str
    user: str
    born: float
    spent: bool = False


class Triggers:
    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._all: dict[str, Trigger] = {}

    def new(self, user: str) -> str:
        now = self._clock.now()
        trigger = Trigger(id=self._ids.trigger(now), user=user, born=now)
        self._all[trigger.id] = trigger
        return trigger.id

    def spend(self, trigger_id: object) -> Trigger:
        trigger = self._all.get(str(trigger_id))
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.spent:
            raise SlackError("exchanged_trigger_id")
        if self._clock.now() - trigger.born > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.spent = True
        return trigger

    def clear(self) -> None:
        self._all.clear()


@dataclass(slots=True)
class ResponseUrl:
    """Where an app may answer without a token: to whom, where, and about which message."""

    path: str
    user: str
    channel: str
    born: float
    message_ts: str | None = None
    ephemeral: bool = False
    uses: int = 0


class ResponseUrls:
    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._all: dict[str, ResponseUrl] = {}

    def new(
        self,
        kind: str,
        *,
        team: str,
        user: str,
        channel: str,
        message_ts: str | None = None,
        ephemeral: bool = False,
    ) -> ResponseUrl:
        path = f"/{kind}/{team}/{self._ids.new('')}/{secret()}"
        url = ResponseUrl(
            path=path,
            user=user,
            channel=channel,
            born=self._clock.now(),
            message_ts=message_ts,
            ephemeral=ephemeral,
        )
        self._all[path] = url
        return url

    def use(self, path: str) -> ResponseUrl:
        url = self._all.get(path)
        if url is None:
            raise SlackError("no_such_url")
        if self._clock.now() - url.born > RESPONSE_URL_SECONDS:
            raise SlackError("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        url.uses += 1
        return url

    def clear(self) -> None:
        self._all.clear()
