"""A desk opened in the test itself, on the real servers, with a database of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pydantic import SecretStr

from jobs.gemini import Gemini
from jobs.retrying import Tools, Work, do_steps
from models.desk import Desk
from models.opening import open_desk
from models.settings import Settings
from models.step import Step
from sandbox.gemini import GeminiStandIn
from sandbox.servers import Servers


@asynccontextmanager
async def desk_on(servers: Servers, **more: Any) -> AsyncIterator[Desk]:
    """The desk of the workspace T1; `more` are settings of its own."""
    redis_url = servers.new_redis_url()
    settings = Settings.model_validate(
        {
            "slack_bot_token": "x",
            "slack_signing_secret": "x",
            "jwt_secret": "x" * 32,
            "mongodb_uri": servers.mongodb_uri,
            "mongodb_database": f"desk{redis_url.rpartition('/')[2]}",
            "redis_url": redis_url,
            **more,
        }
    )
    async with open_desk(settings, database_seconds=5, slack_seconds=1, hurried=False) as desk:
        await desk.begin("T1")
        yield desk


@contextmanager
def gemini_beside(desk: Desk, google: GeminiStandIn) -> Iterator[Tools]:
    """The desk and Gemini, which was asked nothing yet."""
    google.forget()
    key = SecretStr(google.api_key)
    gemini = Gemini.with_key(key, model="gemini-2.5-flash-lite", endpoint=google.endpoint)
    yield Tools(desk=desk, gemini=gemini)
    gemini.close()


async def do_step(tools: Tools, step: Step, work: Work, ticket_id: str) -> None:
    """A worker's try at this one step, if it is due."""
    await do_steps(tools, {step: work}, ticket_id, ending=lambda: True)
