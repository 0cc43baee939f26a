"""The *Details* button on a moderator's card, and the modal with the facts behind the triage."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.card_buttons import CardButtons
from bot.payload import Payload
from bot.ui.open_view import open_view
from bot.ui.views import page_view
from models.messages.block_kit import RichText, View, rich_text, text_element, user_element
from models.messages.slack_client import SlackClient
from models.text import local_time
from models.ticket_store.event_log import EventLog
from models.tickets.actions import ACTIONS, Button, Verb
from models.tickets.field import Kind, Surface
from models.tickets.ticket import Ticket
from models.tickets.visible_ticket import TextStyle, visible_ticket

# Rich text shows Slack's markup as it is.
_STYLE = TextStyle(person=str, time=lambda at: local_time(at, "UTC"))


def register(app: AsyncApp) -> None:
    """Register the listener."""
    app.action(Button.DETAILS.value)(show_details)


async def show_details(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    event_log: EventLog,
    card_buttons: CardButtons,
) -> None:
    """Open the modal; it only reads, so the button of an old card works too."""
    ticket = await card_buttons.get_clicked_ticket(body, Verb.DETAILS)
    correction = await event_log.last_event(ticket, ACTIONS[Verb.CORRECT].event)
    editor = correction.who if correction else ""
    await open_view(slack, body, render(ticket, editor=editor))
    await ack()


def render(ticket: Ticket, *, editor: str = "") -> View:
    """The page: a line for each fact.

    Args:
        editor: the Slack id of the person who edited or confirmed the triage.
    """
    facts = _facts(ticket, editor)
    lines = [
        element
        for label, value in facts.items()
        for element in (text_element(f"{label}: ", bold=True), value, text_element("\n"))
    ]
    return page_view(f"{ticket.id} details", [rich_text(*lines[:-1])])


def _facts(ticket: Ticket, editor: str) -> dict[str, RichText]:
    """The facts by label, as elements of rich text."""
    visible = visible_ticket(ticket, Surface.DETAILS)
    facts = {
        field.label: user_element(value)
        if field.kind is Kind.PERSON and isinstance(value, str)
        else text_element(_STYLE.write(field, value))
        for field, value in (*visible.facts(), *visible.texts())
    }
    if editor and ticket.original_triage:
        is_confirmed = ticket.original_triage == ticket.triage
        label = "Triage confirmed by" if is_confirmed else "Triage edited by"
        facts[label] = user_element(editor)
    return facts
