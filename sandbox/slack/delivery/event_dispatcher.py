"""The Events API: delivery of subscribed events to the app, with Slack's retries."""

from collections.abc import Callable, Coroutine
from typing import Any

from sandbox.slack.delivery import request_payloads
from sandbox.slack.delivery.delivery import Ack, AppRequest, Delivery, DeliveryOutcome, EnvelopeKind
from sandbox.slack.entities.channels import Channel, ChannelKind
from sandbox.slack.primitives.json_types import Json, get_path
from sandbox.slack.state.workspace_state import WorkspaceState

# Slack retries at once, after one minute, then after five more (reliability.md, B3).
RETRY_DELAYS_SECONDS = (0.0, 60.0, 300.0)
_CHANNEL_EVENTS = {
    ChannelKind.CHANNEL: "message.channels",
    ChannelKind.GROUP: "message.groups",
    ChannelKind.IM: "message.im",
    ChannelKind.MPIM: "message.mpim",
}


class EventDispatcher:
    """Delivers the manifest's events from conversations that have the app as a member."""

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
        """Deliver in the background, for events that the app itself caused."""
        if self._is_subscribed(event):
            self._run_in_background(self._deliver_with_retries(self._build_request(event)))

    async def dispatch_and_wait(self, event: Json) -> Ack | None:
        """Deliver and return the first answer; retries run in the background."""
        if not self._is_subscribed(event):
            return None
        request, started_at = self._build_request(event), self._state.clock.now()
        ack = await self._delivery.send(request)
        if _needs_retry(ack):
            self._run_in_background(self._retry(request, ack, started_at))
        return ack

    async def _deliver_with_retries(self, request: AppRequest) -> None:
        started_at = self._state.clock.now()
        await self._retry(request, await self._delivery.send(request), started_at)

    async def _retry(self, request: AppRequest, ack: Ack, started_at: float) -> None:
        # Each delay counts from the start of the attempt before it. So a test that has seen an
        # attempt can advance the clock at once.
        clock = self._state.clock
        for number, delay_seconds in enumerate(RETRY_DELAYS_SECONDS, start=1):
            if not _needs_retry(ack):
                return
            await clock.wait_until(started_at + delay_seconds)
            started_at = clock.now()
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
