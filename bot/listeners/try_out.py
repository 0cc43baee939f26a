"""An admin tries a text: what triage and assignment would say of it, with nothing stored."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.views import try_out
from models import arranging, builtin
from models.assignment import choose, doubtful, passed_over
from models.clock import now
from models.desk import Desk
from models.errors import DeskError, OutsideError
from models.floors import by_words
from models.ticket import Ticket


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(try_out.OPEN)(open_try_out)
    app.view(try_out.CALLBACK)(try_text)


async def open_try_out(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show the form on top of the one about people."""
    await acting.admin(desk, body)
    try:
        await desk.slack.push_view(body["trigger_id"], try_out.draw())
    except OutsideError as error:
        raise DeskError("Slack did not open the form. Please try again.") from error
    await ack()


async def try_text(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show under the text what would come of it; it goes nowhere from here."""
    team_id = (await acting.admin(desk, body)).team_id
    ticket = _ticket(team_id, *try_out.read(body["view"]))
    configuration = await desk.store.configuration(team_id)
    said = builtin.triage(ticket, configuration, why="")
    least = by_words(ticket.text, desk.settings.floor_words)
    said = builtin.raised(said, ticket, configuration, least=least)
    ticket = ticket.model_copy(update={"triage": said})
    people, _ = await arranging.candidates(desk, team_id)
    at = now()
    results = try_out.told(
        said,
        choose(ticket, people, now=at, doubt=doubtful(ticket, configuration)),
        passed_over(ticket, people, now=at),
        private=builtin.private_category(ticket, configuration) is not None,
        asks_gemini=desk.settings.gemini_api_key is not None,
    )
    await ack(response_action="update", view=try_out.draw(*results))


def _ticket(team_id: str, title: str, description: str) -> Ticket:
    """The text as a ticket that nobody has opened."""
    return Ticket(
        id="T-0",
        team_id=team_id,
        key="",
        requester="",
        title=title,
        description=description,
        urgency=None,
        confidential=False,
        opened_at=now(),
    )
