"""The FastAPI site: the API and the pages behind e-mail links.

FastAPI takes as long to import as the whole rest of the bot, and Slack's requests do not need it.
So `bot.web.process` loads this module after the bot is ready.
"""

from fastapi import FastAPI

from bot.api import problems
from bot.api.site import build_api
from bot.web.email_links import EmailLinkPages
from bot.web.server import Bot
from models.services import bind


def build_site(bot: Bot) -> FastAPI:
    """The site; the API refuses calls until the bot is ready."""
    site = FastAPI(title="Frontdesk", docs_url=None, redoc_url=None, openapi_url=None)
    # Starlette does not route every path below /api to the mounted API: not one with a line break.
    problems.install_error_handlers(site)
    api = build_api()
    api.state.bot = bot
    site.mount("/api", api)
    bind(EmailLinkPages, bot.services)().register(site)
    return site
