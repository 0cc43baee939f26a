"""Somebody asks what one can do: `/ticket help`."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.subcommand import Subcommand, subcommand_matcher

HELP_TEXT = """\
*What you can do*
• `/ticket` opens a form for a new ticket.
• `/ticket my vpn is down` opens it filled in.
• `/ticket help` shows this.
• `/ticket watch T-42` shows a moderator how that ticket goes on; `/ticket unwatch T-42` stops it.
• `/ticket token` gives you a token for programs, and shows those you have.
• `/ticket admin` is for admins: people, skills and categories, and how the desk does.
Once it is sent, your ticket gets a number and a card in your messages with Frontdesk. \
The card always says who has it and what happens next."""


def register(app: AsyncApp) -> None:
    """Listen for the command."""
    app.command("/ticket", matchers=[subcommand_matcher(Subcommand.HELP)])(show_help)


async def show_help(ack: AsyncAck) -> None:
    """Say what one can do, to that person alone."""
    await ack(HELP_TEXT)
