"""The actor: one person with the workspace's state and the delivery to the app."""

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
    """One person who acts; `alerts` holds the errors that Slack itself shows them."""

    gateway: Gateway
    member: Member
    alerts: list[str] = field(default_factory=list)

    @property
    def state(self) -> WorkspaceState:
        return self.gateway.state

    async def send_interaction(self, payload: Json) -> Ack:
        """Send an interactive payload; it fails if the manifest allows none."""
        manifest = self.state.manifest
        is_suggestion = payload["type"] == "block_suggestion"
        if not manifest.interactivity or (is_suggestion and not manifest.has_options_load_url):
            return Ack(DeliveryOutcome.FAILED)
        request = AppRequest(
            payload["type"], EnvelopeKind.INTERACTIVE, payload, person_id=self.member.id
        )
        return await self.gateway.delivery.send(request)

    def add_alert(self, text: str) -> None:
        self.alerts.append(text)
        self.state.notify_change()

    def alert_on_failure(self, ack: Ack, *, in_modal: bool = False) -> None:
        if not ack.ok:
            self.add_alert(CONNECTION_TROUBLE_TEXT if in_modal else ack.outcome.value)

    def get_user_id(self, name: str) -> str:
        """Return the id of a person in a menu of people, by name.

        Raises:
            LookupError: there is no such person, or the account is deactivated.
        """
        member = self.state.people.find_by_name(name)
        if member is None or member.deleted:
            raise LookupError(f"There is nobody called {name!r} to pick.")
        return member.id

    def get_user_or_channel_id(self, name: str) -> str:
        """Return the id of a conversation or person that a menu offers, by name."""
        channel = self.state.channels.find_by_name(name) or self.state.channels.find(name)
        return channel.id if channel else self.get_user_id(name)
