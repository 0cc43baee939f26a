"""What one person sees, as the page is told it: everything, each time."""

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

# A conversation is shown from here on; older messages are there, as in Slack, but not on screen.
MAX_MESSAGES = 200
_COLORS = ("#8a3b61", "#2f5d8a", "#2d6a4f", "#7a4a12", "#5b4b8a", "#1f6f78", "#8a3a2b")


class ScreenRenderer:
    """What everybody sees, and how far each of them has read."""

    def __init__(self, world: World, switches: FaultSwitches) -> None:
        self._world = world
        self._slack = world.slack
        self._switches = switches
        self._last_read_ts: dict[tuple[str, str], str] = {}

    def mark_read(self, person: Person, channel_id: str) -> None:
        """Note that a person has read a conversation to its end."""
        newest = max((one.ts for one in self._visible_messages(person, channel_id)), default="")
        if newest > self._last_read_ts.get((person.id, channel_id), ""):
            self._last_read_ts[person.id, channel_id] = newest
            self._slack.state.notify_change()

    def render_screen(self, person: Person) -> Json:
        """All of a person's screen, as `Screen` in `static/types.js` says."""
        state, slack = self._slack.state, self._slack
        home = state.views.home_tab(person.id)
        places = self._visible_channels(person)
        return {
            "person": self._person_object(person),
            "people": [self._person_object(one) for one in slack.people],
            "team": {"id": slack.team_id, "name": state.team_name},
            "app": _app_object(state),
            "commands": [
                {
                    "command": one.command,
                    "usage_hint": one.usage_hint,
                    "description": one.description,
                }
                for one in state.manifest.commands
            ],
            "shortcuts": {kind: _shortcut_objects(state, kind) for kind in ("global", "message")},
            "conversations": [self._conversation_object(person, place) for place in places],
            "messages": {place.id: self._message_objects(person, place) for place in places},
            "home": _view_object(state, home) if home else None,
            "modals": [_view_object(state, view) for view in state.views.modal_stack(person.id)],
            "alerts": list(person.alerts),
            "letters": [
                _email_object(str(number), letter)
                for number, letter in enumerate(self._world.mail.inbox)
                if person.email in letter.recipients
            ],
            "names": {thing: state.display_name(thing) for thing in self._ids_with_names()},
            "switches": self._switches.switch_objects(),
        }

    def _person_object(self, person: Person) -> Json:
        place = self._slack.people.index(person)
        return {
            "id": person.id,
            "handle": person.handle,
            "real_name": person.real_name,
            "email": person.email,
            "tz": person.tz,
            "color": _COLORS[place % len(_COLORS)],
        }

    def _visible_channels(self, person: Person) -> list[Channel]:
        """The conversation with the app, then the channels that the person is in."""
        joined = [one for one in self._slack.channels if person.id in one.members]
        return [
            person.direct_channel,
            *(one for one in joined if one.kind in (ChannelKind.CHANNEL, ChannelKind.GROUP)),
        ]

    def _conversation_object(self, person: Person, channel: Channel) -> Json:
        read = self._last_read_ts.get((person.id, channel.id), "")
        unread = [
            m
            for m in self._visible_messages(person, channel.id)
            if m.ts > read and m.user != person.id
        ]
        with_app = channel.kind is ChannelKind.IM
        return {
            "id": channel.id,
            "name": self._slack.state.app.bot_name if with_app else channel.name,
            "kind": "app" if with_app else "channel",
            "unread": len(unread),
        }

    def _message_objects(self, person: Person, channel: Channel) -> list[Json]:
        seen = self._visible_messages(person, channel.id)
        replies = Counter(one.thread_ts for one in seen if one.thread_ts not in (None, one.ts))
        return [_message_object(one, replies[one.ts]) for one in seen[-MAX_MESSAGES:]]

    def _visible_messages(self, person: Person, channel_id: str) -> list[Message]:
        channel = self._slack.state.channels.find(channel_id)
        said = person.read_channel(channel) if channel and person.id in channel.members else []
        whispers = [one for one in person.ephemeral_messages if one.channel == channel_id]
        return sorted([*said, *whispers], key=lambda one: one.ts)

    def _ids_with_names(self) -> Iterable[str]:
        state = self._slack.state
        yield from (member.id for member in state.people)
        yield from (channel.id for channel in self._slack.channels)
        yield from (group.id for group in state.usergroups)


def _app_object(state: WorkspaceState) -> Json:
    manifest = state.manifest
    return {
        "name": state.app.bot_name,
        "user_id": state.app.bot_user_id,
        "home_tab": manifest.home_tab,
        "messages_tab": manifest.messages_tab and not manifest.messages_tab_read_only,
    }


def _shortcut_objects(state: WorkspaceState, kind: str) -> list[Json]:
    there = [one for one in state.manifest.shortcuts if one.type == kind]
    return [{"name": one.name, "callback_id": one.callback_id} for one in there]


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
    shown = state.view_object(view)
    return {
        "id": view.id,
        "hash": view.hash,
        "type": shown["type"],
        "title": shown["title"]["text"],
        "submit": shown["submit"]["text"] if shown["submit"] else None,
        "close": shown["close"]["text"] if shown["close"] else "Cancel",
        "blocks": view.blocks,
        "values": view.values,
        "errors": view.errors,
        "callback_id": shown["callback_id"],
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
