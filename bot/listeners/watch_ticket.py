"""A moderator watches a ticket of somebody else's, and stops: `/ticket watch T-42`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.subcommand import About, about_ticket, ticket_in
from models.cards import Button, Pressed
from models.desk import Desk
from models.logs import about
from models.watching import said, watch


def register(app: AsyncApp) -> None:
    """Listen for the commands, and for the button on the card."""
    app.command("/ticket", matchers=[about_ticket(About.WATCH)])(start_watching)
    app.command("/ticket", matchers=[about_ticket(About.UNWATCH)])(stop_watching)
    app.action(Button.UNWATCH.value)(unwatch_ticket)


async def start_watching(ack: AsyncAck, command: dict[str, Any], desk: Desk) -> None:
    """Watch it."""
    await ack(await _watched(desk, command, ticket_in(command), watches=True))


async def stop_watching(ack: AsyncAck, command: dict[str, Any], desk: Desk) -> None:
    """Watch it no more."""
    await ack(await _watched(desk, command, ticket_in(command), watches=False))


async def unwatch_ticket(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Watch it no more; the worker draws the card anew."""
    pressed = Pressed.read(body["actions"][0].get("value", ""))
    await _watched(desk, body, pressed.ticket_id, watches=False)
    await ack()


async def _watched(desk: Desk, body: dict[str, Any], ticket_id: str, *, watches: bool) -> str:
    with about(ticket_id):
        member = await acting.member(desk, body)
        ticket = await watch(desk, ticket_id, by=member, who=member.slack_id, watches=watches)
        return said(ticket, watches=watches)
