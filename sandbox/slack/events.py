"""The Events API: which events the app hears of, and how often Slack tries."""

from collections.abc import Callable, Coroutine
from typing import Any

from sandbox.slack import payloads
from sandbox.slack.channels import Channel, Kind
from sandbox.slack.delivery import Ack, Delivery, Envelope, Outcome, Parcel
from sandbox.slack.shapes import Json, dug
from sandbox.slack.state import State

# At once, after a minute, five minutes later (reliability.md, B3).
RETRY_AFTER_SECONDS = (0.0, 60.0, 300.0)
_CHANNEL_EVENTS = {
    Kind.CHANNEL: "message.channels",
    Kind.GROUP: "message.groups",
    Kind.IM: "message.im",
    Kind.MPIM: "message.mpim",
}


class Events:
    """Delivers what the manifest subscribes to, from conversations the app is in."""

    def __init__(
        self,
        state: State,
        delivery: Delivery,
        background: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._state = state
        self._delivery = delivery
        self._background = background

    def emit(self, event: Json) -> None:
        """Deliver in the background, as everything does that the app itself caused."""
        if self._is_heard(event):
            self._background(self._deliver_with_retries(self._parcel(event)))

    async def tell(self, event: Json) -> Ack | None:
        """Deliver once and return the answer; retries follow in the background."""
        if not self._is_heard(event):
            return None
        parcel, started = self._parcel(event), self._state.clock.now()
        ack = await self._delivery.send(parcel)
        if _to_be_repeated(ack):
            self._background(self._retry(parcel, ack, started))
        return ack

    async def _deliver_with_retries(self, parcel: Parcel) -> None:
        started = self._state.clock.now()
        await self._retry(parcel, await self._delivery.send(parcel), started)

    async def _retry(self, parcel: Parcel, ack: Ack, started: float) -> None:
        """Each pause counts from the start of the try before it, so that a test which saw that
        try may put the clock forward at once."""
        clock = self._state.clock
        for number, pause in enumerate(RETRY_AFTER_SECONDS, start=1):
            if not _to_be_repeated(ack):
                return
            await clock.wait_until(started + pause)
            started = clock.now()
            ack = await self._delivery.send(_again(parcel, number, ack))

    def _parcel(self, event: Json) -> Parcel:
        channel = self._channel_of(event)
        payload = payloads.event_callback(self._state, event, channel=channel)
        person = event.get("user") if isinstance(event.get("user"), str) else None
        return Parcel(event["type"], Envelope.EVENT, payload, person=person)

    def _channel_of(self, event: Json) -> Channel | None:
        return self._state.channels.get(event.get("channel") or dug(event, "item", "channel"))

    def _is_heard(self, event: Json) -> bool:
        channel = self._channel_of(event)
        name = event["type"]
        if name == "message" and channel:
            name = _CHANNEL_EVENTS[channel.kind]
        if name not in self._state.manifest.bot_events:
            return False
        return channel is None or self._state.app.bot_user_id in channel.members


def _again(parcel: Parcel, number: int, ack: Ack) -> Parcel:
    return Parcel(
        parcel.name,
        parcel.envelope,
        parcel.payload,
        person=parcel.person,
        retry_num=number,
        retry_reason=_reason(ack),
    )


def _reason(ack: Ack) -> str:
    if ack.outcome is Outcome.TIMEOUT:
        return "http_timeout"
    return "http_error" if ack.status else "connection_failed"


def _to_be_repeated(ack: Ack) -> bool:
    no_retry = {key.lower(): value for key, value in ack.headers.items()}.get("x-slack-no-retry")
    return not ack.ok and no_retry != "1"
