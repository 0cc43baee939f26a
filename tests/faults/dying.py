"""Ways for a process to die in the middle of a ticket's way, and its coming back."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Protocol

from sandbox.slack.faults import Fault
from sandbox.wire import Moment, Place
from sandbox.world import World
from tests.faults.walking import Stage
from tests.stories.acts import leases_end

END_SECONDS = 10
# What the worker asks of Slack; the bot asks some of it too, and is not harmed.
_METHODS = (
    "users.info",
    "conversations.open",
    "conversations.history",
    "chat.postMessage",
    "chat.update",
)


class Death(Protocol):
    """The end of one process, at one place; it may never come to that place.

    Attributes:
        sudden: whether what it has leased stays so.
    """

    sudden: bool

    async def comes(self) -> None:
        """Return when the process is dead."""

    async def is_over(self) -> bool:
        """Let the process live from now on; whether it has died."""


class AtMessage:
    """At the k-th message between bot or worker and MongoDB."""

    sudden = True

    def __init__(self, stage: Stage, process: str, *, at: Place, moment: Moment) -> None:
        self._wire = stage.wires[process]
        self._wire.kills(stage.process(process), at=at, moment=moment)

    async def comes(self) -> None:
        """Return when the process is dead."""
        await self._wire.until(lambda: self._wire.struck, timeout=60)

    async def is_over(self) -> bool:
        """Let the process live from now on; whether it has died."""
        await self._wire.lets_be()
        return self._wire.struck is not None


class ToldToEnd:
    """The worker's, in good order (SIGTERM): it is told so at the k-th message."""

    sudden = False

    def __init__(self, stage: Stage, *, at: Place) -> None:
        self._worker, self._wire = stage.world.worker, stage.wires["worker"]
        self._ending: asyncio.Task[None] | None = None
        self._wire.calls(self._end, at=at, moment=Moment.BEFORE)

    async def _end(self) -> None:
        # Not waited for: the message that is held back here may be what it has to finish.
        self._ending = asyncio.create_task(self._worker.stop(timeout=END_SECONDS))

    async def comes(self) -> None:
        """Return when the process has ended."""
        await self._wire.until(lambda: self._wire.struck, timeout=60)
        if self._ending:
            await self._ending

    async def is_over(self) -> bool:
        """Let the process live from now on; whether it was told to end."""
        await self._wire.lets_be()
        return self._wire.struck is not None


class AtCall:
    """The worker's, at the k-th call of Slack: before Slack does it, or before it learns of it.

    It is frozen first, for it must not act on the answer, and then killed.
    """

    sudden = True

    def __init__(self, stage: Stage, *, at: Place, moment: Moment) -> None:
        self._worker, self._faults = stage.world.worker, stage.world.slack.faults
        self._frozen = asyncio.Event()
        calls = count(1)

        def is_lost(_request: object) -> bool:
            if next(calls) != at:
                return False
            self._worker.freeze()
            self._frozen.set()
            return moment is Moment.BEFORE

        lost = Fault(status=503)
        self._rules = [self._faults.add(method, lost, when=is_lost) for method in _METHODS]

    async def comes(self) -> None:
        """Return when the process is dead."""
        await self._frozen.wait()
        await self._worker.kill()

    async def is_over(self) -> bool:
        """Let the process live from now on; whether it has died."""
        for rule in self._rules:
            self._faults.remove(rule)
        return self._frozen.is_set()


class AtLetter:
    """The worker's, when the mail server has a letter and is about to say so."""

    sudden = True

    def __init__(self, stage: Stage) -> None:
        self._worker, self._mail = stage.world.worker, stage.world.mail
        self._frozen = asyncio.Event()
        self._mail.changes.pass_on_to(self._freeze)

    def _freeze(self) -> None:
        if self._mail.inbox and not self._frozen.is_set():
            self._worker.freeze()
            self._frozen.set()

    async def comes(self) -> None:
        """Return when the process is dead."""
        await self._frozen.wait()
        await self._worker.kill()

    async def is_over(self) -> bool:
        """Let the process live from now on; whether it has died."""
        self._mail.changes.no_longer_to(self._freeze)
        return self._frozen.is_set()


async def goes_through(death: Death, stage: Stage, walk: Callable[[], Awaitable[object]]) -> bool:
    """Go this way while the worker dies on it, and another takes its place; whether it died."""
    async with asyncio.TaskGroup() as tasks:
        taking_over = tasks.create_task(_takes_over(death, stage))
        await walk()
        died = await death.is_over()
        if not died:
            taking_over.cancel()
    await stage.settles()
    return died


async def _takes_over(death: Death, stage: Stage) -> None:
    await death.comes()
    if death.sudden:
        await leases_end(stage.world)
    stage.letters_unsure = await _letter_was_sent_and_not_noted(stage.world)
    await stage.world.worker.start()


async def _letter_was_sent_and_not_noted(world: World) -> bool:
    tickets = await world.documents("tickets")
    steps = {step["step"] for ticket in tickets for step in ticket["pending"]}
    return bool(world.mail.inbox) and "email_assignee" in steps
