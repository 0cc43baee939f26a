"""Changes bot and worker from inside for tests: Python imports this file at process start.

A process finds this file if its PYTHONPATH begins with this folder. The environment chooses the
change: a wrong clock, one protection removed to see which tests fail, or a record of all MongoDB
commands.
https://docs.python.org/3/library/site.html#module-sitecustomize
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[1]
SABOTAGE_VARIABLE, CLOCK_OFFSET_VARIABLE, RECORDING_VARIABLE = (
    "SABOTAGE",
    "MINUTES_OFF",
    "RECORDING",
)


def hook_environment(**variables: str) -> dict[str, str]:
    """The environment of a process that imports this file."""
    return {"PYTHONPATH": f"{FOLDER}{os.pathsep}{PROJECT}", **variables}


def _shift_clock(minutes: float) -> None:
    import time_machine

    time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=True).start()


def _record_mongo_commands(path: Path) -> None:
    """Append each MongoDB command with its time to a file, as BSON documents."""
    import time

    from bson import encode
    from pymongo import monitoring

    class CommandRecorder(monitoring.CommandListener):
        def started(self, event: monitoring.CommandStartedEvent) -> None:
            if event.command_name not in {"hello", "ping", "endSessions"}:
                entry = {"at": time.time(), "name": event.command_name, "command": event.command}
                with path.open("ab") as file:
                    file.write(encode(entry))

        def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
            pass

        def failed(self, event: monitoring.CommandFailedEvent) -> None:
            pass

    monitoring.register(CommandRecorder())


def _no_unique_index() -> None:
    from models.ticket_store.store import TicketStore

    async def prepare(self: Any) -> None:
        await self._db.tickets.create_index("key", unique=False)
        await self._db.upsert("counters", "tickets", {"$setOnInsert": {"last": 0}})

    TicketStore.prepare = prepare  # type: ignore[method-assign]


def _no_lease_filter() -> None:
    from models.tickets.pending_step import Step
    from models.tickets.ticket import Ticket

    original = Ticket.with_step_leased

    def lease_again(self: Ticket, step: Step, *, now: datetime) -> Ticket:
        pending = self.find_step(step)
        if pending and pending.is_leased:
            self = self._with_pending_step(pending.model_copy(update={"due": now}))
        return original(self, step, now=now)

    Ticket.with_step_leased = lease_again  # type: ignore[method-assign,assignment]


def _slack_sdk_retries() -> None:
    from slack_sdk.http_retry.builtin_async_handlers import (
        async_default_handlers,
    )

    from models.messages.slack_client import SlackClient

    original = SlackClient.__init__

    def init_with_retries(self: SlackClient, client: Any, *args: Any, **kwargs: Any) -> None:
        client.retry_handlers = async_default_handlers()
        original(self, client, *args, **kwargs)

    SlackClient.__init__ = init_with_retries  # type: ignore[method-assign]


def _constant_job_id() -> None:
    from dataclasses import replace

    from models.job_queue import step_queue

    original = step_queue._to_step_job

    def to_job(ticket_id: str, pending: Any, *arguments: Any) -> Any:
        job = original(ticket_id, pending, *arguments)
        return replace(job, job_id=f"{ticket_id}:{pending.step.value}")

    step_queue._to_step_job = to_job  # type: ignore[assignment]


def _no_sweep() -> None:
    from models.ticket_store.store import TicketStore

    async def due_tickets(_self: TicketStore, *, limit: int) -> tuple[list[Any], datetime]:
        return [], datetime.now(UTC)

    TicketStore.due_tickets = due_tickets  # type: ignore[method-assign,assignment]


def _no_search() -> None:
    from models.messages.slack_client import SlackClient

    async def find_nothing(*_: Any, **__: Any) -> list[str]:
        return []

    SlackClient.find_messages = find_nothing  # type: ignore[method-assign]


def _no_revision_guard() -> None:
    """Delay each claim, and let it overwrite changes that happened meanwhile."""
    import asyncio

    from models.ticket_store.documents import ticket_to_document
    from models.ticket_store.store import TicketStore
    from models.tickets.ticket import Status, Ticket

    original = TicketStore.compare_and_set

    async def overwrite(self: TicketStore, before: Ticket, after: Ticket) -> Ticket | None:
        if (before.status, after.status) != (Status.OFFERED, Status.CLAIMED):
            return await original(self, before, after)
        await asyncio.sleep(0.2)
        stored = after.model_copy(update={"rev": before.rev + 1})
        await self._db.tickets.replace_one({"_id": before.id}, ticket_to_document(stored))
        return stored

    TicketStore.compare_and_set = overwrite  # type: ignore[method-assign]


def _older_release() -> None:
    """Act as a release without the step `ask_requester`."""
    from jobs.worker import WorkerSettings
    from models.errors import CorruptDocument
    from models.ticket_store import documents, store

    original = documents.ticket_from_document

    def read_ticket(document: dict[str, Any]) -> Any:
        if "ask_requester" in str(document.get("pending")):
            raise CorruptDocument("a step of a newer release") from ValueError("ask_requester")
        return original(document)

    store.ticket_from_document = read_ticket  # type: ignore[attr-defined]
    functions = WorkerSettings.functions
    functions[:] = [
        function for function in functions if getattr(function, "name", "") != "ask_requester"
    ]


def _no_policy_filter() -> None:
    """Let lists and searches find the tickets that a person may not see."""
    from models.search import search

    search.visibility_filter = lambda member: {}  # type: ignore[attr-defined]


def _no_rate_limits() -> None:
    """Call Slack and the mail server without the worker's own rate limits."""
    from models.infra import outbound_calls

    unlimited = outbound_calls.RateLimit(interval=timedelta(milliseconds=1), burst=1000)
    outbound_calls.RATE_LIMITS = dict.fromkeys(outbound_calls.RATE_LIMITS, unlimited)
    outbound_calls.CHANNEL_RATE_LIMIT = unlimited


def _no_tolerant_reader() -> None:
    """Stop each query at the first document that cannot be read."""
    from models.infra.document_reader import DocumentReader

    async def split(self: DocumentReader[Any], documents: Any) -> tuple[list[Any], list[Any]]:
        return [self._parse(document) for document in documents], []

    DocumentReader.split = split  # type: ignore[method-assign]


SABOTAGES: dict[str, Callable[[], None]] = {
    "no unique index": _no_unique_index,
    "no lease filter": _no_lease_filter,
    "slack_sdk's own retries": _slack_sdk_retries,
    "constant job id": _constant_job_id,
    "no sweep": _no_sweep,
    "no search before a message is resent": _no_search,
    "no revision check": _no_revision_guard,
    "no policy filter": _no_policy_filter,
    "no tolerant reader": _no_tolerant_reader,
    "older release": _older_release,
    "no rate limits": _no_rate_limits,
}

if __name__ == "sitecustomize":
    if minutes := os.environ.get(CLOCK_OFFSET_VARIABLE):
        _shift_clock(float(minutes))
    if recording := os.environ.get(RECORDING_VARIABLE):
        _record_mongo_commands(Path(recording))
    if name := os.environ.get(SABOTAGE_VARIABLE):
        SABOTAGES[name]()
