"""The screen of one person as JSON; each update contains the whole screen."""

from collections import Counter
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from sandbox.page.fault_switches import FaultSwitches
from sandbox.services.mail_server import ReceivedEmail
from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Message
from sandbox.slack.entities.channels import Channel, ChannelKind
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.views import View
from sandbox.slack.state.workspace_state import WorkspaceState
from sandbox.world.world import World

# The page shows the newest messages only; older ones stay in the simulated Slack.
MAX_MESSAGES = 200
_COLORS = ("#8a3b61", "#2f5d8a", "#2d6a4f", "#7a4a12", "#5b4b8a", "#1f6f78", "#8a3a2b")


class ScreenRenderer:
    """Renders everybody's screen and remembers what each person has read and looked at."""

    def __init__(self, world: World, switches: FaultSwitches) -> None:
        self._world = world
        self._slack = world.slack
        self._switches = switches
        self._last_read_ts: dict[tuple[str, str], str] = {}
        self._last_looked_ts: dict[str, str] = {}

    def mark_read(self, person: Person, channel_id: str) -> None:
        """Mark all messages of a conversation as read by a person."""
        newest = _newest_ts(self._visible_messages(person, channel_id))
        if newest > self._last_read_ts.get((person.id, channel_id), ""):
            self._last_read_ts[person.id, channel_id] = newest
            self._slack.state.notify_change()

    def mark_looked_at(self, person: Person) -> None:
        """Reset the count of new messages in the people switcher."""
        newest = _newest_ts(self._all_visible_messages(person))
        if newest > self._last_looked_ts.get(person.id, ""):
            self._last_looked_ts[person.id] = newest
            self._slack.state.notify_change()

    def render_screen(self, person: Person) -> Json:
        """Return a person's whole screen, in the form of `Screen` in `static/types.js`."""
        state, slack = self._slack.state, self._slack
        home = state.views.home_tab(person.id)
        channels = self._visible_channels(person)
        return {
            "person": self._person_object(person),
            "people": [self._person_object(member) for member in slack.people],
            "team": {"id": slack.team_id, "name": state.team_name},
            "app": _app_object(state),
            "commands": _command_objects(state),
            "shortcuts": {kind: _shortcut_objects(state, kind) for kind in ("global", "message")},
            "conversations": [self._conversation_object(person, one) for one in channels],
            "messages": {one.id: self._message_objects(person, one) for one in channels},
            "home": _view_object(state, home) if home else None,
            "modals": [_view_object(state, view) for view in state.views.modal_stack(person.id)],
            "alerts": list(person.alerts),
            "emails": [
                _email_object(str(number), email)
                for number, email in enumerate(self._world.mail.inbox)
                if person.email in email.recipients
            ],
            "names": {one: state.display_name(one) for one in self._ids_with_names()},
            "switches": self._switches.switch_objects(),
        }

    def _person_object(self, person: Person) -> Json:
        index = self._slack.people.index(person)
        return {
            "id": person.id,
            "handle": person.handle,
            "real_name": person.real_name,
            "email": person.email,
            "tz": person.tz,
            "color": _COLORS[index % len(_COLORS)],
            "role": self._world.personas.role_of(person),
            "unread": self._new_message_count(person),
        }

    def _new_message_count(self, person: Person) -> int:
        """How many messages of others have come since the person was last looked at."""
        looked_ts = self._last_looked_ts.get(person.id, "")
        messages = self._all_visible_messages(person)
        return sum(1 for one in messages if one.ts > looked_ts and one.user != person.id)

    def _visible_channels(self, person: Person) -> list[Channel]:
        """The conversation with the app, then the channels of the person."""
        joined = [one for one in self._slack.channels if person.id in one.members]
        return [
            person.direct_channel,
            *(one for one in joined if one.kind in (ChannelKind.CHANNEL, ChannelKind.GROUP)),
        ]

    def _conversation_object(self, person: Person, channel: Channel) -> Json:
        read_ts = self._last_read_ts.get((person.id, channel.id), "")
        unread = [
            message
            for message in self._visible_messages(person, channel.id)
            if message.ts > read_ts and message.user != person.id
        ]
        with_app = channel.kind is ChannelKind.IM
        return {
            "id": channel.id,
            "name": self._slack.state.app.bot_name if with_app else channel.name,
            "kind": "app" if with_app else "channel",
            "unread": len(unread),
        }

    def _message_objects(self, person: Person, channel: Channel) -> list[Json]:
        messages = self._visible_messages(person, channel.id)
        replies = Counter(one.thread_ts for one in messages if one.thread_ts not in (None, one.ts))
        return [_message_object(one, replies[one.ts]) for one in messages[-MAX_MESSAGES:]]

    def _all_visible_messages(self, person: Person) -> list[Message]:
        channels = self._visible_channels(person)
        return [one for channel in channels for one in self._visible_messages(person, channel.id)]

    def _visible_messages(self, person: Person, channel_id: str) -> list[Message]:
        channel = self._slack.state.channels.find(channel_id)
        is_member = channel is not None and person.id in channel.members
        messages = person.read_channel(channel) if channel and is_member else []
        whispers = [one for one in person.ephemeral_messages if one.channel == channel_id]
        return sorted([*messages, *whispers], key=lambda one: one.ts)

    def _ids_with_names(self) -> Iterable[str]:
        state = self._slack.state
        yield from (member.id for member in state.people)
        yield from (channel.id for channel in self._slack.channels)
        yield from (group.id for group in state.usergroups)


def _newest_ts(messages: Iterable[Message]) -> str:
    return max((message.ts for message in messages), default="")


def _command_objects(state: WorkspaceState) -> list[Json]:
    return [
        {
            "command": command.command,
            "usage_hint": command.usage_hint,
            "description": command.description,
        }
        for command in state.manifest.commands
    ]


def _app_object(state: WorkspaceState) -> Json:
    manifest = state.manifest
    return {
        "name": state.app.bot_name,
        "user_id": state.app.bot_user_id,
        "home_tab": manifest.home_tab,
        "messages_tab": manifest.messages_tab and not manifest.messages_tab_read_only,
    }


def _shortcut_objects(state: WorkspaceState, kind: str) -> list[Json]:
    shortcuts = [one for one in state.manifest.shortcuts if one.type == kind]
    return [{"name": one.name, "callback_id": one.callback_id} for one in shortcuts]


def _message_object(message: Message, replies: int) -> Json:
    raw = message.raw
    return {
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "is_app": "bot_id" in raw,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": raw.get("attachments", []),
        "ephemeral": message.is_ephemeral,
        "edited": message.is_edited,
        "reply_count": replies,
        "reactions": raw.get("reactions", []),
        "files": raw.get("files", []),
    }


def _view_object(state: WorkspaceState, view: View) -> Json:
    view_object = state.view_object(view)
    return {
        "id": view.id,
        "hash": view.hash,
        "type": view_object["type"],
        "title": view_object["title"]["text"],
        "submit": view_object["submit"]["text"] if view_object["submit"] else None,
        "close": view_object["close"]["text"] if view_object["close"] else "Cancel",
        "blocks": view.blocks,
        "values": view.values,
        "errors": view.errors,
        "callback_id": view_object["callback_id"],
    }


def _email_object(number: str, email: ReceivedEmail) -> Json:
    return {
        "id": number,
        "from": str(email.message["From"]),
        "to": email.recipients,
        "subject": email.subject,
        "text": email.text,
        "html": email.html,
        "at": parsedate_to_datetime(str(email.message["Date"])).timestamp(),
    }
