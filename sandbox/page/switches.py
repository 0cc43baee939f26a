"""Make things go wrong, as they do in real life, and let them go right again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.mail import MailFault
from sandbox.slack.changes import Changes
from sandbox.slack.faults import EVERY_METHOD, Fault, Rule
from sandbox.slack.shapes import Json
from sandbox.world import World

RESTART_SECONDS = 5
_RETRY_AFTER_SECONDS = 5
_SLOW_DROPS = 8


@dataclass(frozen=True, slots=True)
class Toggle:
    """Something that is wrong until it is turned off again."""

    label: str
    hint: str
    wrong: Callable[[], None]
    right: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Blow:
    """Something that happens once."""

    label: str
    hint: str
    strike: Callable[[], Awaitable[None]]


class Switches:
    """What can be made to go wrong in a world, by name."""

    def __init__(self, world: World) -> None:
        self.changes = Changes()
        self._world = world
        self._on: set[str] = set()
        self._too_many: Rule | None = None
        self._restart: asyncio.Task[None] | None = None
        self._toggles = self._all_toggles()
        self._blows = self._all_blows()

    def _all_toggles(self) -> dict[str, Toggle]:
        gemini, mail = self._world.gemini, self._world.mail
        return {
            "slack_429": Toggle(
                "Slack answers “too many requests”",
                "Every call of the app to Slack gets 429, and is told when to come back.",
                self._ration_slack,
                self._serve_slack,
            ),
            "gemini_down": Toggle(
                "Gemini is down",
                "Every question to Gemini gets 503 Service Unavailable.",
                lambda: gemini.fails(503),
                gemini.recovers,
            ),
            "gemini_slow": Toggle(
                "Gemini is slow",
                f"Its answers come bit by bit, over {_SLOW_DROPS} seconds.",
                lambda: gemini.drips(every=1, drops=_SLOW_DROPS),
                gemini.recovers,
            ),
            "gemini_nonsense": Toggle(
                "Gemini talks nonsense",
                "It answers in words instead of the JSON that it was asked for.",
                lambda: gemini.says("Ah, an interesting question! Have you tried tea?"),
                gemini.recovers,
            ),
            "mail_refuses": Toggle(
                "The mail server refuses",
                f"It answers every letter with “{MailFault.BUSY}”.",
                lambda: mail.fails(MailFault.BUSY),
                mail.recovers,
            ),
        }

    def _all_blows(self) -> dict[str, Blow]:
        return {
            "kill_worker": Blow(
                "Kill the worker",
                f"SIGKILL, in the middle of whatever it does. "
                f"It is started again after {RESTART_SECONDS} seconds, as a supervisor would.",
                self._kill_worker,
            ),
            "empty_redis": Blow(
                "Empty Redis",
                "FLUSHDB: all jobs that wait are gone.",
                self._empty_redis,
            ),
        }

    def shown(self) -> list[Json]:
        """All of them, as `Switch` in `static/types.js` says."""
        toggles = [
            {"name": name, "kind": "toggle", "on": name in self._on}
            | {"label": one.label, "hint": one.hint}
            for name, one in self._toggles.items()
        ]
        blows = [
            {"name": name, "kind": "once", "on": False, "label": one.label, "hint": one.hint}
            for name, one in self._blows.items()
        ]
        return [*toggles, *blows]

    async def turn(self, name: str, *, on: bool) -> None:
        """Turn it on or off; what happens once just happens.

        Raises:
            LookupError: there is no such switch.
        """
        if name in self._blows:
            await self._blows[name].strike()
        elif name in self._toggles:
            self._turn(name, on=on)
        else:
            raise LookupError("There is no such switch.")
        self.changes.announce()

    async def close(self) -> None:
        """Have nothing happen any more."""
        if self._restart:
            self._restart.cancel()
            await asyncio.gather(self._restart, return_exceptions=True)

    def _turn(self, name: str, *, on: bool) -> None:
        toggle = self._toggles[name]
        if not on:
            self._on.discard(name)
            toggle.right()
            return
        # One thing goes wrong in one way at a time: the three of Gemini exclude each other.
        self._on = {one for one in self._on if self._toggles[one].right != toggle.right} | {name}
        toggle.wrong()

    def _ration_slack(self) -> None:
        fault = Fault(status=429, retry_after=_RETRY_AFTER_SECONDS)
        self._too_many = self._too_many or self._world.slack.faults.add(EVERY_METHOD, fault)

    def _serve_slack(self) -> None:
        if self._too_many:
            self._world.slack.faults.remove(self._too_many)
            self._too_many = None

    async def _empty_redis(self) -> None:
        await self._world.redis.flushdb()

    async def _kill_worker(self) -> None:
        await self._world.worker.kill()
        if self._restart is None or self._restart.done():
            self._restart = asyncio.create_task(self._start_worker())

    async def _start_worker(self) -> None:
        await asyncio.sleep(RESTART_SECONDS)
        await self._world.worker.start()
        self.changes.announce()
