"""The bot as a process: read the settings, open the desk, serve until told to stop."""

import asyncio
import gc
import logging
import signal
from contextlib import AsyncExitStack
from datetime import timedelta

import uvloop
from tenacity import before_sleep_log, retry, retry_if_exception_type, wait_exponential

from bot.app import build_app
from bot.background import BackgroundTasks
from bot.events.directory_changes import sync_moderator_group
from bot.web.server import Bot, connect_socket_mode, run_http_server
from models.clock import utc_now
from models.errors import DatabaseUnavailable, OutcomeUnknown, PermanentFailure, RetryLater
from models.infra.logs import start_logging
from models.messages.slack_client import BotIdentity
from models.open_app import open_app
from models.settings import read_settings
from models.ticket_service import TicketService

# Both must fit into the three seconds that Slack waits for an answer.
DATABASE_TIMEOUT_SECONDS = 1.5
SLACK_TIMEOUT_SECONDS = 2.5
# A signature is good for five minutes (see `bot.web.request_guard`).
_MAX_CLOCK_SKEW = timedelta(minutes=4)
# What goes on after answers, which take three seconds at most: all is over ten after a SIGTERM.
_BACKGROUND_TIMEOUT_SECONDS = 5
log = logging.getLogger("bot")

_retry_until_available = retry(
    retry=retry_if_exception_type((RetryLater, OutcomeUnknown, DatabaseUnavailable)),
    wait=wait_exponential(max=5),
    before_sleep=before_sleep_log(log, logging.WARNING),
)


def run() -> None:
    """Serve until SIGTERM or SIGINT; then answer what was received, and end."""
    start_logging()
    uvloop.run(_serve())


async def _serve() -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    settings = read_settings()
    background = BackgroundTasks()
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            open_app(
                settings,
                database_timeout_seconds=DATABASE_TIMEOUT_SECONDS,
                slack_timeout_seconds=SLACK_TIMEOUT_SECONDS,
                interactive=True,
            )
        )
        bot = Bot(service)
        stack.push_async_callback(background.wait, timeout_seconds=_BACKGROUND_TIMEOUT_SECONDS)
        await stack.enter_async_context(run_http_server(bot))
        ready = asyncio.create_task(_start_app(bot, background, stack))
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            ready.result()
            await stopping
        ready.cancel()
        log.info("stopping")


async def _start_app(bot: Bot, background: BackgroundTasks, stack: AsyncExitStack) -> None:
    """Learn who we are, prepare the database, and only then take requests."""
    service = bot.service
    try:
        identity = await _fetch_identity(bot)
    except PermanentFailure as refused:
        raise SystemExit(f"Slack refuses SLACK_BOT_TOKEN: {refused}") from refused
    bot.startup_status = "The database does not answer yet."
    await _prepare_database(service, identity)
    bot.team_id = identity.team_id
    bot.app = build_app(service, identity, background)
    token = service.settings.slack_app_token
    if token:
        socket = connect_socket_mode(bot.app, token.get_secret_value())
        bot.socket_client = await stack.enter_async_context(socket)
    background.start(sync_moderator_group(service, identity.team_id))
    background.start(_preload_site(bot))
    log.info("ready for %s, by %s", identity.team_name, "Socket Mode" if token else "HTTP")


async def _preload_site(bot: Bot) -> None:
    """Load what nobody in Slack needs; what is there then stays.

    Else each look for garbage goes through all of it, and whoever asks at that moment waits:
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    if bot.http_app:
        await bot.http_app.load_site()
    gc.collect()
    gc.freeze()


@_retry_until_available
async def _fetch_identity(bot: Bot) -> BotIdentity:
    credentials = await bot.service.slack.token_info()
    off = abs(utc_now() - credentials.slack_time)
    if bot.service.settings.slack_app_token is None and off > _MAX_CLOCK_SKEW:
        bot.startup_status = (
            f"This machine's clock is {off.total_seconds():.0f} s off Slack's, whose requests "
            "would all be refused. Set it, best by NTP."
        )
        raise RetryLater(bot.startup_status)
    return credentials.identity


@_retry_until_available
async def _prepare_database(service: TicketService, identity: BotIdentity) -> None:
    await service.prepare(identity.team_id)
