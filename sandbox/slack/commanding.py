"""A person types: a slash command, or a message."""

import re
import uuid
from dataclasses import replace

from sandbox.slack import payloads, posting
from sandbox.slack.acks import MalformedAck, read_command
from sandbox.slack.blocks import typed_text_blocks
from sandbox.slack.channels import Channel
from sandbox.slack.delivery import Ack, Envelope, Outcome, Parcel
from sandbox.slack.door import Hand
from sandbox.slack.errors import SlackError
from sandbox.slack.ids import lasting_id
from sandbox.slack.markup import escaped
from sandbox.slack.messages import Post
from sandbox.slack.response_url import say
from sandbox.slack.shapes import Json

_MENTION = re.compile(r"@([\w.\-]+)")
_CHANNEL = re.compile(r"#([\w\-]+)")


async def run_command(hand: Hand, line: str, channel: Channel) -> None:
    """Deliver it if the manifest knows it, and show what came back."""
    name, _, text = line.partition(" ")
    known = {command.command: command for command in hand.state.manifest.commands}
    if name not in known:
        hand.alert(f"{name} is not a valid command.")
        return
    text = text.strip()
    if known[name].should_escape:
        text = with_ids(hand, text, named=True)
    payload = payloads.slash_command(hand.state, hand.member, channel, command=name, text=text)
    parcel = Parcel("slash_command", Envelope.COMMAND, payload, person=hand.member.id)
    _show_answer(hand, name, channel, await hand.door.delivery.send(parcel))


def _show_answer(hand: Hand, command: str, channel: Channel, ack: Ack) -> None:
    try:
        body = read_command(ack) if ack.ok else None
        if body:
            say(hand.state, channel, body, to=hand.member.id)
    except (MalformedAck, SlackError):
        ack = replace(ack, outcome=Outcome.FAILED)
    if not ack.ok:
        hand.alert(f'{command} failed with the error "{ack.outcome.value}"')


def with_ids(hand: Hand, text: str, *, named: bool = False) -> str:
    """@handles and #channels as Slack encodes them; anything else stays as typed."""

    def mention(found: re.Match[str]) -> str:
        member = hand.state.people.named(found[1])
        label = f"|{found[1]}" if named else ""
        return f"<@{member.id}{label}>" if member else found[0]

    def channel(found: re.Match[str]) -> str:
        there = hand.state.channels.named(found[1])
        return f"<#{there.id}|{there.name}>" if there else found[0]

    return _CHANNEL.sub(channel, _MENTION.sub(mention, escaped(text)))


async def post_message(
    hand: Hand, text: str, channel: Channel, *, thread_ts: str | None = None
) -> Post:
    """Post it as the person; returns when the app has answered the events."""
    encoded = with_ids(hand, text)
    post = Post(
        channel=channel.id,
        ts=hand.state.new_ts(),
        user=hand.member.id,
        team=hand.member.team_id,
        text=encoded,
        blocks=typed_text_blocks(encoded),
        thread_ts=thread_ts,
        client_msg_id=None if hand.member.bot else str(uuid.uuid4()),
        bot_profile=_profile(hand) if hand.member.bot else None,
    )
    for event in posting.post_by(hand.state, channel, post):
        await hand.door.events.tell(event)
    return post


def _profile(hand: Hand) -> Json:
    """Another app's bot, as its messages show it."""
    member = hand.member
    return hand.state.bot_profile() | {
        "id": member.bot_id,
        "name": member.real_name,
        "app_id": lasting_id("A", member.team_id, member.handle),
    }
