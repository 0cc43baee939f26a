"""A person in the workspace: sees what Slack shows, and can only click what was shown."""

from collections.abc import Callable
from weakref import WeakKeyDictionary

from sandbox.slack import clicking, commanding, filling, happenings, payloads, seen, submitting
from sandbox.slack.channels import Channel
from sandbox.slack.door import Door, Hand
from sandbox.slack.messages import Post
from sandbox.slack.people import Member
from sandbox.slack.seen import Home, Message, Modal
from sandbox.slack.views import View

Matching = str | Callable[[Message], bool]


class Person:
    """Everything one person can see and do."""

    def __init__(self, door: Door, member: Member) -> None:
        self._door = door
        self.hand = Hand(door, member)
        # Whoever waits looks at every message after every change: each is drawn only once.
        self._drawn: WeakKeyDictionary[Post, tuple[object, Message]] = WeakKeyDictionary()
        self.member = member

    def __repr__(self) -> str:
        return f"<{self.handle} {self.id}>"

    @property
    def id(self) -> str:
        return self.member.id

    @property
    def handle(self) -> str:
        return self.member.handle

    @property
    def real_name(self) -> str:
        return self.member.real_name

    @property
    def email(self) -> str:
        return self.member.email

    @property
    def tz(self) -> str:
        return self.member.tz

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    @property
    def dm(self) -> Channel:
        """The direct message conversation with the app."""
        return self._door.state.dm(self.id)

    # What they see

    @property
    def messages(self) -> list[Message]:
        """The conversation with the app as it looks now, oldest first."""
        return self.reads(self.dm)

    @property
    def whispers(self) -> list[Message]:
        """Ephemeral messages, in whatever conversation, oldest first."""
        return [self._seen(post) for post in self._door.state.board.whispers_to(self.id)]

    @property
    def modal(self) -> Modal | None:
        view = self._door.state.views.top(self.id)
        return seen.modal(self._door.state, view) if view else None

    @property
    def home(self) -> Home | None:
        view = self._door.state.views.home(self.id)
        return seen.home(self._door.state, view) if view else None

    @property
    def alerts(self) -> list[str]:
        """What Slack itself says when the app did not answer as it should."""
        return self.hand.alerts

    def reads(self, channel: Channel) -> list[Message]:
        """A conversation they are in, oldest first, with the replies in threads."""
        if self.id not in channel.members:
            raise LookupError(f"{self.handle} is not in #{channel.name}.")
        return [self._seen(post) for post in self._door.state.board.in_channel(channel.id)]

    async def gets_message(self, matching: Matching = "", *, timeout: float = 10) -> Message:
        """The newest message of the app in the DM that fits, as soon as there is one."""
        return await self._gets(self._from_app, matching, timeout=timeout, kind="message")

    async def gets_whisper(self, matching: Matching = "", *, timeout: float = 10) -> Message:
        return await self._gets(lambda: self.whispers, matching, timeout=timeout, kind="whisper")

    def _seen(self, post: Post) -> Message:
        version, message = self._drawn.get(post, (None, None))
        if message is None or version != post.version:
            message = seen.message(self._door.state, post)
            self._drawn[post] = (post.version, message)
        return message

    def _from_app(self) -> list[Message]:
        return [one for one in self.messages if one.user != self.id]

    async def _gets(
        self, source: Callable[[], list[Message]], matching: Matching, *, timeout: float, kind: str
    ) -> Message:
        def newest() -> list[Message]:
            return [one for one in source() if _fits(one, matching)][-1:]

        wanted = f"{self.handle} to get a {kind} {matching!r}, not only {_heard(source())}"
        found = await self._door.state.changes.until(newest, timeout=timeout, waiting_for=wanted)
        return found[0]

    # What they do

    async def types(self, text: str, *, channel: Channel | None = None) -> None:
        """A slash command, or a message. Returns when the app's answer was dealt with."""
        if text.startswith("/"):
            await commanding.run_command(self.hand, text, channel or self._any_composer())
        else:
            place = channel or self._composer()
            await commanding.post_message(self.hand, text, place)

    async def replies(self, to: Message, text: str) -> None:
        """In the thread under a message. A slash command cannot be run there."""
        channel = self._door.state.channels.get(to.channel)
        if channel is None or text.startswith("/"):
            raise LookupError("Slash commands do not work in threads.")
        thread = to.thread_ts or to.ts
        await commanding.post_message(self.hand, text, channel, thread_ts=thread)

    async def fills(self, label: str, value: str | list[str] | None) -> None:
        await filling.fill(self.hand, self._top(), label, value)

    async def searches(self, label: str, typed: str) -> list[str]:
        """The options an external select offers for what was typed."""
        view = self._top()
        field = filling.field_called(view, label)
        options = await filling.search(self.hand, view, field, typed)
        return filling.option_texts(self.hand, options)

    async def submits(self) -> None:
        await submitting.submit(self.hand, self._top())

    async def closes(self) -> None:
        await submitting.close(self.hand, self._top())

    async def clicks(
        self, where: Message | Modal | Home, button: str, *, value: str | None = None
    ) -> None:
        """A button or overflow option by its text; a menu by its placeholder and `value`."""
        await clicking.click(self.hand, where, button, value)

    async def uses_shortcut(self, name: str, *, on: Message | None = None) -> None:
        """A shortcut by its name: global, or on a message."""
        state, kind = self._door.state, "message" if on else "global"
        known = {one.name: one for one in state.manifest.shortcuts if one.type == kind}
        if name not in known:
            raise LookupError(f"There is no {kind} shortcut {name!r}, only: {', '.join(known)}.")
        callback_id = known[name].callback_id
        if on is None:
            payload = payloads.global_shortcut(state, self.member, callback_id=callback_id)
        else:
            channel, post = state.channels.get(on.channel), state.board.find(on.channel, on.ts)
            if channel is None or post is None:
                raise LookupError("The message is gone.")
            payload = payloads.message_shortcut(
                state, self.member, channel, post, callback_id=callback_id
            )
        self.hand.alert_unless_ok(await self.hand.interact(payload))

    async def opens_home(self, *, tab: str = "home") -> None:
        """Open the app's Home tab (or its Messages tab); returns when the event was answered."""
        if tab == "home" and not self._door.state.manifest.home_tab:
            raise LookupError("The app has no Home tab.")
        event = happenings.app_home_opened(self._door.state, self.member, tab=tab)
        await self._door.events.tell(event)

    async def reacts(self, to: Message, emoji: str) -> None:
        state = self._door.state
        post = state.board.find(to.channel, to.ts)
        if post is None:
            raise LookupError("The message is gone.")
        post.reactions.setdefault(emoji, []).append(self.id)
        state.changed()
        event = happenings.reaction(state, post, user=self.id, name=emoji, added=True)
        await self._door.events.tell(event)

    async def joins_workspace(self) -> None:
        event = happenings.user_changed(self._door.state, self.member, name="team_join")
        await self._door.events.tell(event)

    async def joins(self, channel: Channel) -> None:
        channel.members.append(self.id)
        state = self._door.state
        event = happenings.member_joined(state, channel, self.id, inviter=None)
        await self._door.events.tell(event)

    async def leaves(self, channel: Channel) -> None:
        channel.members.remove(self.id)
        await self._door.events.tell(happenings.member_left(self._door.state, channel, self.id))

    async def invites_app(self, channel: Channel) -> None:
        state = self._door.state
        bot = state.app.bot_user_id
        channel.members.append(bot)
        state.changed()
        event = happenings.member_joined(state, channel, bot, inviter=self.id)
        await self._door.events.tell(event)

    def _top(self) -> View:
        view = self._door.state.views.top(self.id)
        if view is None:
            raise LookupError(f"{self.handle} has no modal open.")
        return view

    def _composer(self) -> Channel:
        manifest = self._door.state.manifest
        if not manifest.messages_tab or manifest.messages_tab_read_only:
            raise LookupError("The app's Messages tab takes no messages.")
        return self.dm

    def _any_composer(self) -> Channel:
        """Where they would type a command: to the app, or else in the notes to themselves."""
        try:
            return self._composer()
        except LookupError:
            state = self._door.state
            return state.channels.direct(self.id, created=state.now())


def _fits(message: Message, matching: Matching) -> bool:
    return matching(message) if callable(matching) else matching in message.says


def _heard(messages: list[Message]) -> list[str]:
    return [one.says[:80] for one in messages[-5:]]
