"""Ways for a process to die in the middle of a ticket's way, and its coming back."""

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
# What the worker asks of Slack; the bot asks some of it too, and is not harmed.
_WORKER_METHODS = (
    "users.info",
    "conversations.open",
    "conversations.history",
    "chat.postMessage",
    "chat.update",
)


class ProcessEnd(Protocol):
    """The end of one process, at one place; it may never come to that place.

    Attributes:
        sudden: whether what it has leased stays so.
    """

    leaves_leases: bool

    async def wait_for_end(self) -> None:
        """Return when the process is dead."""

    async def disarm(self) -> bool:
        """Let the process live from now on; whether it has died."""


class KillAtMongoMessage:
    """At the k-th message between bot or worker and MongoDB."""

    leaves_leases = True

    def __init__(
        self, proxied_world: ProxiedWorld, process: str, *, at: RequestSelector, moment: FaultPoint
    ) -> None:
        self._wire = proxied_world.proxies[process]
        self._wire.kill_at(proxied_world.process(process), selector=at, point=moment)

    async def wait_for_end(self) -> None:
        """Return when the process is dead."""
        await self._wire.wait_until(lambda: self._wire.faulted_command, timeout_seconds=60)

    async def disarm(self) -> bool:
        """Let the process live from now on; whether it has died."""
        await self._wire.clear_fault()
        return self._wire.faulted_command is not None


class SigtermAtMongoMessage:
    """The worker's, in good order (SIGTERM): it is told so at the k-th message."""

    leaves_leases = False

    def __init__(self, proxied_world: ProxiedWorld, *, at: RequestSelector) -> None:
        self._worker, self._wire = proxied_world.world.worker, proxied_world.proxies["worker"]
        self._stop_task: asyncio.Task[None] | None = None
        self._wire.call_at(self._stop_worker, selector=at, point=FaultPoint.REQUEST)

    async def _stop_worker(self) -> None:
        # Not waited for: the message that is held back here may be what it has to finish.
        self._stop_task = asyncio.create_task(self._worker.stop(timeout_seconds=SHUTDOWN_SECONDS))

    async def wait_for_end(self) -> None:
        """Return when the process has ended."""
        await self._wire.wait_until(lambda: self._wire.faulted_command, timeout_seconds=60)
        if self._stop_task:
            await self._stop_task

    async def disarm(self) -> bool:
        """Let the process live from now on; whether it was told to end."""
        await self._wire.clear_fault()
        return self._wire.faulted_command is not None


class KillAtSlackCall:
    """The worker's, at the k-th call of Slack: before Slack does it, or before it learns of it.

    It is frozen first, for it must not act on the answer, and then killed.
    """

    leaves_leases = True

    def __init__(
        self, proxied_world: ProxiedWorld, *, at: RequestSelector, moment: FaultPoint
    ) -> None:
        self._worker, self._faults = proxied_world.world.worker, proxied_world.world.slack.faults
        self._frozen = asyncio.Event()
        calls = count(1)

        def is_lost(_request: object) -> bool:
            if next(calls) != at:
                return False
            self._worker.suspend()
            self._frozen.set()
            return moment is FaultPoint.REQUEST

        lost = Fault(status=503)
        self._rules = [
            self._faults.add(method, lost, request_filter=is_lost) for method in _WORKER_METHODS
        ]

    async def wait_for_end(self) -> None:
        """Return when the process is dead."""
        await self._frozen.wait()
        await self._worker.kill()

    async def disarm(self) -> bool:
        """Let the process live from now on; whether it has died."""
        for rule in self._rules:
            self._faults.remove(rule)
        return self._frozen.is_set()


class KillAtEmail:
    """The worker's, when the mail server has a letter and is about to say so."""

    leaves_leases = True

    def __init__(self, proxied_world: ProxiedWorld) -> None:
        self._worker, self._mail = proxied_world.world.worker, proxied_world.world.mail
        self._frozen = asyncio.Event()
        self._mail.notifier.add_listener(self._freeze)

    def _freeze(self) -> None:
        if self._mail.inbox and not self._frozen.is_set():
            self._worker.suspend()
            self._frozen.set()

    async def wait_for_end(self) -> None:
        """Return when the process is dead."""
        await self._frozen.wait()
        await self._worker.kill()

    async def disarm(self) -> bool:
        """Let the process live from now on; whether it has died."""
        self._mail.notifier.remove_listener(self._freeze)
        return self._frozen.is_set()


async def run_with_process_end(
    process_end: ProcessEnd, proxied_world: ProxiedWorld, scenario: Callable[[], Awaitable[object]]
) -> bool:
    """Go this way while the worker dies on it, and another takes its place; whether it died."""
    async with asyncio.TaskGroup() as tasks:
        taking_over = tasks.create_task(_replace_worker(process_end, proxied_world))
        await scenario()
        died = await process_end.disarm()
        if not died:
            taking_over.cancel()
    await proxied_world.wait_until_no_pending_steps()
    return died


async def _replace_worker(death: ProcessEnd, proxied_world: ProxiedWorld) -> None:
    await death.wait_for_end()
    if death.leaves_leases:
        await expire_leases(proxied_world.world)
    proxied_world.may_email_repeat = await _is_email_sent_but_step_pending(proxied_world.world)
    await proxied_world.world.worker.start()


async def _is_email_sent_but_step_pending(world: World) -> bool:
    tickets = await world.find_documents("tickets")
    steps = {step["step"] for ticket in tickets for step in ticket["pending"]}
    return bool(world.mail.inbox) and "email_assignee" in steps
