"""A moderator watches another person's ticket, or stops watching it: `/ticket watch T-42`."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.payload import Payload, action_value
from bot.subcommand import TicketSubcommand, parse_ticket_id, ticket_subcommand_matcher
from models.admin.watchers import WatcherAdmin
from models.infra.logs import ticket_log_context
from models.messages.buttons import ButtonValue
from models.people.store import MemberStore
from models.tickets.actions import Button
from models.tickets.watchers import confirmation


def register(app: AsyncApp) -> None:
    """Register the listeners for the commands and the button on the card."""
    app.command("/ticket", matchers=[ticket_subcommand_matcher(TicketSubcommand.WATCH)])(
        start_watching
    )
    app.command("/ticket", matchers=[ticket_subcommand_matcher(TicketSubcommand.UNWATCH)])(
        stop_watching
    )
    app.action(Button.UNWATCH.value)(unwatch_ticket)


async def start_watching(
    ack: AsyncAck, command: Payload, *, members: MemberStore, watcher_admin: WatcherAdmin
) -> None:
    await ack(
        await _set_watching(
            command,
            parse_ticket_id(command),
            watching=True,
            members=members,
            watcher_admin=watcher_admin,
        )
    )


async def stop_watching(
    ack: AsyncAck, command: Payload, *, members: MemberStore, watcher_admin: WatcherAdmin
) -> None:
    await ack(
        await _set_watching(
            command,
            parse_ticket_id(command),
            watching=False,
            members=members,
            watcher_admin=watcher_admin,
        )
    )


async def unwatch_ticket(
    ack: AsyncAck, body: Payload, *, members: MemberStore, watcher_admin: WatcherAdmin
) -> None:
    """Stop watching; the worker updates the card."""
    button_value = ButtonValue.parse(action_value(body))
    await _set_watching(
        body, button_value.ticket_id, watching=False, members=members, watcher_admin=watcher_admin
    )
    await ack()


async def _set_watching(
    body: Payload,
    ticket_id: str,
    *,
    watching: bool,
    members: MemberStore,
    watcher_admin: WatcherAdmin,
) -> str:
    with ticket_log_context(ticket_id):
        member = await identity.identify_member(body, members=members)
        ticket = await watcher_admin.set_watching(
            ticket_id, actor=member, watcher_id=member.slack_id, watching=watching
        )
        return confirmation(ticket, watching=watching)
