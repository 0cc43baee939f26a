"""The buttons on cards that make a move without a form, such as *Claim* and *Resolve*."""

from collections.abc import Awaitable, Callable

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.card_buttons import CardButtons
from bot.payload import Payload
from models.tickets.actions import ACTIONS, Verb


def register(app: AsyncApp) -> None:
    """Register a listener for each button of a move that has a label and opens no form."""
    for verb, action in ACTIONS.items():
        for card_button in action.buttons:
            if action.event and card_button.label and not card_button.opens_form:
                app.action(card_button.button.value)(_make_listener(verb))


def _make_listener(verb: Verb) -> Callable[..., Awaitable[None]]:
    async def press_button(ack: AsyncAck, body: Payload, *, card_buttons: CardButtons) -> None:
        await card_buttons.handle_move(verb, ack=ack, body=body)

    return press_button
