"""Conversations: channels, private channels and direct messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from sandbox.slack.ids import lasting_id
from sandbox.slack.shapes import Json

_A_PAIR = 2


class Kind(StrEnum):
    """As `channel_type` in events and `types` in conversations.list have it."""

    CHANNEL = "channel"
    GROUP = "group"
    IM = "im"
    MPIM = "mpim"

    @property
    def scope_area(self) -> str:
        """The part before the colon of its scopes: channels:history, im:history, …"""
        return {"channel": "channels", "group": "groups"}.get(self.value, self.value)

    @property
    def listed_as(self) -> str:
        listed = {"channel": "public_channel", "group": "private_channel"}
        return listed.get(self.value, self.value)


@dataclass(slots=True, eq=False)
class Channel:
    """A conversation and who is in it (by user id)."""

    id: str
    name: str
    kind: Kind
    created: int
    creator: str
    team_id: str
    members: list[str] = field(default_factory=list)
    archived: bool = False
    open: bool = False

    @property
    def private(self) -> bool:
        return self.kind is not Kind.CHANNEL

    def other_than(self, user_id: str) -> str:
        """Of a direct message: the other one."""
        return next((member for member in self.members if member != user_id), user_id)

    def called(self) -> str:
        """The channel's name as interactive payloads carry it."""
        spoken = {Kind.IM: "directmessage", Kind.GROUP: "privategroup"}
        return spoken.get(self.kind, self.name)


class Channels:
    def __init__(self, team_id: str) -> None:
        self.team_id = team_id
        self._by_id: dict[str, Channel] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._by_id.values())

    def get(self, channel_id: object) -> Channel | None:
        return self._by_id.get(str(channel_id))

    def named(self, name: str) -> Channel | None:
        bare = name.removeprefix("#")
        return next((c for c in self if c.name and bare in (c.name, c.id)), None)

    def add(
        self, name: str, *, kind: Kind, members: list[str], created: int, creator: str
    ) -> Channel:
        channel = Channel(
            id=lasting_id("C", self.team_id, name),
            name=name,
            kind=kind,
            created=created,
            creator=creator,
            team_id=self.team_id,
            members=list(members),
            open=True,
        )
        if channel.id in self._by_id:
            raise ValueError(f"There already is a channel named {name}.")
        self._by_id[channel.id] = channel
        return channel

    def direct(self, *users: str, created: int) -> Channel:
        """The conversation of exactly these people; there is only ever one."""
        together = sorted(set(users))
        several = len(together) > _A_PAIR
        channel_id = lasting_id("G" if several else "D", self.team_id, *together)
        if channel_id not in self._by_id:
            self._by_id[channel_id] = Channel(
                id=channel_id,
                name=f"mpdm-{'--'.join(together).lower()}-1" if several else "",
                kind=Kind.MPIM if several else Kind.IM,
                created=created,
                creator=users[0],
                team_id=self.team_id,
                members=list(dict.fromkeys(users)),
            )
        return self._by_id[channel_id]


def channel_object(channel: Channel, *, seen_by: str) -> Json:
    """A conversation as conversations.info gives it."""
    if channel.kind is Kind.IM:
        return im_object(channel, seen_by=seen_by)
    empty = {"value": "", "creator": "", "last_set": 0}
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind is Kind.CHANNEL,
        "is_group": channel.kind is Kind.GROUP,
        "is_im": False,
        "is_mpim": channel.kind is Kind.MPIM,
        "is_private": channel.private,
        "created": channel.created,
        "is_archived": channel.archived,
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
        "is_member": seen_by in channel.members,
        "topic": dict(empty),
        "purpose": dict(empty),
        "previous_names": [],
    }


def im_object(channel: Channel, *, seen_by: str) -> Json:
    return {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.archived,
        "is_im": True,
        "is_org_shared": False,
        "context_team_id": channel.team_id,
        "updated": channel.created * 1000,
        "user": channel.other_than(seen_by),
        "last_read": "0000000000.000000",
        "latest": None,
        "unread_count": 0,
        "unread_count_display": 0,
        "is_open": channel.open,
        "priority": 0,
    }
