"""Conversations: channels, private channels and direct messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.slack.primitives.ids import stable_id
from sandbox.slack.primitives.json_types import Json

_DIRECT_MESSAGE_MEMBERS = 2


class ChannelKind(StrEnum):
    """The kinds of conversation, named as `channel_type` in events."""

    CHANNEL = "channel"
    GROUP = "group"
    IM = "im"
    MPIM = "mpim"

    @property
    def scope_prefix(self) -> str:
        """The part of its scopes before the colon: channels:history, im:history, …"""
        return {"channel": "channels", "group": "groups"}.get(self.value, self.value)

    @property
    def list_type(self) -> str:
        """The kind's name in `types` of conversations.list."""
        list_types = {"channel": "public_channel", "group": "private_channel"}
        return list_types.get(self.value, self.value)


@dataclass(slots=True, eq=False)
class Channel:
    """A conversation and the user ids of its members."""

    id: str
    name: str
    kind: ChannelKind
    created: int
    creator: str
    team_id: str
    members: list[str] = field(default_factory=list)
    is_archived: bool = False
    is_open: bool = False

    @property
    def is_private(self) -> bool:
        return self.kind is not ChannelKind.CHANNEL

    def other_member(self, user_id: str) -> str:
        """Return the other member of a direct message."""
        return next((member for member in self.members if member != user_id), user_id)

    def payload_name(self) -> str:
        """Return the channel's name as interactive payloads show it."""
        fixed_names = {ChannelKind.IM: "directmessage", ChannelKind.GROUP: "privategroup"}
        return fixed_names.get(self.kind, self.name)


class Channels:
    def __init__(self, team_id: str) -> None:
        self.team_id = team_id
        self._by_id: dict[str, Channel] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._by_id.values())

    def find(self, channel_id: object) -> Channel | None:
        return self._by_id.get(str(channel_id))

    def find_by_name(self, name: str) -> Channel | None:
        bare_name = name.removeprefix("#")
        return next((c for c in self if c.name and bare_name in (c.name, c.id)), None)

    def add(
        self, name: str, *, kind: ChannelKind, members: list[str], created: int, creator: str
    ) -> Channel:
        channel = Channel(
            id=stable_id("C", self.team_id, name),
            name=name,
            kind=kind,
            created=created,
            creator=creator,
            team_id=self.team_id,
            members=list(members),
            is_open=True,
        )
        if channel.id in self._by_id:
            raise ValueError(f"The workspace already has a channel named {name}.")
        self._by_id[channel.id] = channel
        return channel

    def open_direct(self, *users: str, created: int) -> Channel:
        """Return the one conversation of exactly these people; create it if needed."""
        member_ids = sorted(set(users))
        is_group = len(member_ids) > _DIRECT_MESSAGE_MEMBERS
        channel_id = stable_id("G" if is_group else "D", self.team_id, *member_ids)
        if channel_id not in self._by_id:
            self._by_id[channel_id] = Channel(
                id=channel_id,
                name=f"mpdm-{'--'.join(member_ids).lower()}-1" if is_group else "",
                kind=ChannelKind.MPIM if is_group else ChannelKind.IM,
                created=created,
                creator=users[0],
                team_id=self.team_id,
                members=list(dict.fromkeys(users)),
            )
        return self._by_id[channel_id]


def channel_object(channel: Channel, *, viewer_id: str) -> Json:
    """Return a conversation as conversations.info shows it."""
    if channel.kind is ChannelKind.IM:
        return im_object(channel, viewer_id=viewer_id)
    empty = {"value": "", "creator": "", "last_set": 0}
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind is ChannelKind.CHANNEL,
        "is_group": channel.kind is ChannelKind.GROUP,
        "is_im": False,
        "is_mpim": channel.kind is ChannelKind.MPIM,
        "is_private": channel.is_private,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_general": channel.name == "general",
        "unlinked": 0,
        "name_normalized": channel.name,
        "is_shared": False,
        "is_org_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "pending_connected_team_ids": [],
        "shared_team_ids": [channel.team_id],
        "context_team_id": channel.team_id,
        "updated": channel.created * 1000,
        "creator": channel.creator,
        "is_member": viewer_id in channel.members,
        "topic": dict(empty),
        "purpose": dict(empty),
        "previous_names": [],
    }


def im_object(channel: Channel, *, viewer_id: str) -> Json:
    return {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.is_archived,
        "is_im": True,
        "is_org_shared": False,
        "context_team_id": channel.team_id,
        "updated": channel.created * 1000,
        "user": channel.other_member(viewer_id),
        "last_read": "0000000000.000000",
        "latest": None,
        "unread_count": 0,
        "unread_count_display": 0,
        "is_open": channel.is_open,
        "priority": 0,
    }
