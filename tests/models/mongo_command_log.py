"""What the desk asks of MongoDB, as its driver sends it."""

from dataclasses import dataclass
from typing import Any

from pymongo import AsyncMongoClient, monitoring
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent

_QUERY_FIELDS = ("filter", "sort", "limit", "hint")


@dataclass(frozen=True, slots=True)
class LoggedQuery:
    """One search: the collection, and what its command says of it."""

    collection: str
    command: dict[str, Any]

    @property
    def filter_fields(self) -> str:
        return " ".join(self.command["filter"])

    def filters_on(self, field: str) -> bool:
        return field in self.command["filter"]

    async def explain(self, uri: str, database: str) -> dict[str, Any]:
        """How the server finds what is searched for, and at how many documents it looks for it."""
        async with AsyncMongoClient[dict[str, Any]](uri) as client:
            return await client[database].command(
                "explain", {"find": self.collection, **self.command}, verbosity="executionStats"
            )


class MongoCommandLog(monitoring.CommandListener):
    """All that is asked of one database.

    Attributes:
        asked: the names of all commands, with the collection each is about.
    """

    def __init__(self, database: str) -> None:
        """The driver keeps a listener for good, and tells it of clients made after it."""
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
            search = {key: command[key] for key in _QUERY_FIELDS if key in command}
        elif "query" in command:
            search = {"filter": command["query"]}
        elif "pipeline" in command:
            search = {"filter": command["pipeline"][0]["$match"]}
        elif "updates" in command:
            search = {"filter": command["updates"][0]["q"]}
        else:
            return
        self.queries.append(LoggedQuery(collection, search))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to hear."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to hear."""
