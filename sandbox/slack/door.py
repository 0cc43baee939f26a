"""What everything a person does goes through: the workspace's state and its way to the app."""

from dataclasses import dataclass, field

from sandbox.slack.acks import TROUBLE
from sandbox.slack.delivery import Ack, Delivery, Envelope, Outcome, Parcel
from sandbox.slack.events import Events
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json
from sandbox.slack.state import State


@dataclass(frozen=True, slots=True)
class Door:
    state: State
    delivery: Delivery
    events: Events


@dataclass(frozen=True, slots=True)
class Hand:
    """One person at the door. What Slack itself tells them lands in `alerts`."""

    door: Door
    member: Member
    alerts: list[str] = field(default_factory=list)

    @property
    def state(self) -> State:
        return self.door.state

    async def interact(self, payload: Json) -> Ack:
        """Send an interactive payload, if the manifest lets any through."""
        manifest = self.state.manifest
        menu = payload["type"] == "block_suggestion"
        if not manifest.interactivity or (menu and not manifest.options_load):
            return Ack(Outcome.FAILED)
        parcel = Parcel(payload["type"], Envelope.INTERACTIVE, payload, person=self.member.id)
        return await self.door.delivery.send(parcel)

    def alert(self, text: str) -> None:
        self.alerts.append(text)
        self.state.changed()

    def alert_unless_ok(self, ack: Ack, *, in_modal: bool = False) -> None:
        if not ack.ok:
            self.alert(TROUBLE if in_modal else ack.outcome.value)

    def find_person(self, name: str) -> str:
        """Whom a person would pick in a menu of people; only those who can be picked."""
        member = self.state.people.named(name)
        if member is None or member.deleted:
            raise LookupError(f"There is nobody called {name!r} to pick.")
        return member.id

    def find_any(self, name: str) -> str:
        """Whom or what a person would pick in a menu of people or conversations."""
        channel = self.state.channels.named(name) or self.state.channels.get(name)
        return channel.id if channel else self.find_person(name)
