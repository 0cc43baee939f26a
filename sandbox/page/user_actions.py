"""Actions of a person on the page, as the browser sends them."""

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

GONE_TEXT = "This message or conversation is no longer there."


@dataclass(frozen=True, slots=True)
class PageSession:
    """A person who uses the page, with the workspace and the screens."""

    slack: Workspace
    screens: ScreenRenderer
    person: Person

    def channel(self, channel_id: str) -> Channel:
        """Return a conversation of the person; raises LookupError if they are not in it."""
        channel = self.slack.state.channels.find(channel_id)
        if channel is None or self.person.id not in channel.members:
            raise LookupError(GONE_TEXT)
        return channel

    def message(self, channel_id: str, ts: str) -> Message:
        """Return a message that the person sees; raises LookupError if there is none."""
        visible = [
            *self.person.read_channel(self.channel(channel_id)),
            *self.person.ephemeral_messages,
        ]
        for message in visible:
            if (message.channel, message.ts) == (channel_id, ts):
                return message
        raise LookupError(GONE_TEXT)


class _RequestModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class MessageReference(_RequestModel):
    """A message that a person sees."""

    channel: str
    ts: str

    def resolve(self, session: PageSession) -> Message:
        """Return the message; raises LookupError if it is gone."""
        return session.message(self.channel, self.ts)


class ViewReference(_RequestModel):
    """A modal, or the Home tab."""

    view_id: str

    def resolve(self, session: PageSession) -> View:
        """Return the view; raises LookupError if it is not open."""
        return element_actions.get_open_view(session.person.actor, self.view_id)


class _ActionModel(_RequestModel):
    person_id: str = Field(alias="as")


class TypeAction(_ActionModel):
    """Write a message, a reply or a slash command."""

    act: Literal["type"]
    conversation: str
    text: str
    thread_ts: str | None = None

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if the person cannot write there."""
        channel = session.channel(self.conversation)
        if self.thread_ts:
            root = session.message(self.conversation, self.thread_ts)
            await session.person.reply_in_thread(root, self.text)
        elif channel is session.person.direct_channel and not self.text.startswith("/"):
            await session.person.type_text(self.text)
        else:
            await session.person.type_text(self.text, channel=channel)


class ClickAction(_ActionModel):
    """Press a button, or choose an option outside a form's inputs."""

    act: Literal["click"]
    target: MessageReference | ViewReference
    block_id: str
    action_id: str
    state: Json | None = None

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if the element is gone."""
        await element_actions.press_element(
            session.person.actor,
            self.target.resolve(session),
            self.block_id,
            self.action_id,
            self.state,
        )


class FillAction(_ActionModel):
    """Set the value of an input in a form."""

    act: Literal["fill"]
    view_id: str
    block_id: str
    action_id: str
    state: Json

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if there is no such input."""
        view = ViewReference(view_id=self.view_id).resolve(session)
        await element_actions.set_input(
            session.person.actor, view, self.block_id, self.action_id, self.state
        )


class SubmitAction(_ActionModel):
    """Submit a form."""

    act: Literal["submit"]
    view_id: str

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if the form is not open."""
        await submissions.submit(
            session.person.actor, ViewReference(view_id=self.view_id).resolve(session)
        )


class CloseAction(_ActionModel):
    """Close a form."""

    act: Literal["close"]
    view_id: str

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if the form is not open."""
        await submissions.close(
            session.person.actor, ViewReference(view_id=self.view_id).resolve(session)
        )


class ShortcutAction(_ActionModel):
    """Use a shortcut of the app, global or on a message."""

    act: Literal["shortcut"]
    callback_id: str
    on: MessageReference | None = None

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if the shortcut or the message does not exist."""
        kind = "message" if self.on else "global"
        for shortcut in session.slack.state.manifest.shortcuts:
            if (shortcut.callback_id, shortcut.type) == (self.callback_id, kind):
                message = self.on.resolve(session) if self.on else None
                await session.person.use_shortcut(shortcut.name, message=message)
                return
        raise LookupError("There is no such shortcut.")


class OpenHomeAction(_ActionModel):
    """Open the app's Home tab."""

    act: Literal["open_home"]

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if the app has no Home tab."""
        await session.person.open_home()


class ReadAction(_ActionModel):
    """Mark a conversation as read."""

    act: Literal["read"]
    conversation: str

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if the person is not in it."""
        session.screens.mark_read(session.person, session.channel(self.conversation).id)


class LookAction(_ActionModel):
    """Look at the page: messages so far no longer count as new."""

    act: Literal["look"]

    async def perform(self, session: PageSession) -> None:
        session.screens.mark_looked_at(session.person)


class ReactAction(_ActionModel):
    """Add an emoji reaction to a message."""

    act: Literal["react"]
    channel: str
    ts: str
    emoji: str

    async def perform(self, session: PageSession) -> None:
        """Raises LookupError if the message is gone."""
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
    | LookAction
    | ReactAction
)
PAGE_ACTION_ADAPTER: TypeAdapter[PageAction] = TypeAdapter(
    Annotated[PageAction, Field(discriminator="act")]
)


class OptionsQuery(_ActionModel):
    """A request for the options of an external select."""

    view_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    block_id: str
    action_id: str
    typed: str

    async def fetch(self, session: PageSession) -> list[Json]:
        """Fetch the options from the app; raises LookupError if the menu is gone."""
        surface: Message | View
        if self.view_id:
            surface = ViewReference(view_id=self.view_id).resolve(session)
        else:
            surface = session.message(self.channel or "", self.ts or "")
        return await element_actions.load_options(
            session.person.actor, surface, self.block_id, self.action_id, self.typed
        )
