"""What one person sees, as the page is told it: everything, each time."""

from collections import Counter
from collections.abc import Iterable
from email.utils import parsedate_to_datetime

from sandbox.mail import Letter
from sandbox.page.switches import Switches
from sandbox.slack.channels import Channel, Kind
from sandbox.slack.person import Person
from sandbox.slack.seen import Message
from sandbox.slack.shapes import Json
from sandbox.slack.state import State
from sandbox.slack.views import View
from sandbox.world import World

# A conversation is shown from here on; older messages are there, as in Slack, but not on screen.
NEWEST = 200
_COLORS = ("#8a3b61", "#2f5d8a", "#2d6a4f", "#7a4a12", "#5b4b8a", "#1f6f78", "#8a3a2b")


class Screens:
    """What everybody sees, and how far each of them has read."""

    def __init__(self, world: World, switches: Switches) -> None:
        self._world = world
        self._slack = world.slack
        self._switches = switches
        self._read: dict[tuple[str, str], str] = {}

    def read(self, person: Person, channel_id: str) -> None:
        """Note that a person has read a conversation to its end."""
        newest = max((one.ts for one in self._seen_in(person, channel_id)), default="")
        if newest > self._read.get((person.id, channel_id), ""):
            self._read[person.id, channel_id] = newest
            self._slack.state.changed()

    def screen(self, person: Person) -> Json:
        """All of a person's screen, as `Screen` in `static/types.js` says."""
        state, slack = self._slack.state, self._slack
        home = state.views.home(person.id)
        places = self._places(person)
        return {
            "person": self._who(person),
            "people": [self._who(one) for one in slack.people],
            "team": {"id": slack.team_id, "name": state.team_name},
            "app": _app(state),
            "commands": [
                {
                    "command": one.command,
                    "usage_hint": one.usage_hint,
                    "description": one.description,
                }
                for one in state.manifest.commands
            ],
            "shortcuts": {kind: _shortcuts(state, kind) for kind in ("global", "message")},
            "conversations": [self._conversation(person, place) for place in places],
            "messages": {place.id: self._messages(person, place) for place in places},
            "home": _view(state, home) if home else None,
            "modals": [_view(state, view) for view in state.views.stack(person.id)],
            "alerts": list(person.alerts),
            "letters": [
                _letter(str(number), letter)
                for number, letter in enumerate(self._world.mail.inbox)
                if person.email in letter.recipients
            ],
            "names": {thing: state.name_of(thing) for thing in self._named()},
            "switches": self._switches.shown(),
        }

    def _who(self, person: Person) -> Json:
        place = self._slack.people.index(person)
        return {
            "id": person.id,
            "handle": person.handle,
            "real_name": person.real_name,
            "email": person.email,
            "tz": person.tz,
            "color": _COLORS[place % len(_COLORS)],
        }

    def _places(self, person: Person) -> list[Channel]:
        """The conversation with the app, then the channels that the person is in."""
        joined = [one for one in self._slack.channels if person.id in one.members]
        return [person.dm, *(one for one in joined if one.kind in (Kind.CHANNEL, Kind.GROUP))]

    def _conversation(self, person: Person, place: Channel) -> Json:
        read = self._read.get((person.id, place.id), "")
        unread = [m for m in self._seen_in(person, place.id) if m.ts > read and m.user != person.id]
        with_app = place.kind is Kind.IM
        return {
            "id": place.id,
            "name": self._slack.state.app.bot_name if with_app else place.name,
            "kind": "app" if with_app else "channel",
            "unread": len(unread),
        }

    def _messages(self, person: Person, place: Channel) -> list[Json]:
        seen = self._seen_in(person, place.id)
        replies = Counter(one.thread_ts for one in seen if one.thread_ts not in (None, one.ts))
        return [_message(one, replies[one.ts]) for one in seen[-NEWEST:]]

    def _seen_in(self, person: Person, channel_id: str) -> list[Message]:
        channel = self._slack.state.channels.get(channel_id)
        said = person.reads(channel) if channel and person.id in channel.members else []
        whispers = [one for one in person.whispers if one.channel == channel_id]
        return sorted([*said, *whispers], key=lambda one: one.ts)

    def _named(self) -> Iterable[str]:
        state = self._slack.state
        yield from (member.id for member in state.people)
        yield from (channel.id for channel in self._slack.channels)
        yield from (group.id for group in state.usergroups)


def _app(state: State) -> Json:
    manifest = state.manifest
    return {
        "name": state.app.bot_name,
        "user_id": state.app.bot_user_id,
        "home_tab": manifest.home_tab,
        "messages_tab": manifest.messages_tab and not manifest.messages_tab_read_only,
    }


def _shortcuts(state: State, kind: str) -> list[Json]:
    there = [one for one in state.manifest.shortcuts if one.type == kind]
    return [{"name": one.name, "callback_id": one.callback_id} for one in there]


def _message(message: Message, replies: int) -> Json:
    raw = message.raw
    return {
        "ts": message.ts,
        "thread_ts": message.thread_ts,
        "user": message.user,
        "is_app": "bot_id" in raw,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": raw.get("attachments", []),
        "ephemeral": message.ephemeral,
        "edited": message.edited,
        "reply_count": replies,
        "reactions": raw.get("reactions", []),
        "files": raw.get("files", []),
    }


def _view(state: State, view: View) -> Json:
    shown = state.shown(view)
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


def _letter(number: str, letter: Letter) -> Json:
    return {
        "id": number,
        "from": str(letter.message["From"]),
        "to": letter.recipients,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
        "at": parsedate_to_datetime(str(letter.message["Date"])).timestamp(),
    }
