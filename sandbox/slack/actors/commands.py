"""Typed input: slash commands and messages."""

import re
import uuid
from dataclasses import replace

from sandbox.slack.actors.actor import Actor
from sandbox.slack.content.mrkdwn import escape
from sandbox.slack.content.stored_blocks import to_rich_text_blocks
from sandbox.slack.delivery import request_payloads
from sandbox.slack.delivery.acks import MalformedAck, parse_command_ack
from sandbox.slack.delivery.delivery import Ack, AppRequest, DeliveryOutcome, EnvelopeKind
from sandbox.slack.entities.channels import Channel
from sandbox.slack.entities.messages import Post
from sandbox.slack.messaging import posting
from sandbox.slack.messaging.response_url import post_response
from sandbox.slack.primitives.errors import SlackError
from sandbox.slack.primitives.ids import stable_id
from sandbox.slack.primitives.json_types import Json

_MENTION = re.compile(r"@([\w.\-]+)")
_CHANNEL = re.compile(r"#([\w\-]+)")


async def run_command(actor: Actor, line: str, channel: Channel) -> None:
    """Deliver a command of the manifest and show the app's answer."""
    name, _, text = line.partition(" ")
    commands = {command.command: command for command in actor.state.manifest.commands}
    if name not in commands:
        actor.add_alert(f"{name} is not a valid command.")
        return
    text = text.strip()
    if commands[name].should_escape:
        text = encode_references(actor, text, with_labels=True)
    payload = request_payloads.slash_command(
        actor.state, actor.member, channel, command=name, text=text
    )
    request = AppRequest("slash_command", EnvelopeKind.COMMAND, payload, person_id=actor.member.id)
    _show_response(actor, name, channel, await actor.gateway.delivery.send(request))


def _show_response(actor: Actor, command: str, channel: Channel, ack: Ack) -> None:
    try:
        body = parse_command_ack(ack) if ack.ok else None
        if body:
            post_response(actor.state, channel, body, user_id=actor.member.id)
    except (MalformedAck, SlackError):
        ack = replace(ack, outcome=DeliveryOutcome.FAILED)
    if not ack.ok:
        actor.add_alert(f'{command} failed with the error "{ack.outcome.value}"')


def encode_references(actor: Actor, text: str, *, with_labels: bool = False) -> str:
    """Return the text with @handles and #channels encoded as Slack does."""

    def encode_mention(match: re.Match[str]) -> str:
        member = actor.state.people.find_by_name(match[1])
        label = f"|{match[1]}" if with_labels else ""
        return f"<@{member.id}{label}>" if member else match[0]

    def encode_channel(match: re.Match[str]) -> str:
        channel = actor.state.channels.find_by_name(match[1])
        return f"<#{channel.id}|{channel.name}>" if channel else match[0]

    return _CHANNEL.sub(encode_channel, _MENTION.sub(encode_mention, escape(text)))


async def post_message(
    actor: Actor, text: str, channel: Channel, *, thread_ts: str | None = None
) -> Post:
    """Post a message as the person; return after the app has answered the events."""
    encoded = encode_references(actor, text)
    post = Post(
        channel=channel.id,
        ts=actor.state.new_ts(),
        user=actor.member.id,
        team=actor.member.team_id,
        text=encoded,
        blocks=to_rich_text_blocks(encoded),
        thread_ts=thread_ts,
        client_msg_id=None if actor.member.bot else str(uuid.uuid4()),
        bot_profile=_bot_profile(actor) if actor.member.bot else None,
    )
    for event in posting.post_as_person(actor.state, channel, post):
        await actor.gateway.event_dispatcher.dispatch_and_wait(event)
    return post


def _bot_profile(actor: Actor) -> Json:
    """Return the profile of another app's bot, as its messages show it."""
    member = actor.member
    return actor.state.bot_profile() | {
        "id": member.bot_id,
        "name": member.real_name,
        "app_id": stable_id("A", member.team_id, member.handle),
    }
