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
from bot.background import Background
from bot.listeners.follow_people import read_group
from bot.serve import Bot, open_doors, open_socket
from models.clock import now
from models.desk import Desk
from models.errors import NotNow, Refused, Unavailable, Unknown
from models.logs import start_logging
from models.opening import open_desk
from models.settings import read_settings
from models.slack import Identity

# Both must fit into the three seconds that Slack waits for an answer.
DATABASE_SECONDS = 1.5
SLACK_SECONDS = 2.5
# A signature is good for five minutes (see `bot.guard`).
_OFF_AT_MOST = timedelta(minutes=4)
# What goes on after answers, which take three seconds at most: all is over ten after a SIGTERM.
_AFTER_SECONDS = 5
log = logging.getLogger("bot")

_until_it_answers = retry(
    retry=retry_if_exception_type((NotNow, Unknown, Unavailable)),
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
    background = Background()
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(
            open_desk(
                settings,
                database_seconds=DATABASE_SECONDS,
                slack_seconds=SLACK_SECONDS,
                hurried=True,
            )
        )
        bot = Bot(desk)
        stack.push_async_callback(background.wait, seconds=_AFTER_SECONDS)
        await stack.enter_async_context(open_doors(bot))
        ready = asyncio.create_task(_make_ready(bot, background, stack))
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            ready.result()
            await stopping
        ready.cancel()
        log.info("stopping")


async def _make_ready(bot: Bot, background: Background, stack: AsyncExitStack) -> None:
    """Learn who we are, prepare the database, and only then take requests."""
    desk = bot.desk
    try:
        identity = await _who_we_are(bot)
    except Refused as refused:
        raise SystemExit(f"Slack refuses SLACK_BOT_TOKEN: {refused}") from refused
    bot.waits_for = "The database does not answer yet."
    await _prepare(desk, identity)
    bot.team_id = identity.team_id
    bot.app = build_app(desk, identity, background)
    token = desk.settings.slack_app_token
    if token:
        socket = open_socket(bot.app, token.get_secret_value())
        bot.socket = await stack.enter_async_context(socket)
    background.start(read_group(desk, identity.team_id))
    background.start(_load_the_rest(bot))
    log.info("ready for %s, by %s", identity.team_name, "Socket Mode" if token else "HTTP")


async def _load_the_rest(bot: Bot) -> None:
    """Load what nobody in Slack needs; what is there then stays.

    Else each look for garbage goes through all of it, and whoever asks at that moment waits:
    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    if bot.front:
        await bot.front.site()
    gc.collect()
    gc.freeze()


@_until_it_answers
async def _who_we_are(bot: Bot) -> Identity:
    credentials = await bot.desk.slack.credentials()
    off = abs(now() - credentials.at)
    if bot.desk.settings.slack_app_token is None and off > _OFF_AT_MOST:
        bot.waits_for = (
            f"This machine's clock is {off.total_seconds():.0f} s off Slack's, whose requests "
            "would all be refused. Set it, best by NTP."
        )
        raise NotNow(bot.waits_for)
    return credentials.identity


@_until_it_answers
async def _prepare(desk: Desk, identity: Identity) -> None:
    await desk.begin(identity.team_id)
