"""A person in the workspace, who sees and clicks only the elements that Slack shows."""

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
    """One person: properties return what they see, methods act as they would.

    Methods raise LookupError if the screen does not show the named button, field or option.
    """

    def __init__(self, gateway: Gateway, member: Member) -> None:
        self._gateway = gateway
        self.actor = Actor(gateway, member)
        # wait_for_message reads all messages after each change: the cache renders each once.
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

    # Visible to the person

    @property
    def messages(self) -> list[Message]:
        """The messages of the conversation with the app, oldest first."""
        return self.read_channel(self.direct_channel)

    @property
    def ephemeral_messages(self) -> list[Message]:
        """The ephemeral messages from all conversations, oldest first."""
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
        """The errors that Slack itself shows when the app fails to answer correctly."""
        return self.actor.alerts

    def read_channel(self, channel: Channel) -> list[Message]:
        """Return a conversation's messages, oldest first, including thread replies.

        Raises:
            LookupError: the person is not a member of the conversation.
        """
        if self.id not in channel.members:
            raise LookupError(f"{self.handle} is not in #{channel.name}.")
        return [
            self._render_post(post)
            for post in self._gateway.state.messages.channel_posts(channel.id)
        ]

    async def wait_for_message(
        self, message_filter: MessageFilter = "", *, timeout_seconds: float = 10
    ) -> Message:
        """Return the newest matching message from the app in the direct conversation.

        Args:
            message_filter: a part of the visible text, or a function of the message.

        Raises:
            TimeoutError: no message matches in time; the error lists the newest texts.
        """
        return await self._wait_for_newest(
            self._app_messages, message_filter, timeout_seconds=timeout_seconds, kind="message"
        )

    async def wait_for_ephemeral(
        self, message_filter: MessageFilter = "", *, timeout_seconds: float = 10
    ) -> Message:
        """Return the newest matching ephemeral message, as `wait_for_message` does."""
        return await self._wait_for_newest(
            lambda: self.ephemeral_messages,
            message_filter,
            timeout_seconds=timeout_seconds,
            kind="ephemeral message",
        )

    def _render_post(self, post: Post) -> Message:
        version, message = self._rendered_posts.get(post, (None, None))
        if message is None or version != post.version:
            message = rendered.render_message(self._gateway.state, post)
            self._rendered_posts[post] = (post.version, message)
        return message

    def _app_messages(self) -> list[Message]:
        return [message for message in self.messages if message.user != self.id]

    async def _wait_for_newest(
        self,
        source: Callable[[], list[Message]],
        message_filter: MessageFilter,
        *,
        timeout_seconds: float,
        kind: str,
    ) -> Message:
        def find_newest() -> list[Message]:
            return [message for message in source() if _matches(message, message_filter)][-1:]

        waiting_for = (
            f"{self.handle} to get the {kind} {message_filter!r}, "
            f"not only {_latest_texts(source())}"
        )
        newest = await self._gateway.state.notifier.wait_until(
            find_newest, timeout_seconds=timeout_seconds, waiting_for=waiting_for
        )
        return newest[0]

    # Actions of the person

    async def type_text(self, text: str, *, channel: Channel | None = None) -> None:
        """Run a slash command or post a message; return after Slack handled the answer."""
        if text.startswith("/"):
            await commands.run_command(self.actor, text, channel or self._command_channel())
        else:
            await commands.post_message(self.actor, text, channel or self._get_app_channel())

    async def reply_in_thread(self, message: Message, text: str) -> None:
        """Post in the thread under a message.

        Raises:
            LookupError: the text is a slash command, which Slack refuses in threads.
        """
        channel = self._gateway.state.channels.find(message.channel)
        if channel is None or text.startswith("/"):
            raise LookupError("Slash commands do not work in threads.")
        thread_ts = message.thread_ts or message.ts
        await commands.post_message(self.actor, text, channel, thread_ts=thread_ts)

    async def fill(self, label: str, value: str | list[str] | None) -> None:
        """Set the field with this label in the top modal; None or "" clears it."""
        await form_filling.fill(self.actor, self._get_top_modal(), label, value)

    async def search_options(self, label: str, typed: str) -> list[str]:
        """Return the option texts that an external select shows for a typed text."""
        view = self._get_top_modal()
        field = form_filling.get_field(view, label)
        options = await form_filling.search_options(self.actor, view, field, typed)
        return form_filling.option_texts(self.actor, options)

    async def submit_modal(self) -> None:
        """Press Submit in the top modal; return after Slack handled the app's answer."""
        await submissions.submit(self.actor, self._get_top_modal())

    async def close_modal(self) -> None:
        await submissions.close(self.actor, self._get_top_modal())

    async def click(
        self, surface: Message | Modal | HomeTab, button: str, *, value: str | None = None
    ) -> None:
        """Click a button or overflow option by its text, or choose in a menu.

        Args:
            button: the text of the button or option, or the placeholder of the menu.
            value: the option to choose in the menu, or the `value` of the button.
        """
        await clicks.click(self.actor, surface, button, value)

    async def use_shortcut(self, name: str, *, message: Message | None = None) -> None:
        """Use a shortcut by its name, global or on a message."""
        state, kind = self._gateway.state, "message" if message else "global"
        callback_ids = {s.name: s.callback_id for s in state.manifest.shortcuts if s.type == kind}
        if name not in callback_ids:
            available = ", ".join(callback_ids)
            raise LookupError(f"There is no {kind} shortcut {name!r}, only: {available}.")
        callback_id = callback_ids[name]
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
        """Open the app's Home or Messages tab; return after the app answered the event."""
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
        """Send the app `team_join`, as for a new member."""
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
            raise LookupError("The app's Messages tab is read-only or off.")
        return self.direct_channel

    def _command_channel(self) -> Channel:
        """The conversation for a command: with the app or, if that is off, with oneself."""
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
    return [message.visible_text[:80] for message in messages[-5:]]
