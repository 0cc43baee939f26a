"""The services of the bot, by the names of listeners' arguments."""

from typing import Final

from bot.background import BackgroundTasks
from bot.card_buttons import CardButtons
from models.services import Connections, Services, bind


class BotServices(Services):
    """The services for listeners, API routes and link pages."""

    def __init__(self, connections: Connections, background: BackgroundTasks) -> None:
        super().__init__(connections)
        self.background: Final = background
        self.card_buttons: Final = bind(CardButtons, self)()
