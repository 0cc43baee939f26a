"""What tests do to the bot and the worker from inside: Python imports this when a process begins.

It is found by a process whose PYTHONPATH begins with this folder, and does what the environment
names: sets the clock wrong, takes away one protection of the desk, to see which tests notice, or
writes down what MongoDB is asked.
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
    """The environment of a process in which this happens."""
    return {"PYTHONPATH": f"{FOLDER}{os.pathsep}{PROJECT}", **variables}


def _shift_clock(minutes: float) -> None:
    import time_machine

    time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=True).start()


def _record_mongo_commands(path: Path) -> None:
    """Write what MongoDB is asked, and when, into a file, one BSON document after the other."""
    import time

    from bson import encode
    from pymongo import monitoring

    class Recording(monitoring.CommandListener):
        def started(self, event: monitoring.CommandStartedEvent) -> None:
            if event.command_name not in {"hello", "ping", "endSessions"}:
                known = {"at": time.time(), "name": event.command_name, "command": event.command}
                with path.open("ab") as file:
                    file.write(encode(known))

        def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
            pass

        def failed(self, event: monitoring.CommandFailedEvent) -> None:
            pass

    monitoring.register(Recording())


def _no_unique_index() -> None:
    from models.tickets.store import TicketStore

    async def prepare(self: Any) -> None:
        await self._db.tickets.create_index("key", unique=False)
        await self._db.upsert("counters", "tickets", {"$setOnInsert": {"last": 0}})

    TicketStore.prepare = prepare  # type: ignore[method-assign]


def _no_lease_filter() -> None:
    from models.tickets.pending_step import Step
    from models.tickets.ticket import Ticket

    leased = Ticket.with_step_leased

    def step_leased(self: Ticket, step: Step, *, now: datetime) -> Ticket:
        entry = self.find_step(step)
        if entry and entry.is_leased:
            self = self._with_pending_step(entry.model_copy(update={"due": now}))
        return leased(self, step, now=now)

    Ticket.with_step_leased = step_leased  # type: ignore[method-assign,assignment]


def _slack_sdk_retries() -> None:
    from slack_sdk.http_retry.builtin_async_handlers import (
        async_default_handlers,
    )

    from models.messages.slack_client import SlackClient

    made = SlackClient.__init__

    def init(self: SlackClient, client: Any, gate: Any) -> None:
        client.retry_handlers = async_default_handlers()
        made(self, client, gate)

    SlackClient.__init__ = init  # type: ignore[method-assign]


def _constant_job_id() -> None:
    from dataclasses import replace

    from models.job_queue import step_queue

    made = step_queue._to_step_job

    def ring(ticket_id: str, entry: Any, *rest: Any) -> Any:
        return replace(made(ticket_id, entry, *rest), job_id=f"{ticket_id}:{entry.step.value}")

    step_queue._to_step_job = ring  # type: ignore[assignment]


def _no_sweep() -> None:
    from models.tickets.store import TicketStore

    async def due_tickets(_self: TicketStore, *, limit: int) -> tuple[list[Any], datetime]:
        return [], datetime.now(UTC)

    TicketStore.due_tickets = due_tickets  # type: ignore[method-assign,assignment]


def _no_look_up() -> None:
    from models.messages.slack_client import SlackClient

    async def find(*_: Any, **__: Any) -> list[str]:
        return []

    SlackClient.find_messages = find  # type: ignore[method-assign]


def _no_revision_guard() -> None:
    """Who claims takes a moment, and writes over whatever was written in it."""
    import asyncio

    from models.tickets.documents import ticket_to_document
    from models.tickets.store import TicketStore
    from models.tickets.ticket import Status, Ticket

    guarded = TicketStore.compare_and_set

    async def replace(self: TicketStore, before: Ticket, after: Ticket) -> Ticket | None:
        if (before.status, after.status) != (Status.OFFERED, Status.CLAIMED):
            return await guarded(self, before, after)
        await asyncio.sleep(0.2)
        written = after.model_copy(update={"rev": before.rev + 1})
        await self._db.tickets.replace_one({"_id": before.id}, ticket_to_document(written))
        return written

    TicketStore.compare_and_set = replace  # type: ignore[method-assign]


def _older_release() -> None:
    """One that does not know yet of asking the requester whether it helped."""
    from jobs.worker import WorkerSettings
    from models.errors import CorruptDocument
    from models.tickets import documents, store

    known = documents.ticket_from_document

    def ticket_of(document: dict[str, Any]) -> Any:
        if "ask_requester" in str(document.get("pending")):
            raise CorruptDocument("a step of a newer release") from ValueError("ask_requester")
        return known(document)

    store.ticket_from_document = ticket_of  # type: ignore[attr-defined]
    functions = WorkerSettings.functions
    functions[:] = [one for one in functions if getattr(one, "name", "") != "ask_requester"]


def _unlimited_slack() -> None:
    """One without limits, and a mail server that takes all it is given."""
    from models.infra import outbound_calls

    unlimited = outbound_calls.RateLimit(interval=timedelta(milliseconds=1), burst=1000)
    outbound_calls.RATE_LIMITS = dict.fromkeys(outbound_calls.RATE_LIMITS, unlimited)
    outbound_calls.CHANNEL_RATE_LIMIT = unlimited


SABOTAGES: dict[str, Callable[[], None]] = {
    "no unique index": _no_unique_index,
    "no lease filter": _no_lease_filter,
    "slack_sdk's own retries": _slack_sdk_retries,
    "a constant ring id": _constant_job_id,
    "no sweep": _no_sweep,
    "no look-up before a message is sent again": _no_look_up,
    "no guard on the revision": _no_revision_guard,
    "an older release": _older_release,
    "a generous Slack": _unlimited_slack,
}

if __name__ == "sitecustomize":
    if minutes := os.environ.get(CLOCK_OFFSET_VARIABLE):
        _shift_clock(float(minutes))
    if recording := os.environ.get(RECORDING_VARIABLE):
        _record_mongo_commands(Path(recording))
    if name := os.environ.get(SABOTAGE_VARIABLE):
        SABOTAGES[name]()
