"""The answer to `/ticket help`: what the reader's role can do."""

import logging

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.payload import Payload
from bot.subcommand import Subcommand, subcommand_matcher
from models.errors import DatabaseUnavailable, NotAllowed
from models.infra.database import deadline
from models.people.member import Role
from models.people.store import MemberStore

_HELP_LINES = {
    Role.USER: (
        "`/ticket` opens the form for a new ticket.",
        "`/ticket my vpn is down` opens the form with this title.",
        "`/ticket help` shows this list.",
        "`/ticket token` creates an API token and lists your tokens.",
    ),
    Role.MODERATOR: (
        "`/ticket watch T-42` sends you a card that follows this ticket.",
        "`/ticket unwatch T-42` stops that.",
        "Buttons on a card: *Claim* takes the ticket, *Decline* and *Release* offer it to the next "
        "person, *Resolve* ends the work, *Edit triage* changes category, priority and skills, "
        "*Details* shows how triage decided.",
    ),
    Role.ADMIN: (
        "`/ticket admin` opens *Settings*: members, guest policy, skills, categories, webhooks, "
        "system health and logs.",
    ),
}
_CARD_TEXT = (
    "Each ticket gets a number and a card in your direct messages with Frontdesk. "
    "The card shows who has the ticket and what happens next."
)
_ROLE_UNKNOWN_TEXT = (
    "The database does not answer, so this list is only for the role user. "
    "For your full list, try again in a minute."
)
# Slack waits three seconds for the acknowledgement.
_ROLE_LOOKUP_SECONDS = 1.5
log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Register the listener."""
    app.command("/ticket", matchers=[subcommand_matcher(Subcommand.HELP)])(show_help)


async def show_help(ack: AsyncAck, command: Payload, *, members: MemberStore) -> None:
    """Answer with an ephemeral message; without the database, with the list for users."""
    try:
        with deadline(_ROLE_LOOKUP_SECONDS):
            member = await identity.identify_member(command, members=members)
    except DatabaseUnavailable as error:
        log.warning("help is for the role user: MongoDB does not answer: %r", error.__cause__)
        await ack(f"{render(Role.USER)}\n{_ROLE_UNKNOWN_TEXT}")
        return
    except NotAllowed as refused:
        # The guest policy refuses this person; the list explains what others can do.
        await ack(f"{render(Role.USER)}\n{refused}")
        return
    await ack(render(member.role if member.active else Role.USER))


def render(role: Role) -> str:
    """The help text for this role (mrkdwn); each role can do all that the one before it can."""
    roles = list(Role)
    lines = [line for each in roles[: roles.index(role) + 1] for line in _HELP_LINES[each]]
    return "\n".join(["*What you can do*", *(f"• {line}" for line in lines), _CARD_TEXT])
