"""An admin tries a text: what triage and assignment would say of it; no ticket comes of it.

What the built-in engine says is shown at once. What the desk would really say, a worker is asked,
which has Gemini and all that the desk has learnt: it takes the other's place when it comes.
"""

from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from bot import acting
from bot.background import Background
from bot.views import try_out
from models import arranging, builtin, wariness
from models.assignment import choose, doubtful, passed_over
from models.cards import Block
from models.clock import now
from models.desk import Desk
from models.errors import DeskError, Gone, OutsideError
from models.floors import by_words
from models.ticket import Ticket
from models.triage import Triage
from models.trial import tried

_QUESTION = "try_out"
_OPENS_SECONDS = 5


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


async def try_text(ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background) -> None:
    """Show on top of the text what would come of it, first by the engine that is at hand."""
    team_id = (await acting.admin(desk, body)).team_id
    ticket = tried(team_id, *try_out.read(body["view"]))
    configuration = await desk.store.configuration(team_id)
    said = builtin.triage(wariness.to_be_read(ticket), configuration, why="")
    said = wariness.noted(said, ticket)
    least = by_words(ticket.text, desk.settings.floor_words)
    said = builtin.raised(said, ticket, configuration, least=least)
    kept = builtin.private_category(ticket, configuration) or wariness.instructs(ticket.text)
    gemini = desk.settings.gemini_api_key is not None and not kept
    # Each text has a page of its own, so that a late answer comes to its own text alone.
    page = uuid4().hex
    shown = await _told(desk, ticket, said, by=try_out.asking(gemini=gemini))
    background.start(_ask(desk, ticket, said, page))
    await ack(response_action="push", view=try_out.result(page, *shown))


async def _ask(desk: Desk, ticket: Ticket, at_once: Triage, page: str) -> None:
    """Have a worker read the text as it would a ticket, and show what it says."""
    answer = await desk.queue.ask(
        _QUESTION, ticket.team_id, ticket.title, ticket.description, seconds=try_out.ASK_SECONDS
    )
    try:
        said = Triage.model_validate(answer)
    except ValidationError:
        shown = await _told(desk, ticket, at_once, by=try_out.NOBODY)
    else:
        shown = await _told(desk, ticket, said, by=try_out.answered(said))
    await _show(desk, page, try_out.result(page, *shown))


# Slack may not have opened the page yet; when it never does, nobody waits for it any more.
@retry(
    retry=retry_if_exception_type(Gone),
    wait=wait_exponential(multiplier=0.1, max=1),
    stop=stop_after_delay(_OPENS_SECONDS),
    reraise=True,
)
async def _show(desk: Desk, page: str, view: Block) -> None:
    await desk.slack.fill_view(page, view)


async def _told(desk: Desk, ticket: Ticket, said: Triage, *, by: str) -> list[str]:
    """What is said of the text, and who would get it."""
    people, configuration = await arranging.candidates(desk, ticket.team_id)
    ticket, at = ticket.model_copy(update={"triage": said}), now()
    chosen = choose(ticket, people, now=at, doubt=doubtful(ticket, configuration))
    return try_out.told(said, chosen, passed_over(ticket, people, now=at), by)
