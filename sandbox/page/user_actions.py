"""What a person does on the page, as it comes from the browser."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sandbox.page.screen import ScreenRenderer
from sandbox.slack.actors import element_actions, submissions
from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Message
from sandbox.slack.entities.channels import Channel
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.views import View
from sandbox.slack.workspace import Workspace

GONE_TEXT = "It is no longer there."


@dataclass(frozen=True, slots=True)
class PageSession:
    """Where somebody sits before the page."""

    slack: Workspace
    screens: ScreenRenderer
    person: Person

    def channel(self, channel_id: str) -> Channel:
        """Raises LookupError when they are in no such conversation."""
        channel = self.slack.state.channels.find(channel_id)
        if channel is None or self.person.id not in channel.members:
            raise LookupError(GONE_TEXT)
        return channel

    def message(self, channel_id: str, ts: str) -> Message:
        """Raises LookupError when they see no such message."""
        shown = [
            *self.person.read_channel(self.channel(channel_id)),
            *self.person.ephemeral_messages,
        ]
        for message in shown:
            if (message.channel, message.ts) == (channel_id, ts):
                return message
        raise LookupError(GONE_TEXT)


class _RequestModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class MessageReference(_RequestModel):
    """A message that is before somebody."""

    channel: str
    ts: str

    def resolve(self, session: PageSession) -> Message:
        """Raises LookupError when it is not there."""
        return session.message(self.channel, self.ts)


class ViewReference(_RequestModel):
    """A modal, or the Home tab."""

    view_id: str

    def resolve(self, session: PageSession) -> View:
        """Raises LookupError when it is not open."""
        return element_actions.get_open_view(session.person.actor, self.view_id)


class _ActionModel(_RequestModel):
    who: str = Field(alias="as")


class TypeAction(_ActionModel):
    """Write a message, a reply, or a slash command."""

    act: Literal["type"]
    conversation: str
    text: str
    thread_ts: str | None = None

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when nothing can be written there."""
        channel = session.channel(self.conversation)
        if self.thread_ts:
            root = session.message(self.conversation, self.thread_ts)
            await session.person.reply_in_thread(root, self.text)
        elif channel is session.person.direct_channel and not self.text.startswith("/"):
            await session.person.type_text(self.text)
        else:
            await session.person.type_text(self.text, channel=channel)


class ClickAction(_ActionModel):
    """Press a button, or choose in a menu that stands outside of a form."""

    act: Literal["click"]
    where: MessageReference | ViewReference
    block_id: str
    action_id: str
    state: Json | None = None

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when it is not there to be clicked."""
        hand, there = session.person.actor, self.where.resolve(session)
        await element_actions.press_element(hand, there, self.block_id, self.action_id, self.state)


class FillAction(_ActionModel):
    """Put something into an input."""

    act: Literal["fill"]
    view_id: str
    block_id: str
    action_id: str
    state: Json

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when there is no such input."""
        view = ViewReference(view_id=self.view_id).resolve(session)
        await element_actions.set_input(
            session.person.actor, view, self.block_id, self.action_id, self.state
        )


class SubmitAction(_ActionModel):
    """Send a form."""

    act: Literal["submit"]
    view_id: str

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when it is not open."""
        await submissions.submit(
            session.person.actor, ViewReference(view_id=self.view_id).resolve(session)
        )


class CloseAction(_ActionModel):
    """Close a form."""

    act: Literal["close"]
    view_id: str

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when it is not open."""
        await submissions.close(
            session.person.actor, ViewReference(view_id=self.view_id).resolve(session)
        )


class ShortcutAction(_ActionModel):
    """Use a shortcut of the app's, global or on a message."""

    act: Literal["shortcut"]
    callback_id: str
    on: MessageReference | None = None

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when there is none, or no such message."""
        kind = "message" if self.on else "global"
        for one in session.slack.state.manifest.shortcuts:
            if (one.callback_id, one.type) == (self.callback_id, kind):
                on = self.on.resolve(session) if self.on else None
                await session.person.use_shortcut(one.name, message=on)
                return
        raise LookupError("There is no such shortcut.")


class OpenHomeAction(_ActionModel):
    """Open the app's Home tab."""

    act: Literal["open_home"]

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when the app has none."""
        await session.person.open_home()


class ReadAction(_ActionModel):
    """Read a conversation."""

    act: Literal["read"]
    conversation: str

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when they are not in it."""
        session.screens.mark_read(session.person, session.channel(self.conversation).id)


class ReactAction(_ActionModel):
    """Put an emoji under a message."""

    act: Literal["react"]
    channel: str
    ts: str
    emoji: str

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError when the message is gone."""
        await session.person.add_reaction(session.message(self.channel, self.ts), self.emoji)


PageAction = (
    TypeAction
    | ClickAction
    | FillAction
    | SubmitAction
    | CloseAction
    | ShortcutAction
    | OpenHomeAction
    | ReadAction
    | ReactAction
)
PAGE_ACTION_ADAPTER: TypeAdapter[PageAction] = TypeAdapter(
    Annotated[PageAction, Field(discriminator="act")]
)


class OptionsQuery(_ActionModel):
    """Ask the app what it offers in an external select."""

    view_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    block_id: str
    action_id: str
    typed: str

    async def fetch(self, session: PageSession) -> list[Json]:
        """The options; LookupError when there is no such menu."""
        there: Message | View
        if self.view_id:
            there = ViewReference(view_id=self.view_id).resolve(session)
        else:
            there = session.message(self.channel or "", self.ts or "")
        return await element_actions.load_options(
            session.person.actor, there, self.block_id, self.action_id, self.typed
        )
