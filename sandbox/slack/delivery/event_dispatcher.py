"""The Events API: which events the app hears of, and how often Slack tries."""

from collections.abc import Callable, Coroutine
from typing import Any

from sandbox.slack.delivery import request_payloads
from sandbox.slack.delivery.delivery import Ack, AppRequest, Delivery, DeliveryOutcome, EnvelopeKind
from sandbox.slack.entities.channels import Channel, ChannelKind
from sandbox.slack.primitives.json_types import Json, get_path
from sandbox.slack.state.workspace_state import WorkspaceState

# At once, after a minute, five minutes later (reliability.md, B3).
RETRY_DELAYS_SECONDS = (0.0, 60.0, 300.0)
_CHANNEL_EVENTS = {
    ChannelKind.CHANNEL: "message.channels",
    ChannelKind.GROUP: "message.groups",
    ChannelKind.IM: "message.im",
    ChannelKind.MPIM: "message.mpim",
}


class EventDispatcher:
    """Delivers what the manifest subscribes to, from conversations the app is in."""

    def __init__(
        self,
        state: WorkspaceState,
        delivery: Delivery,
        run_in_background: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._state = state
        self._delivery = delivery
        self._run_in_background = run_in_background

    def dispatch(self, event: Json) -> None:
        """Deliver in the background, as everything does that the app itself caused."""
        if self._is_subscribed(event):
            self._run_in_background(self._deliver_with_retries(self._build_request(event)))

    async def dispatch_and_wait(self, event: Json) -> Ack | None:
        """Deliver once and return the answer; retries follow in the background."""
        if not self._is_subscribed(event):
            return None
        parcel, started = self._build_request(event), self._state.clock.now()
        ack = await self._delivery.send(parcel)
        if _needs_retry(ack):
            self._run_in_background(self._retry(parcel, ack, started))
        return ack

    async def _deliver_with_retries(self, request: AppRequest) -> None:
        started = self._state.clock.now()
        await self._retry(request, await self._delivery.send(request), started)

    async def _retry(self, request: AppRequest, ack: Ack, started: float) -> None:
        """Each pause counts from the start of the try before it, so that a test which saw that
        try may put the clock forward at once."""
        clock = self._state.clock
        for number, pause in enumerate(RETRY_DELAYS_SECONDS, start=1):
            if not _needs_retry(ack):
                return
            await clock.wait_until(started + pause)
            started = clock.now()
            ack = await self._delivery.send(_retry_request(request, number, ack))

    def _build_request(self, event: Json) -> AppRequest:
        channel = self._event_channel(event)
        payload = request_payloads.event_callback(self._state, event, channel=channel)
        person = event.get("user") if isinstance(event.get("user"), str) else None
        return AppRequest(event["type"], EnvelopeKind.EVENT, payload, person_id=person)

    def _event_channel(self, event: Json) -> Channel | None:
        return self._state.channels.find(event.get("channel") or get_path(event, "item", "channel"))

    def _is_subscribed(self, event: Json) -> bool:
        channel = self._event_channel(event)
        name = event["type"]
        if name == "message" and channel:
            name = _CHANNEL_EVENTS[channel.kind]
        if name not in self._state.manifest.bot_events:
            return False
        return channel is None or self._state.app.bot_user_id in channel.members


def _retry_request(request: AppRequest, number: int, ack: Ack) -> AppRequest:
    return AppRequest(
        request.name,
        request.envelope,
        request.payload,
        person_id=request.person_id,
        retry_number=number,
        retry_reason=_retry_reason(ack),
    )


def _retry_reason(ack: Ack) -> str:
    if ack.outcome is DeliveryOutcome.TIMEOUT:
        return "http_timeout"
    return "http_error" if ack.status else "connection_failed"


def _needs_retry(ack: Ack) -> bool:
    no_retry = {key.lower(): value for key, value in ack.headers.items()}.get("x-slack-no-retry")
    return not ack.ok and no_retry != "1"
