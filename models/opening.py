"""The desk's tools, opened for as long as a process runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from models.accounts import Accounts
from models.database import Database
from models.desk import Desk
from models.feed import Feed
from models.gate import Gate
from models.lessons import Lessons
from models.openings import Openings
from models.people import People
from models.queue import Queue
from models.search import Search
from models.sent import Sent
from models.settings import Settings
from models.slack import Slack
from models.solutions import Solutions
from models.store import Store
from models.tokens import Tokens
from models.webhooks import Webhooks
from models.welcomes import Welcomes
from models.workload import Workload


@asynccontextmanager
async def open_desk(
    settings: Settings, *, database_seconds: float, slack_seconds: float, hurried: bool
) -> AsyncIterator[Desk]:
    """Open the desk's tools, and close them at the end.

    Args:
        database_seconds: how long one database operation may take: short in the bot, which must
            acknowledge within Slack's three seconds, longer in the worker.
        slack_seconds: the same for one call of Slack's Web API.
        hurried: whether people wait for what is done, so that no call may be kept back.
    """
    limit = aiohttp.ClientTimeout(total=slack_seconds)
    async with aiohttp.ClientSession(timeout=limit) as session:
        database = Database(
            settings.mongodb_uri, settings.mongodb_database, answer_within=database_seconds
        )
        queue = Queue.at(settings.redis_url)
        gate = Gate(settings.redis_url, hurried=hurried)
        slack = Slack.at(settings.slack_api_url, settings.slack_bot_token, session, gate)
        store = Store(database)
        solutions = Solutions(database)
        tokens = Tokens(settings.jwt_secret, settings.jwt_previous_secrets)
        welcomes = Welcomes(database)
        accounts = Accounts(database, store, tokens, welcomes)
        try:
            yield Desk(
                settings=settings,
                database=database,
                store=store,
                openings=Openings(database, welcomes),
                search=Search(database, solutions),
                solutions=solutions,
                feed=Feed(database),
                accounts=accounts,
                people=People(store, slack, accounts, welcomes),
                welcomes=welcomes,
                webhooks=Webhooks(database),
                lessons=Lessons(database),
                workload=Workload(store),
                sent=Sent(database),
                queue=queue,
                gate=gate,
                slack=slack,
            )
        finally:
            await gate.close()
            await queue.close()
            database.close()
