"""Ways to end a process in the middle of a ticket's life, and its restart."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Protocol

from sandbox.services.mongodb_proxy import FaultPoint, RequestSelector
from sandbox.slack.state.faults import Fault
from sandbox.world.world import World
from tests.faults.ticket_lifecycle import ProxiedWorld
from tests.stories.user_actions import expire_leases

SHUTDOWN_SECONDS = 10
# The worker's Slack methods. The bot uses some of them, too, and survives a failure.
_WORKER_METHODS = (
    "users.info",
    "conversations.open",
    "conversations.history",
    "chat.postMessage",
    "chat.update",
)


class ProcessEnd(Protocol):
    """The end of one process at one point. The process may never reach that point.

    Attributes:
        leaves_leases: whether the leases of the process stay.
    """

    leaves_leases: bool

    async def wait_for_end(self) -> None:
        """Wait until the process has ended."""

    async def disarm(self) -> bool:
        """Stop interfering, and return whether the process has ended."""


class KillAtMongoMessage:
    """Kills the bot or the worker at the k-th message to or from MongoDB."""

    leaves_leases = True

    def __init__(
        self, proxied_world: ProxiedWorld, process: str, *, at: RequestSelector, moment: FaultPoint
    ) -> None:
        self._proxy = proxied_world.proxies[process]
        self._proxy.kill_at(proxied_world.process(process), selector=at, point=moment)

    async def wait_for_end(self) -> None:
        """Wait until the process has ended."""
        await self._proxy.wait_until(lambda: self._proxy.faulted_command, timeout_seconds=60)

    async def disarm(self) -> bool:
        """Stop interfering, and return whether the process was killed."""
        await self._proxy.clear_fault()
        return self._proxy.faulted_command is not None


class SigtermAtMongoMessage:
    """Sends SIGTERM to the worker at the k-th message to MongoDB."""

    leaves_leases = False

    def __init__(self, proxied_world: ProxiedWorld, *, at: RequestSelector) -> None:
        self._worker, self._proxy = proxied_world.world.worker, proxied_world.proxies["worker"]
        self._stop_task: asyncio.Task[None] | None = None
        self._proxy.call_at(self._stop_worker, selector=at, point=FaultPoint.REQUEST)

    async def _stop_worker(self) -> None:
        # No await: the worker may need the held-back message to finish.
        self._stop_task = asyncio.create_task(self._worker.stop(timeout_seconds=SHUTDOWN_SECONDS))

    async def wait_for_end(self) -> None:
        """Return when the process has ended."""
        await self._proxy.wait_until(lambda: self._proxy.faulted_command, timeout_seconds=60)
        if self._stop_task:
            await self._stop_task

    async def disarm(self) -> bool:
        """Stop interfering, and return whether the process got SIGTERM."""
        await self._proxy.clear_fault()
        return self._proxy.faulted_command is not None


class KillAtSlackCall:
    """Kills the worker at the k-th Slack call: before the request, or before the answer.

    The worker is suspended first, because it must not act on the answer.
    """

    leaves_leases = True

    def __init__(
        self, proxied_world: ProxiedWorld, *, at: RequestSelector, moment: FaultPoint
    ) -> None:
        self._worker, self._faults = proxied_world.world.worker, proxied_world.world.slack.faults
        self._suspended = asyncio.Event()
        calls = count(1)

        def is_lost(_request: object) -> bool:
            if next(calls) != at:
                return False
            self._worker.suspend()
            self._suspended.set()
            return moment is FaultPoint.REQUEST

        failure = Fault(status=503)
        self._rules = [
            self._faults.add(method, failure, request_filter=is_lost) for method in _WORKER_METHODS
        ]

    async def wait_for_end(self) -> None:
        """Wait until the process has ended."""
        await self._suspended.wait()
        await self._worker.kill()

    async def disarm(self) -> bool:
        """Stop interfering, and return whether the process was killed."""
        for rule in self._rules:
            self._faults.remove(rule)
        return self._suspended.is_set()


class KillAtEmail:
    """Kills the worker when the mail server has the e-mail, before its answer."""

    leaves_leases = True

    def __init__(self, proxied_world: ProxiedWorld) -> None:
        self._worker, self._mail = proxied_world.world.worker, proxied_world.world.mail
        self._suspended = asyncio.Event()
        self._mail.notifier.add_listener(self._freeze)

    def _freeze(self) -> None:
        if self._mail.inbox and not self._suspended.is_set():
            self._worker.suspend()
            self._suspended.set()

    async def wait_for_end(self) -> None:
        """Wait until the process has ended."""
        await self._suspended.wait()
        await self._worker.kill()

    async def disarm(self) -> bool:
        """Stop interfering, and return whether the process was killed."""
        self._mail.notifier.remove_listener(self._freeze)
        return self._suspended.is_set()


async def run_with_process_end(
    process_end: ProcessEnd, proxied_world: ProxiedWorld, scenario: Callable[[], Awaitable[object]]
) -> bool:
    """Run a scenario while the process ends and a new worker starts. Returns whether it ended."""
    async with asyncio.TaskGroup() as tasks:
        replacement = tasks.create_task(_replace_worker(process_end, proxied_world))
        await scenario()
        died = await process_end.disarm()
        if not died:
            replacement.cancel()
    await proxied_world.wait_until_no_pending_steps()
    return died


async def _replace_worker(process_end: ProcessEnd, proxied_world: ProxiedWorld) -> None:
    await process_end.wait_for_end()
    if process_end.leaves_leases:
        await expire_leases(proxied_world.world)
    proxied_world.may_email_repeat = await _is_email_sent_but_step_pending(proxied_world.world)
    await proxied_world.world.worker.start()


async def _is_email_sent_but_step_pending(world: World) -> bool:
    tickets = await world.find_documents("tickets")
    steps = {step["step"] for ticket in tickets for step in ticket["pending"]}
    return bool(world.mail.inbox) and "email_assignee" in steps
