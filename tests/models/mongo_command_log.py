"""A log of the commands that the driver sends to MongoDB."""

from dataclasses import dataclass
from typing import Any

from pymongo import AsyncMongoClient, monitoring
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent

_QUERY_FIELDS = ("filter", "sort", "limit", "hint")


@dataclass(frozen=True, slots=True)
class LoggedQuery:
    """A query: its collection, and its filter, sort, limit and hint."""

    collection: str
    command: dict[str, Any]

    @property
    def filter_fields(self) -> str:
        return " ".join(self.command["filter"])

    def filters_on(self, field: str) -> bool:
        return field in self.command["filter"]

    async def explain(self, uri: str, database: str) -> dict[str, Any]:
        """MongoDB's query plan, with the number of documents that it reads."""
        async with AsyncMongoClient[dict[str, Any]](uri) as client:
            return await client[database].command(
                "explain", {"find": self.collection, **self.command}, verbosity="executionStats"
            )


class MongoCommandLog(monitoring.CommandListener):
    """Logs the commands to one database.

    Attributes:
        commands: the names of all commands, each with its collection.
        queries: the commands that have a filter.
    """

    def __init__(self, database: str) -> None:
        # pymongo keeps a listener forever, and calls it only for clients that are created later.
        self.database = database
        self.commands: list[tuple[str, str]] = []
        self.queries: list[LoggedQuery] = []
        monitoring.register(self)

    def started(self, event: CommandStartedEvent) -> None:
        command, collection = event.command, event.command.get(event.command_name)
        if event.database_name != self.database or not isinstance(collection, str):
            return
        self.commands.append((event.command_name, collection))
        if "filter" in command:
            query = {key: command[key] for key in _QUERY_FIELDS if key in command}
        elif "query" in command:
            query = {"filter": command["query"]}
        elif "pipeline" in command:
            query = {"filter": command["pipeline"][0]["$match"]}
        elif "updates" in command:
            query = {"filter": command["updates"][0]["q"]}
        else:
            return
        self.queries.append(LoggedQuery(collection, query))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Required by pymongo."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Required by pymongo."""
