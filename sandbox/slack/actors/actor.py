"""What everything a person does goes through: the workspace's state and its way to the app."""

from dataclasses import dataclass, field

from sandbox.slack.delivery.acks import CONNECTION_TROUBLE_TEXT
from sandbox.slack.delivery.delivery import Ack, AppRequest, Delivery, DeliveryOutcome, EnvelopeKind
from sandbox.slack.delivery.event_dispatcher import EventDispatcher
from sandbox.slack.entities.people import Member
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.workspace_state import WorkspaceState


@dataclass(frozen=True, slots=True)
class Gateway:
    state: WorkspaceState
    delivery: Delivery
    event_dispatcher: EventDispatcher


@dataclass(frozen=True, slots=True)
class Actor:
    """One person at the door. What Slack itself tells them lands in `alerts`."""

    gateway: Gateway
    member: Member
    alerts: list[str] = field(default_factory=list)

    @property
    def state(self) -> WorkspaceState:
        return self.gateway.state

    async def send_interaction(self, payload: Json) -> Ack:
        """Send an interactive payload, if the manifest lets any through."""
        manifest = self.state.manifest
        menu = payload["type"] == "block_suggestion"
        if not manifest.interactivity or (menu and not manifest.has_options_load_url):
            return Ack(DeliveryOutcome.FAILED)
        parcel = AppRequest(
            payload["type"], EnvelopeKind.INTERACTIVE, payload, person_id=self.member.id
        )
        return await self.gateway.delivery.send(parcel)

    def add_alert(self, text: str) -> None:
        self.alerts.append(text)
        self.state.notify_change()

    def alert_on_failure(self, ack: Ack, *, in_modal: bool = False) -> None:
        if not ack.ok:
            self.add_alert(CONNECTION_TROUBLE_TEXT if in_modal else ack.outcome.value)

    def get_user_id(self, name: str) -> str:
        """Whom a person would pick in a menu of people; only those who can be picked."""
        member = self.state.people.find_by_name(name)
        if member is None or member.deleted:
            raise LookupError(f"There is nobody called {name!r} to pick.")
        return member.id

    def get_user_or_channel_id(self, name: str) -> str:
        """Whom or what a person would pick in a menu of people or conversations."""
        channel = self.state.channels.find_by_name(name) or self.state.channels.find(name)
        return channel.id if channel else self.get_user_id(name)
