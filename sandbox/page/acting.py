"""What a person does on the page, as it comes from the browser."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sandbox.page.screen import Screens
from sandbox.slack import pointing, submitting
from sandbox.slack.channels import Channel
from sandbox.slack.person import Person
from sandbox.slack.seen import Message
from sandbox.slack.shapes import Json
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace

GONE = "It is no longer there."


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody sits before the page."""

    slack: Workspace
    screens: Screens
    person: Person

    def channel(self, channel_id: str) -> Channel:
        """Raises LookupError when they are in no such conversation."""
        channel = self.slack.state.channels.get(channel_id)
        if channel is None or self.person.id not in channel.members:
            raise LookupError(GONE)
        return channel

    def message(self, channel_id: str, ts: str) -> Message:
        """Raises LookupError when they see no such message."""
        shown = [*self.person.reads(self.channel(channel_id)), *self.person.whispers]
        for message in shown:
            if (message.channel, message.ts) == (channel_id, ts):
                return message
        raise LookupError(GONE)


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class InMessage(_Shape):
    """A message that is before somebody."""

    channel: str
    ts: str

    def of(self, seat: Seat) -> Message:
        """Raises LookupError when it is not there."""
        return seat.message(self.channel, self.ts)


class InView(_Shape):
    """A modal, or the Home tab."""

    view_id: str

    def of(self, seat: Seat) -> View:
        """Raises LookupError when it is not open."""
        return pointing.open_view(seat.person.hand, self.view_id)


class _Act(_Shape):
    who: str = Field(alias="as")


class Type(_Act):
    """Write a message, a reply, or a slash command."""

    act: Literal["type"]
    conversation: str
    text: str
    thread_ts: str | None = None

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when nothing can be written there."""
        channel = seat.channel(self.conversation)
        if self.thread_ts:
            root = seat.message(self.conversation, self.thread_ts)
            await seat.person.replies(root, self.text)
        elif channel is seat.person.dm and not self.text.startswith("/"):
            await seat.person.types(self.text)
        else:
            await seat.person.types(self.text, channel=channel)


class Click(_Act):
    """Press a button, or choose in a menu that stands outside of a form."""

    act: Literal["click"]
    where: InMessage | InView
    block_id: str
    action_id: str
    state: Json | None = None

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when it is not there to be clicked."""
        hand, there = seat.person.hand, self.where.of(seat)
        await pointing.press(hand, there, self.block_id, self.action_id, self.state)


class Fill(_Act):
    """Put something into an input."""

    act: Literal["fill"]
    view_id: str
    block_id: str
    action_id: str
    state: Json

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when there is no such input."""
        view = InView(view_id=self.view_id).of(seat)
        await pointing.put(seat.person.hand, view, self.block_id, self.action_id, self.state)


class Submit(_Act):
    """Send a form."""

    act: Literal["submit"]
    view_id: str

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when it is not open."""
        await submitting.submit(seat.person.hand, InView(view_id=self.view_id).of(seat))


class Close(_Act):
    """Close a form."""

    act: Literal["close"]
    view_id: str

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when it is not open."""
        await submitting.close(seat.person.hand, InView(view_id=self.view_id).of(seat))


class Shortcut(_Act):
    """Use a shortcut of the app's, global or on a message."""

    act: Literal["shortcut"]
    callback_id: str
    on: InMessage | None = None

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when there is none, or no such message."""
        kind = "message" if self.on else "global"
        for one in seat.slack.state.manifest.shortcuts:
            if (one.callback_id, one.type) == (self.callback_id, kind):
                on = self.on.of(seat) if self.on else None
                await seat.person.uses_shortcut(one.name, on=on)
                return
        raise LookupError("There is no such shortcut.")


class OpenHome(_Act):
    """Open the app's Home tab."""

    act: Literal["open_home"]

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when the app has none."""
        await seat.person.opens_home()


class Read(_Act):
    """Read a conversation."""

    act: Literal["read"]
    conversation: str

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when they are not in it."""
        seat.screens.read(seat.person, seat.channel(self.conversation).id)


class React(_Act):
    """Put an emoji under a message."""

    act: Literal["react"]
    channel: str
    ts: str
    emoji: str

    async def do(self, seat: Seat) -> None:
        """Raises LookupError when the message is gone."""
        await seat.person.reacts(seat.message(self.channel, self.ts), self.emoji)


Act = Type | Click | Fill | Submit | Close | Shortcut | OpenHome | Read | React
ACT: TypeAdapter[Act] = TypeAdapter(Annotated[Act, Field(discriminator="act")])


class Options(_Act):
    """Ask the app what it offers in an external select."""

    view_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    block_id: str
    action_id: str
    typed: str

    async def ask(self, seat: Seat) -> list[Json]:
        """The options; LookupError when there is no such menu."""
        there: Message | View
        if self.view_id:
            there = InView(view_id=self.view_id).of(seat)
        else:
            there = seat.message(self.channel or "", self.ts or "")
        return await pointing.options(
            seat.person.hand, there, self.block_id, self.action_id, self.typed
        )
