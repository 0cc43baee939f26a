"""A person in the workspace: sees what Slack shows, and can only click what was shown."""

from collections.abc import Callable
from weakref import WeakKeyDictionary

from sandbox.slack.actors import clicks, commands, form_filling, rendered, submissions
from sandbox.slack.actors.actor import Actor, Gateway
from sandbox.slack.actors.rendered import HomeTab, Message, Modal
from sandbox.slack.delivery import event_payloads, request_payloads
from sandbox.slack.entities.channels import Channel
from sandbox.slack.entities.messages import Post
from sandbox.slack.entities.people import Member
from sandbox.slack.state.views import View

MessageFilter = str | Callable[[Message], bool]


class Person:
    """Everything one person can see and do."""

    def __init__(self, gateway: Gateway, member: Member) -> None:
        self._gateway = gateway
        self.actor = Actor(gateway, member)
        # Whoever waits looks at every message after every change: each is drawn only once.
        self._rendered_posts: WeakKeyDictionary[Post, tuple[object, Message]] = WeakKeyDictionary()
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
    def direct_channel(self) -> Channel:
        """The direct message conversation with the app."""
        return self._gateway.state.direct_channel(self.id)

    # What they see

    @property
    def messages(self) -> list[Message]:
        """The conversation with the app as it looks now, oldest first."""
        return self.read_channel(self.direct_channel)

    @property
    def ephemeral_messages(self) -> list[Message]:
        """Ephemeral messages, in whatever conversation, oldest first."""
        return [
            self._render_post(post)
            for post in self._gateway.state.messages.ephemeral_posts_to(self.id)
        ]

    @property
    def modal(self) -> Modal | None:
        view = self._gateway.state.views.top_modal(self.id)
        return rendered.render_modal(self._gateway.state, view) if view else None

    @property
    def home(self) -> HomeTab | None:
        view = self._gateway.state.views.home_tab(self.id)
        return rendered.render_home(self._gateway.state, view) if view else None

    @property
    def alerts(self) -> list[str]:
        """What Slack itself says when the app did not answer as it should."""
        return self.actor.alerts

    def read_channel(self, channel: Channel) -> list[Message]:
        """A conversation they are in, oldest first, with the replies in threads."""
        if self.id not in channel.members:
            raise LookupError(f"{self.handle} is not in #{channel.name}.")
        return [
            self._render_post(post)
            for post in self._gateway.state.messages.channel_posts(channel.id)
        ]

    async def wait_for_message(
        self, message_filter: MessageFilter = "", *, timeout_seconds: float = 10
    ) -> Message:
        """The newest message of the app in the DM that fits, as soon as there is one."""
        return await self._wait_for_newest(
            self._app_messages, message_filter, timeout_seconds=timeout_seconds, kind="message"
        )

    async def wait_for_ephemeral(
        self, message_filter: MessageFilter = "", *, timeout_seconds: float = 10
    ) -> Message:
        return await self._wait_for_newest(
            lambda: self.ephemeral_messages,
            message_filter,
            timeout_seconds=timeout_seconds,
            kind="whisper",
        )

    def _render_post(self, post: Post) -> Message:
        version, message = self._rendered_posts.get(post, (None, None))
        if message is None or version != post.version:
            message = rendered.render_message(self._gateway.state, post)
            self._rendered_posts[post] = (post.version, message)
        return message

    def _app_messages(self) -> list[Message]:
        return [one for one in self.messages if one.user != self.id]

    async def _wait_for_newest(
        self,
        source: Callable[[], list[Message]],
        message_filter: MessageFilter,
        *,
        timeout_seconds: float,
        kind: str,
    ) -> Message:
        def newest() -> list[Message]:
            return [one for one in source() if _matches(one, message_filter)][-1:]

        wanted = (
            f"{self.handle} to get a {kind} {message_filter!r}, not only {_latest_texts(source())}"
        )
        found = await self._gateway.state.notifier.wait_until(
            newest, timeout_seconds=timeout_seconds, waiting_for=wanted
        )
        return found[0]

    # What they do

    async def type_text(self, text: str, *, channel: Channel | None = None) -> None:
        """A slash command, or a message. Returns when the app's answer was dealt with."""
        if text.startswith("/"):
            await commands.run_command(self.actor, text, channel or self._command_channel())
        else:
            place = channel or self._get_app_channel()
            await commands.post_message(self.actor, text, place)

    async def reply_in_thread(self, message: Message, text: str) -> None:
        """In the thread under a message. A slash command cannot be run there."""
        channel = self._gateway.state.channels.find(message.channel)
        if channel is None or text.startswith("/"):
            raise LookupError("Slash commands do not work in threads.")
        thread = message.thread_ts or message.ts
        await commands.post_message(self.actor, text, channel, thread_ts=thread)

    async def fill(self, label: str, value: str | list[str] | None) -> None:
        await form_filling.fill(self.actor, self._get_top_modal(), label, value)

    async def search_options(self, label: str, typed: str) -> list[str]:
        """The options an external select offers for what was typed."""
        view = self._get_top_modal()
        field = form_filling.get_field(view, label)
        options = await form_filling.search_options(self.actor, view, field, typed)
        return form_filling.option_texts(self.actor, options)

    async def submit_modal(self) -> None:
        await submissions.submit(self.actor, self._get_top_modal())

    async def close_modal(self) -> None:
        await submissions.close(self.actor, self._get_top_modal())

    async def click(
        self, surface: Message | Modal | HomeTab, button: str, *, value: str | None = None
    ) -> None:
        """A button or overflow option by its text; a menu by its placeholder and `value`."""
        await clicks.click(self.actor, surface, button, value)

    async def use_shortcut(self, name: str, *, message: Message | None = None) -> None:
        """A shortcut by its name: global, or on a message."""
        state, kind = self._gateway.state, "message" if message else "global"
        known = {one.name: one for one in state.manifest.shortcuts if one.type == kind}
        if name not in known:
            raise LookupError(f"There is no {kind} shortcut {name!r}, only: {', '.join(known)}.")
        callback_id = known[name].callback_id
        if message is None:
            payload = request_payloads.global_shortcut(state, self.member, callback_id=callback_id)
        else:
            channel, post = (
                state.channels.find(message.channel),
                state.messages.find(message.channel, message.ts),
            )
            if channel is None or post is None:
                raise LookupError("The message is gone.")
            payload = request_payloads.message_shortcut(
                state, self.member, channel, post, callback_id=callback_id
            )
        self.actor.alert_on_failure(await self.actor.send_interaction(payload))

    async def open_home(self, *, tab: str = "home") -> None:
        """Open the app's Home tab (or its Messages tab); returns when the event was answered."""
        if tab == "home" and not self._gateway.state.manifest.home_tab:
            raise LookupError("The app has no Home tab.")
        event = event_payloads.app_home_opened(self._gateway.state, self.member, tab=tab)
        await self._gateway.event_dispatcher.dispatch_and_wait(event)

    async def add_reaction(self, message: Message, emoji: str) -> None:
        state = self._gateway.state
        post = state.messages.find(message.channel, message.ts)
        if post is None:
            raise LookupError("The message is gone.")
        post.reactions.setdefault(emoji, []).append(self.id)
        state.notify_change()
        event = event_payloads.reaction_changed(
            state, post, user=self.id, name=emoji, is_added=True
        )
        await self._gateway.event_dispatcher.dispatch_and_wait(event)

    async def join_workspace(self) -> None:
        event = event_payloads.user_changed(self._gateway.state, self.member, name="team_join")
        await self._gateway.event_dispatcher.dispatch_and_wait(event)

    async def join_channel(self, channel: Channel) -> None:
        channel.members.append(self.id)
        state = self._gateway.state
        event = event_payloads.member_joined(state, channel, self.id, inviter=None)
        await self._gateway.event_dispatcher.dispatch_and_wait(event)

    async def leave_channel(self, channel: Channel) -> None:
        channel.members.remove(self.id)
        await self._gateway.event_dispatcher.dispatch_and_wait(
            event_payloads.member_left(self._gateway.state, channel, self.id)
        )

    async def invite_app(self, channel: Channel) -> None:
        state = self._gateway.state
        bot = state.app.bot_user_id
        channel.members.append(bot)
        state.notify_change()
        event = event_payloads.member_joined(state, channel, bot, inviter=self.id)
        await self._gateway.event_dispatcher.dispatch_and_wait(event)

    def _get_top_modal(self) -> View:
        view = self._gateway.state.views.top_modal(self.id)
        if view is None:
            raise LookupError(f"{self.handle} has no modal open.")
        return view

    def _get_app_channel(self) -> Channel:
        manifest = self._gateway.state.manifest
        if not manifest.messages_tab or manifest.messages_tab_read_only:
            raise LookupError("The app's Messages tab takes no messages.")
        return self.direct_channel

    def _command_channel(self) -> Channel:
        """Where they would type a command: to the app, or else in the notes to themselves."""
        try:
            return self._get_app_channel()
        except LookupError:
            state = self._gateway.state
            return state.channels.open_direct(self.id, created=state.now())


def _matches(message: Message, message_filter: MessageFilter) -> bool:
    return (
        message_filter(message)
        if callable(message_filter)
        else message_filter in message.visible_text
    )


def _latest_texts(messages: list[Message]) -> list[str]:
    return [one.visible_text[:80] for one in messages[-5:]]
