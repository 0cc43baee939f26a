"""What is reached over HTTP besides Slack's requests and the bot's health: the API, and links.

It comes with FastAPI, which takes as long to load as all else of the bot, and nobody in Slack needs
it: so it is loaded when all else is there.
"""

from typing import Any

from fastapi import FastAPI

from bot.api import problems
from bot.api.site import build_api
from bot.web.email_links import EmailLinkPages
from models.ticket_service import TicketService


def build_site(service: TicketService, bot: Any) -> FastAPI:
    """The application; `bot` is what its parts ask whether there is an app yet, and whose."""
    site = FastAPI(title="Frontdesk", docs_url=None, redoc_url=None, openapi_url=None)
    # Not every path below /api is found to be the API's: one with a line break in it is not.
    problems.install_error_handlers(site)
    api = build_api()
    api.state.bot = bot
    site.mount("/api", api)
    EmailLinkPages(service).register(site)
    return site
