"""The buttons on cards that make a move without a form, such as *Claim* and *Resolve*."""

from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.background import BackgroundTasks
from bot.card_buttons import handle_move
from bot.payload import Payload
from models.ticket_service import TicketService
from models.tickets.action import Verb
from models.tickets.actions import ACTIONS


def register(app: AsyncApp) -> None:
    """Register a listener for each button of a move that has a label and opens no form."""
    for verb, action in ACTIONS.items():
        for card_button in action.buttons:
            if action.event and card_button.label and not card_button.opens_form:
                app.action(card_button.button.value)(_make_listener(verb))


def _make_listener(verb: Verb) -> Callable[..., Awaitable[None]]:
    async def press_button(
        ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
    ) -> None:
        await handle_move(verb, ack=ack, body=body, service=service, background=background)

    return press_button
