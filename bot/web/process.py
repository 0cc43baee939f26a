"""The bot process: reads the settings, opens the service, and serves until a signal arrives."""

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
from bot.services import BotServices
from bot.web.server import Bot, run_http_server
from bot.web.socket_mode import connect_socket_mode
from models.clock import utc_now
from models.errors import DatabaseUnavailable, OutcomeUnknown, PermanentFailure, RetryLater
from models.infra.logs import start_logging
from models.messages.slack_client import BotIdentity
from models.migrations import migrate_members
from models.services import bind, open_connections
from models.settings import read_settings

# Both must fit into the three seconds in which Slack expects an answer.
DATABASE_TIMEOUT_SECONDS = 1.5
SLACK_TIMEOUT_SECONDS = 2.5
# A signature is valid for five minutes (see `bot.web.request_guard`).
_MAX_CLOCK_SKEW = timedelta(minutes=4)
# Answers end within three seconds. With this limit the bot has stopped ten seconds after SIGTERM.
_BACKGROUND_TIMEOUT_SECONDS = 5
log = logging.getLogger("bot")

_retry_until_available = retry(
    retry=retry_if_exception_type((RetryLater, OutcomeUnknown, DatabaseUnavailable)),
    wait=wait_exponential(max=5),
    before_sleep=before_sleep_log(log, logging.WARNING),
)


def run() -> None:
    """Serve until SIGTERM or SIGINT, then answer the received requests and stop."""
    start_logging()
    uvloop.run(_serve())


async def _serve() -> None:
    stop_signal = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop_signal.set)
    settings = read_settings()
    background = BackgroundTasks()
    async with AsyncExitStack() as stack:
        connections = await stack.enter_async_context(
            open_connections(
                settings,
                database_timeout_seconds=DATABASE_TIMEOUT_SECONDS,
                slack_timeout_seconds=SLACK_TIMEOUT_SECONDS,
                interactive=True,
            )
        )
        bot = Bot(BotServices(connections, background))
        stack.push_async_callback(background.wait, timeout_seconds=_BACKGROUND_TIMEOUT_SECONDS)
        await stack.enter_async_context(run_http_server(bot))
        start = asyncio.create_task(_start_app(bot, background, stack))
        stop = asyncio.create_task(stop_signal.wait())
        await asyncio.wait({start, stop}, return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            start.result()
            await stop
        start.cancel()
        log.info("the bot is stopping")


async def _start_app(bot: Bot, background: BackgroundTasks, stack: AsyncExitStack) -> None:
    """Fetch the bot's identity, prepare the database, and only then accept requests."""
    services = bot.services
    try:
        identity = await _fetch_identity(bot)
    except PermanentFailure as error:
        raise SystemExit(f"Slack refuses SLACK_BOT_TOKEN: {error}. Check the token.") from error
    bot.startup_status = "MongoDB does not answer yet."
    await _prepare_database(services, identity)
    bot.team_id = identity.team_id
    bot.app = build_app(services, identity)
    token = services.settings.slack_app_token
    if token:
        connection = connect_socket_mode(bot.app, token.get_secret_value())
        bot.socket_client = await stack.enter_async_context(connection)
    background.start(_migrate(services, identity.team_id))
    background.start(_preload_site(bot))
    log.info("ready for %s, by %s", identity.team_name, "Socket Mode" if token else "HTTP")


async def _preload_site(bot: Bot) -> None:
    """Load the site, which Slack's requests do not need, then freeze all objects.

    Without gc.freeze each garbage collection scans all loaded modules, and requests wait for it:
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    if bot.http_app:
        await bot.http_app.load_site()
    gc.collect()
    gc.freeze()


async def _migrate(services: BotServices, team_id: str) -> None:
    """Migrate the data of earlier releases, and read the moderator group once members are ready."""
    await _retry_until_available(bind(migrate_members, services))()
    services.background.start(bind(sync_moderator_group, services)(team_id))
    await _retry_until_available(services.ticket_migration.run)(services.ticket_service)


@_retry_until_available
async def _fetch_identity(bot: Bot) -> BotIdentity:
    credentials = await bot.services.slack.token_info()
    skew = abs(utc_now() - credentials.slack_time)
    if bot.services.settings.slack_app_token is None and skew > _MAX_CLOCK_SKEW:
        bot.startup_status = (
            f"This machine's clock is {skew.total_seconds():.0f} s off Slack's clock. "
            "The bot would refuse all of Slack's requests. Set the clock, best by NTP."
        )
        raise RetryLater(bot.startup_status)
    return credentials.identity


@_retry_until_available
async def _prepare_database(services: BotServices, identity: BotIdentity) -> None:
    await services.prepare(identity.team_id)
